"""The rows of a run that grades anew: another run's items, with the samples they were given."""

from collections.abc import AsyncIterator, Sequence
from functools import partial

from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.run_status import has_ended
from evald.engine.context import EngineContext
from evald.engine.no_rows import NoRows, RunIsOver
from evald.ports.blobs import BlobWriter
from evald.ports.kept import StoredOutputItem, StoredRun
from evald.ports.store import Transaction
from evald.wire.data_sources import (
    CompletionsDataSource,
    ResponsesDataSource,
    read_data_source,
)

PAGE_ITEMS = 256
PAGE_BYTES = 4 * 1_048_576
"""How much is read, and held in memory, at a time; an item that is larger comes alone."""


async def write_items(
    context: EngineContext, run: StoredRun, source_id: str, *, writer: BlobWriter
) -> None:
    """Every item of the other run is written as a row: its item, and its sample as it is kept.

    Items without a sample are among them: they err again, for what kept them from having one.

    Raises:
        NoRows: the other run is gone, goes on, or has no item; or an item is too large for a row.
        RunIsOver: the run itself is over meanwhile.
    """
    written = 0
    async for source, items in _pages(context, run, source_id):
        lines = partial(_lines, items, _offered_tools(source), context.max_row_bytes)
        await writer.write(b"".join(await context.cpu.run(lines)))
        written += len(items)
    if written == 0:
        message = f"Run '{source_id}' has no output items. There is nothing to grade."
        raise NoRows("no_output_items", message)


async def _pages(
    context: EngineContext, run: StoredRun, source_id: str
) -> AsyncIterator[tuple[StoredRun, Sequence[StoredOutputItem]]]:
    """The items of the other run, some at a time, and the run; each time is a snapshot of its own.

    A snapshot that lasted would keep SQLite's log from being cut.
    """
    row, chance = -1, None
    while True:
        async with context.store.snapshot() as tx:
            source = await _source(tx, run, source_id)
            items = await tx.chances.items_beyond(
                source_id, row, most=PAGE_ITEMS, most_bytes=PAGE_BYTES
            )
        if chance not in (None, source.chance):
            raise _taken_up(source_id)
        if not items:
            return
        yield source, items
        row, chance = items[-1].row, source.chance


async def _source(tx: Transaction, run: StoredRun, source_id: str) -> StoredRun:
    own, source = await tx.work.find(run.id), await tx.work.find(source_id)
    if own is None or has_ended(own.status):
        raise RunIsOver
    if source is None or source.project_id != run.project_id:
        message = f"Run '{source_id}', whose items were to be graded, is gone."
        raise NoRows("invalid_data_source", message)
    if not source.has_ended:
        raise _taken_up(source_id)
    return source


def _taken_up(source_id: str) -> NoRows:
    message = f"Run '{source_id}' was taken up again before its items were read."
    return NoRows("invalid_data_source", message)


def _offered_tools(source: StoredRun) -> JsonValue:
    """The tools that the other run offered its model, which its items do not show."""
    if source.imported is not None:
        return None
    data_source = read_data_source(source.data_source)
    if not isinstance(data_source, CompletionsDataSource | ResponsesDataSource):
        return None
    params = data_source.sampling_params
    return None if params is None or not params.tools else params.tools


def _lines(items: Sequence[StoredOutputItem], tools: JsonValue, max_row_bytes: int) -> list[bytes]:
    offered = "" if tools is None else f',"input_tools":{exact_json.dump(tools)}'
    lines = []
    for item in items:
        sample = f'{{"echo":{item.sample_json}{offered}}}'
        line = f'{{"item":{item.item_json},"sample":{sample}}}\n'.encode()
        if len(line) > max_row_bytes:
            message = (
                f"The row of output item '{item.id}' has {len(line)} bytes, and a row at most "
                f"{max_row_bytes} (EVALD_MAX_ROW_BYTES)."
            )
            raise NoRows("invalid_data_source", message)
        lines.append(line)
    return lines
