"""All output items of a run, one after another: for who wants to take them elsewhere."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from evald.ports.kept import StoredOutputItem, StoredRun
from evald.ports.verdicts import Place, VerdictFilter
from evald.services.context import Context
from evald.services.run_reports import find_run
from evald.wire.output_items import OutputItemStatus

PAGE_ITEMS = 200
PAGE_BYTES = 4 * 1_048_576
"""How much is held in memory at a time; an item that is larger comes alone."""


@dataclass(frozen=True, slots=True)
class ItemExport:
    """A run, and what of it is exported."""

    run: StoredRun
    status: OutputItemStatus | None


async def begin_export(
    context: Context, project_id: str, run_id: str, *, status: OutputItemStatus | None = None
) -> ItemExport:
    """The export of the run's items of this status, or of all.

    Raises:
        RunNotFound: the project has no such run.
    """
    async with context.store.snapshot() as tx:
        run, _ = await find_run(tx, project_id, run_id)
    return ItemExport(run, status)


async def export_items(
    context: Context, export: ItemExport
) -> AsyncIterator[list[StoredOutputItem]]:
    """The items by row, some at a time; each time those that are there at that moment.

    Items that a run in progress adds behind the last one come too; a run that is deleted ends it.
    """
    asked, place = VerdictFilter(status=export.status), None
    while True:
        async with context.store.snapshot() as tx:
            page = await tx.verdicts.page(
                export.run.id, asked, after=place, limit=PAGE_ITEMS, most_bytes=PAGE_BYTES
            )
        if page.rows:
            yield page.rows
            place = Place(page.rows[-1].row)
        if not page.has_more:
            return
