"""A shard that cannot be worked on, or is another attempt's by now. Ours."""

from evald.engine.context import EngineContext
from evald.engine.workbench import Workbench
from evald.ports.kept import Shard, StoredRun
from tests.contract.kept import NOW, find_run, keep_run

SHARD = Shard(0, first_row=0, row_count=1, offset=0, size=14)


async def planned_run(context: EngineContext, *, content: bytes | None) -> StoredRun:
    """A run of one row, in progress; without content its rows are gone."""
    run = await keep_run(context.store)
    async with context.store.transaction() as tx:
        await tx.work.start(run.id, now=NOW, worker_id="local")
        await tx.work.save_plan(run.id, [SHARD])
    if content is not None:
        async with context.blobs.writing(run.rows.blob_id) as writer:
            await writer.write(content)
    return run


async def test_a_run_whose_rows_are_gone_fails_and_is_not_begun_for_ever(
    context: EngineContext,
) -> None:
    run = await planned_run(context, content=None)

    await Workbench(context).work(run.id, 0)

    found = await find_run(context.store, run.id)
    assert found is not None
    assert found.status == "failed"
    assert found.error is not None
    assert found.error.code == "invalid_data_source"


async def test_a_run_that_was_taken_up_again_is_stopped_where_it_is_in_hand(
    context: EngineContext,
) -> None:
    run = await planned_run(context, content=b'{"item": {}}\n\n')
    workbench = Workbench(context)
    assert await workbench.next_shard(run.id) == 0
    async with context.store.transaction() as tx:
        await tx.runs.end(run.id, "canceled", None, now=NOW)
        await tx.chances.reopen(run.id, now=NOW)

    await workbench.look(run.id)

    assert await workbench.next_shard(run.id) is None  # its driver lets go of it
    workbench.let_go(run.id)
    assert await workbench.next_shard(run.id) == 0  # and another drives it, as it is now
