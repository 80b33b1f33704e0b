"""Indexing of logs: blocks are made behind whoever keeps logs. Ours."""

from dataclasses import replace

from evald.engine.context import EngineContext
from evald.engine.housekeeping import Housekeeping
from evald.engine.log_indexing import AMENDED_LOGS, LogIndexing
from evald.ports.kept import StoredLog
from tests.support.instant_clock import InstantClock
from tests.support.kept_logs import PROJECT, completion


async def keep(context: EngineContext, count: int) -> list[StoredLog]:
    logs = [completion("?", "!", created=number) for number in range(count)]
    async with context.store.transaction() as tx:
        assert all(await tx.logs.insert(logs))
    return logs


async def next_block_begins(context: EngineContext) -> int | None:
    """The first number that no block has; None where no log has it yet."""
    async with context.store.snapshot() as tx:
        block = await tx.log_blocks.next_block(last_seq=2**40, length=1)
    return None if block is None else block.first_seq


async def test_every_full_block_is_made(context: EngineContext) -> None:
    await keep(context, 11)

    await LogIndexing(context, block_logs=4).index()

    assert await next_block_begins(context) == 9


async def test_logs_that_come_later_are_in_later_blocks(context: EngineContext) -> None:
    indexing = LogIndexing(context, block_logs=4)
    await keep(context, 5)
    await indexing.index()
    await keep(context, 7)

    await indexing.index()

    assert await next_block_begins(context) is None


async def test_every_change_of_metadata_is_taken_up(context: EngineContext) -> None:
    (log,) = await keep(context, 1)
    indexing = LogIndexing(context, block_logs=1)
    await indexing.index()
    async with context.store.transaction() as tx:
        for number in range(AMENDED_LOGS + 1):
            metadata = {"number": str(number)}
            await tx.logs.update_metadata(PROJECT, "chat_completion", log.id, metadata=metadata)

    await indexing.index()

    async with context.store.snapshot() as tx:
        assert not (await tx.log_blocks.frontier()).is_amended


async def test_blocks_of_logs_that_expired_go(context: EngineContext) -> None:
    logs = await keep(context, 8)
    await LogIndexing(context, block_logs=4).index()
    async with context.store.transaction() as tx:
        for log in logs:
            await tx.logs.delete(PROJECT, "chat_completion", log.id)

    await Housekeeping(replace(context, clock=InstantClock())).clear()

    async with context.store.transaction() as tx:
        assert await tx.log_blocks.delete_empty() == 0
