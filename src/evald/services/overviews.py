"""Overviews: evals with how their runs came out, an eval with its runs, files with their uses."""

from collections.abc import Sequence
from dataclasses import dataclass

from evald.domain.errors import EvalNotFound, UnknownCursor
from evald.ports.kept import Page, StoredRun
from evald.ports.overviews import FileUse, RunsOfEval
from evald.ports.store import CursorUnknown
from evald.services.context import Context
from evald.services.files import get_file
from evald.wire.evals import Eval
from evald.wire.files import File
from evald.wire.pages import ListEvalsQuery, ListFilesQuery, ListRunsQuery

TREND_RUNS = 20
"""How many of an eval's newest runs its trend in a list of evals shows."""

USES = 20
"""How many of the runs over a file are named."""

NO_RUNS = RunsOfEval(0, ())


@dataclass(frozen=True, slots=True)
class EvalsAsked:
    """Which evals: those with `part` in their name or as their id, beyond `after`, newest first."""

    part: str = ""
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class EvalOverview:
    """An eval and how its newest runs came out."""

    eval: Eval
    runs: RunsOfEval


@dataclass(frozen=True, slots=True)
class EvalReport:
    """An eval with a page of its runs, all read at the same moment; `count` is of all its runs."""

    eval: Eval
    runs: Page[StoredRun]
    count: int


@dataclass(frozen=True, slots=True)
class FileOverview:
    """A file, and how many runs name it as their data source."""

    file: File
    uses: int


@dataclass(frozen=True, slots=True)
class FileReport:
    """A file and the newest runs over it; `uses` counts them all."""

    file: File
    uses: int
    newest: Sequence[FileUse]


async def list_eval_overviews(
    context: Context, project_id: str, asked: EvalsAsked
) -> Page[EvalOverview]:
    """A page of the project's evals, newest first.

    Raises:
        UnknownCursor: `after` is no eval.
    """
    query = ListEvalsQuery(after=asked.after, limit=asked.limit, order="desc")
    async with context.store.snapshot() as tx:
        try:
            if asked.part:
                page = await tx.overviews.evals_named(project_id, asked.part, query)
            else:
                page = await tx.evals.page(project_id, query)
        except CursorUnknown:
            raise UnknownCursor(str(asked.after)) from None
        ids = [each.id for each in page.rows]
        runs = await tx.overviews.runs_of(project_id, ids, most=TREND_RUNS)
    overviews = [EvalOverview(each, runs.get(each.id, NO_RUNS)) for each in page.rows]
    return Page(overviews, page.has_more)


async def report_eval(
    context: Context, project_id: str, eval_id: str, query: ListRunsQuery
) -> EvalReport:
    """The eval and the runs asked for.

    Raises:
        EvalNotFound: there is no such eval.
        UnknownCursor: `query.after` is no run of it.
    """
    async with context.store.snapshot() as tx:
        an_eval = await tx.evals.get(project_id, eval_id)
        if an_eval is None:
            raise EvalNotFound(eval_id)
        try:
            runs = await tx.runs.page(project_id, eval_id, query)
        except CursorUnknown:
            raise UnknownCursor(str(query.after)) from None
        counts = await tx.overviews.runs_of(project_id, [eval_id], most=0)
    return EvalReport(an_eval, runs, counts.get(eval_id, NO_RUNS).count)


async def list_file_overviews(
    context: Context, project_id: str, query: ListFilesQuery
) -> Page[FileOverview]:
    """A page of the project's files.

    Raises:
        UnknownCursor: `query.after` is no file.
    """
    async with context.store.snapshot() as tx:
        try:
            page = await tx.files.page(project_id, query, now=context.clock.now())
        except CursorUnknown:
            raise UnknownCursor(str(query.after)) from None
        files = [stored.file for stored in page.rows]
        uses = await tx.overviews.uses_of(project_id, [each.id for each in files])
    return Page([FileOverview(each, uses.get(each.id, 0)) for each in files], page.has_more)


async def report_file(context: Context, project_id: str, file_id: str) -> FileReport:
    """The file and what it is used for.

    Raises:
        FileNotFound: there is none of this id.
    """
    file = await get_file(context, project_id, file_id)
    async with context.store.snapshot() as tx:
        uses = await tx.overviews.uses_of(project_id, [file_id])
        newest = await tx.overviews.runs_over(project_id, file_id, most=USES)
    return FileReport(file, uses.get(file_id, 0), newest)
