"""Overviews: what lists of evals and files say of the runs behind them, without reading these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from evald.ports.kept import Page
from evald.wire.evals import Eval
from evald.wire.pages import ListQuery
from evald.wire.runs import RunStatus


@dataclass(frozen=True, slots=True)
class RunPoint:
    """How one run came out: a point of a trend. `planned_rows` is None until rows are counted."""

    id: str
    created_at: int
    status: RunStatus
    planned_rows: int | None
    passed: int
    failed: int
    errored: int


@dataclass(frozen=True, slots=True)
class RunsOfEval:
    """How many runs an eval has, and the newest of them, newest first."""

    count: int
    newest: Sequence[RunPoint]


@dataclass(frozen=True, slots=True)
class FileUse:
    """A run whose data source names a file."""

    eval_id: str
    run_id: str
    run_name: str
    created_at: int


class OverviewTable(Protocol):
    """What is summed up of evals and runs; nothing is written here."""

    async def evals_named(self, project_id: str, part: str, query: ListQuery) -> Page[Eval]:
        """A page of the evals with `part` in their name, in whatever case, or as their id.

        Raises:
            CursorUnknown: `after` is no eval of the project.
        """
        ...

    async def runs_of(
        self, project_id: str, eval_ids: Sequence[str], *, most: int
    ) -> Mapping[str, RunsOfEval]:
        """Of each of these evals that has runs, how many, and up to `most` of the newest."""
        ...

    async def uses_of(self, project_id: str, file_ids: Sequence[str]) -> Mapping[str, int]:
        """How many runs name each of these files as their data source; without those of none."""
        ...

    async def runs_over(self, project_id: str, file_id: str, *, most: int) -> list[FileUse]:
        """Up to `most` of the newest runs whose data source names the file, newest first."""
        ...
