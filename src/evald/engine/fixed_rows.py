"""The rows of a run over what is kept here: those that there are when it starts, kept with it."""

from dataclasses import replace

from pydantic import JsonValue

from evald.engine.context import EngineContext
from evald.engine.logged_rows import write_logs
from evald.engine.no_rows import NoRows, RunIsOver
from evald.engine.regraded_rows import write_items
from evald.ports.blobs import BlobWriter
from evald.ports.kept import StoredRun
from evald.wire.data_sources import EvaldRunSource, read_data_source
from evald.wire.ids import IdPrefix


async def fix_rows(context: EngineContext, run: StoredRun, config: JsonValue) -> StoredRun | None:
    """The run with the blob that its rows are in; None where it is over meanwhile.

    What fits is as of now, and is kept with the run: what becomes of the logs, or of the other
    run, later is no matter to it. May run twice: the rows that are kept first stay.

    Args:
        config: the echoed config of the run's eval.

    Raises:
        NoRows: there are none.
    """
    if run.rows.blob_id or not run.rows.logged:
        return run
    try:
        return await _fixed(context, run, config)
    except RunIsOver:
        return None
    except NoRows:
        async with context.store.snapshot() as tx:
            found = await tx.work.find(run.id)
        if found is not None and found.rows.blob_id:
            return found  # another worker found some, while they were there
        raise


async def _fixed(context: EngineContext, run: StoredRun, config: JsonValue) -> StoredRun | None:
    blob_id = context.clock.new_id(IdPrefix.BLOB)
    kept: str | None = None
    try:
        async with context.blobs.writing(blob_id) as writer:
            await _write(context, run, config, writer=writer)
        async with context.store.transaction() as tx:
            kept = await tx.work.save_rows(run.id, blob_id)
    finally:
        if kept != blob_id:
            await context.blobs.delete(blob_id)
    return None if kept is None else replace(run, rows=replace(run.rows, blob_id=kept))


async def _write(
    context: EngineContext, run: StoredRun, config: JsonValue, *, writer: BlobWriter
) -> None:
    source = read_data_source(run.data_source).source
    if isinstance(source, EvaldRunSource):
        await write_items(context, run, source.run_id, writer=writer)
    else:
        await write_logs(context, run, config, writer=writer)
