"""What is kept, and how it is asked for: one Protocol per group of tables."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from evald.ports.archive_imports import ArchiveImportTable
from evald.ports.chances import ChanceTable
from evald.ports.imports import ImportTable
from evald.ports.kept import (
    Page,
    Remembered,
    Shard,
    ShardState,
    StoredFile,
    StoredKey,
    StoredOutputItem,
    StoredRun,
)
from evald.ports.log_blocks import LogBlockTable
from evald.ports.logs import LogTable, UsageTable
from evald.ports.overviews import OverviewTable
from evald.ports.verdicts import VerdictTable
from evald.ports.webhooks import WebhookTable
from evald.ports.workers import WorkerTable
from evald.wire.errors import ApiError
from evald.wire.evals import Eval
from evald.wire.pages import (
    ListEvalsQuery,
    ListFilesQuery,
    ListOutputItemsQuery,
    ListRunsQuery,
)
from evald.wire.runs import RunStatus


class CursorUnknown(Exception):
    """`after` names nothing in the list that was asked for."""


class EvalTable(Protocol):
    """Evals, in the order in which they were made; ties of a second by insertion."""

    async def insert(self, project_id: str, an_eval: Eval) -> None:
        """The eval is kept."""
        ...

    async def page(self, project_id: str, query: ListEvalsQuery) -> Page[Eval]:
        """A page; ties of a second are broken by insertion.

        Raises:
            CursorUnknown: `after` is no eval of the project.
        """
        ...

    async def get(self, project_id: str, eval_id: str) -> Eval | None:
        """The eval, if it is there."""
        ...

    async def update(self, project_id: str, an_eval: Eval, *, updated_at: int) -> None:
        """Name and metadata of the eval of this id are now these."""
        ...

    async def delete(self, project_id: str, eval_id: str) -> list[str]:
        """The eval and its runs are gone; returns the ids of those runs.

        Output items and shards follow by `purge`.
        """
        ...


class RunTable(Protocol):
    """Runs as their owners see them, in the order in which they were made."""

    async def insert(self, run: StoredRun) -> None:
        """The run is kept."""
        ...

    async def page(self, project_id: str, eval_id: str, query: ListRunsQuery) -> Page[StoredRun]:
        """A page of the eval's runs.

        Raises:
            CursorUnknown: `after` is no run of the eval.
        """
        ...

    async def get(self, project_id: str, eval_id: str, run_id: str) -> StoredRun | None:
        """The run, if it is there."""
        ...

    async def end(
        self, run_id: str, status: RunStatus, error: ApiError | None, *, now: int
    ) -> bool:
        """The run is in this final status, unless it had ended before; says whether it moved."""
        ...

    async def delete(self, project_id: str, eval_id: str, run_id: str) -> bool:
        """The run is gone; says whether it was there. Items and shards follow by `purge`."""
        ...


class OutputItemTable(Protocol):
    """Output items, in the order of their rows."""

    async def page(self, run_id: str, query: ListOutputItemsQuery) -> Page[StoredOutputItem]:
        """A page of the run's items, by row.

        Raises:
            CursorUnknown: `after` is no item of the run.
        """
        ...

    async def get(self, run_id: str, output_item_id: str) -> StoredOutputItem | None:
        """The item, if it is there."""
        ...


class FileTable(Protocol):
    """Files, in the order in which they were made; expired ones are not there."""

    async def insert(self, project_id: str, stored: StoredFile) -> None:
        """The file is kept."""
        ...

    async def page(self, project_id: str, query: ListFilesQuery, *, now: int) -> Page[StoredFile]:
        """A page of the files that have not expired.

        Raises:
            CursorUnknown: `after` is no file of the project.
        """
        ...

    async def get(self, project_id: str, file_id: str, *, now: int) -> StoredFile | None:
        """The file, if it is there and has not expired."""
        ...

    async def delete(self, project_id: str, file_id: str) -> bool:
        """The file is gone; says whether it was there."""
        ...

    async def delete_expired(self, *, now: int) -> int:
        """Every file whose time has come is gone; returns how many."""
        ...


class WorkTable(Protocol):
    """Runs as the engine sees them, whichever project they belong to."""

    async def unended(self) -> list[str]:
        """The ids of the runs that are queued or in progress, oldest first."""
        ...

    async def find(self, run_id: str) -> StoredRun | None:
        """The run, if it is there."""
        ...

    async def start(self, run_id: str, *, now: int, worker_id: str) -> bool:
        """A queued run is in progress, and this worker's to plan.

        So is one in progress that has no plan and that no other plans. Says whether the run is in
        progress, and planned or this worker's to plan.
        """
        ...

    async def save_rows(self, run_id: str, blob_id: str) -> str | None:
        """The blob that the rows of a run of logs are in: this one, unless they were in one before.

        None where the run is gone.
        """
        ...

    async def save_plan(self, run_id: str, shards: list[Shard]) -> None:
        """The shards and the number of their rows are kept; a plan that is there stays."""
        ...

    async def shards(self, run_id: str) -> list[Shard]:
        """The run's shards by number; empty where there is no plan."""
        ...

    async def begin_shard(self, run_id: str, number: int, *, worker_id: str) -> ShardState | None:
        """One more attempt at the shard is counted.

        Every row before `started_before` without an item has died once more, and
        `started_before` is back at the shard's first row. None where another has it in hand.
        """
        ...

    async def mark_started(self, run_id: str, number: int, *, before: int) -> None:
        """Rows of the shard before this one may be in flight from now on."""
        ...

    async def record(
        self, run_id: str, items: list[StoredOutputItem], *, chance: int | None = None
    ) -> RunStatus | None:
        """Those items whose rows have none yet are kept, and the run's tally has grown by them.

        Keeping an item twice changes nothing. Returns the run's status; None, and nothing is kept,
        where the run is gone; None, and no errored item is kept, where it was taken up again since.
        """
        ...

    async def end_shard(self, run_id: str, number: int, *, attempt: int | None = None) -> None:
        """The shard is done, unless another attempt at it has begun since this one."""
        ...

    async def complete(self, run_id: str, *, now: int) -> bool:
        """The run is completed, if it has not ended and every shard is done; says whether."""
        ...

    async def fail(self, run_id: str, error: ApiError, *, now: int, chance: int) -> bool:
        """The run has failed, if it has not ended, or been taken up again; says whether."""
        ...

    async def release_shard(self, run_id: str, number: int) -> None:
        """The shard was handed back in good order: it is free, and no row counts as in flight."""
        ...

    async def purge(self, *, most: int) -> bool:
        """Up to `most` output items of deleted runs are gone; says whether more may follow."""
        ...

    async def blobs_in_use(self, *, now: int) -> set[str]:
        """Every blob that a file, a run with rows of its own, or what has not ended still needs."""
        ...


class KeyTable(Protocol):
    """API keys, by the hash of their secret."""

    async def insert(self, key: StoredKey, *, secret_hash: str) -> None:
        """The key is kept."""
        ...

    async def all(self, project_id: str) -> list[StoredKey]:
        """Every key of the project, revoked ones too, oldest first."""
        ...

    async def find(self, secret_hash: str) -> StoredKey | None:
        """The key of this secret, revoked or not."""
        ...

    async def revoke(self, project_id: str, key_id: str, *, now: int) -> bool:
        """The key is good no more; says whether there was one to revoke."""
        ...

    async def any_good(self) -> bool:
        """Whether some key is kept that is not revoked."""
        ...


class IdempotencyTable(Protocol):
    """What Idempotency-Keys made in the last 24 hours."""

    async def find(self, project_id: str, key: str, *, now: int) -> Remembered | None:
        """What the key made, if that is less than 24 hours ago."""
        ...

    async def insert(self, project_id: str, key: str, remembered: Remembered, *, now: int) -> None:
        """The key is remembered; keys of more than 24 hours ago are forgotten."""
        ...


class Transaction(Protocol):
    """All tables, as of one moment. What is written is written together, or not at all."""

    @property
    def evals(self) -> EvalTable:
        """Evals."""
        ...

    @property
    def runs(self) -> RunTable:
        """Runs."""
        ...

    @property
    def output_items(self) -> OutputItemTable:
        """Output items."""
        ...

    @property
    def verdicts(self) -> VerdictTable:
        """Verdicts of output items."""
        ...

    @property
    def files(self) -> FileTable:
        """Files."""
        ...

    @property
    def work(self) -> WorkTable:
        """What the engine needs of runs, shards and items."""
        ...

    @property
    def imports(self) -> ImportTable:
        """What comes from elsewhere."""
        ...

    @property
    def logs(self) -> LogTable:
        """Stored completions and responses."""
        ...

    @property
    def log_blocks(self) -> LogBlockTable:
        """Blocks of logs."""
        ...

    @property
    def usage(self) -> UsageTable:
        """What was spent through the gateway."""
        ...

    @property
    def webhooks(self) -> WebhookTable:
        """Endpoints and deliveries."""
        ...

    @property
    def workers(self) -> WorkerTable:
        """Who works on runs."""
        ...

    @property
    def chances(self) -> ChanceTable:
        """Second chances of ended runs."""
        ...

    @property
    def overviews(self) -> OverviewTable:
        """Sums over evals and runs."""
        ...

    @property
    def archive_imports(self) -> ArchiveImportTable:
        """Archives that the server was given."""
        ...

    @property
    def keys(self) -> KeyTable:
        """API keys."""
        ...

    @property
    def idempotency(self) -> IdempotencyTable:
        """Idempotency keys."""
        ...


class Store(Protocol):
    """Where everything is kept."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction that may write.

        It is committed when the block is left, and rolled back when an exception leaves it.
        Committed writes survive power loss.
        """
        ...

    def snapshot(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction that only reads, and never waits for one that writes."""
        ...
