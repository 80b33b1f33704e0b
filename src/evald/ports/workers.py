"""Who works on runs, and who has what in hand."""

from dataclasses import dataclass
from typing import Protocol

from evald.ports.kept import StoredRun


@dataclass(frozen=True, slots=True)
class WorkerCard:
    """A process that works on runs. Times are in Unix seconds, by the clock of the database."""

    id: str
    host: str
    process_id: int
    started_at: int = 0
    beat_at: int = 0


@dataclass(frozen=True, slots=True)
class WorkLoad:
    """What there is to do: runs by status, rows that are planned and have no item yet."""

    queued_runs: int
    runs_in_progress: int
    rows_to_do: int


class WorkerTable(Protocol):
    """Workers that beat, and what they have claimed.

    Ages are reckoned by the clock of the database: those of hosts differ.
    """

    async def beat(self, card: WorkerCard) -> bool:
        """The worker is alive as of now; says whether its row was still there."""
        ...

    async def live(self, *, silent_s: int) -> list[WorkerCard]:
        """Workers that beat within so many seconds, by id."""
        ...

    async def silent(self, *, silent_s: int) -> list[str]:
        """The ids of workers that did not; by id."""
        ...

    async def free(self, worker_id: str) -> int:
        """What the worker had claimed is free; returns how many shards and plans it was."""
        ...

    async def free_besides(self, worker_id: str, run_ids: frozenset[str]) -> int:
        """What the worker had claimed of other runs than these is free; returns how much."""
        ...

    async def remove(self, worker_id: str, *, silent_s: int) -> bool:
        """The worker's row is gone, unless it has beaten within so many seconds; says whether."""
        ...

    async def startable(self) -> list[str]:
        """The ids of unended runs that somebody can do something for, oldest first.

        Those that nobody plans, that have a free shard, or whose shards are all done.
        """
        ...

    async def overdue(self, *, began_by: int) -> list[StoredRun]:
        """Unended runs whose work began, or was last taken up again, by then; oldest first."""
        ...

    async def load(self) -> WorkLoad:
        """What there is to do, for everybody together. Rows of runs without a plan are unknown."""
        ...

    async def claim_shard(self, run_id: str, worker_id: str) -> int | None:
        """The lowest free shard of the run, which is the worker's now; None where none is free."""
        ...
