"""What holds of every store's transactions: together or not at all, and as of one moment. Ours."""

import asyncio
from pathlib import Path

import pytest

from evald.ports.store import Store
from evald.wire.evals import Eval
from tests.contract.conftest import OpenedStore
from tests.contract.kept import PROJECT, keep_eval, keep_run, new_eval, new_key


class Refused(Exception):
    """What a use case raises."""


async def is_kept(store: Store, eval_id: str) -> bool:
    async with store.snapshot() as tx:
        return await tx.evals.get(PROJECT, eval_id) is not None


async def test_an_exception_takes_everything_back(store: Store) -> None:
    first, second = new_eval(), new_eval()

    async def write() -> None:
        async with store.transaction() as tx:
            await tx.evals.insert(PROJECT, first)
            await tx.evals.insert(PROJECT, second)
            raise Refused

    with pytest.raises(Refused):
        await write()

    assert not await is_kept(store, first.id)
    assert not await is_kept(store, second.id)
    assert await is_kept(store, (await keep_eval(store)).id)


async def test_a_statement_that_fails_takes_everything_back(store: Store) -> None:
    kept, new = await keep_eval(store), new_eval()

    async def write() -> None:
        async with store.transaction() as tx:
            await tx.evals.insert(PROJECT, new)
            await tx.evals.insert(PROJECT, kept)

    with pytest.raises(Exception, match=r"(?i)unique"):
        await write()

    assert not await is_kept(store, new.id)
    assert await is_kept(store, (await keep_eval(store)).id)


async def test_a_transaction_sees_what_it_wrote_and_others_do_not(store: Store) -> None:
    new = new_eval()

    async with store.transaction() as tx:
        await tx.evals.insert(PROJECT, new)
        assert await tx.evals.get(PROJECT, new.id) == new
        assert not await is_kept(store, new.id)

    assert await is_kept(store, new.id)


async def test_a_snapshot_shows_one_moment(store: Store) -> None:
    before = await keep_eval(store)

    async with store.snapshot() as tx:
        assert await tx.evals.get(PROJECT, before.id) == before
        after = await keep_eval(store)
        assert await tx.evals.get(PROJECT, after.id) is None

    assert await is_kept(store, after.id)


async def test_a_snapshot_only_reads(store: Store) -> None:
    new = new_eval()

    with pytest.raises(Exception, match=r"(?i)read-?only"):
        async with store.snapshot() as tx:
            await tx.evals.insert(PROJECT, new)

    assert not await is_kept(store, new.id)


async def test_many_snapshots_are_open_at_once(store: Store) -> None:
    """More of them than there are connections wait for one another, and not for themselves."""
    kept = await keep_eval(store)

    async def read() -> None:
        async with store.snapshot() as tx:
            for _ in range(3):
                assert await tx.evals.get(PROJECT, kept.id) == kept

    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        for _ in range(50):
            tasks.create_task(read())


async def test_transactions_come_one_after_another(store: Store) -> None:
    """Each reads and then writes; none overlooks what another wrote in between."""
    kept = await keep_eval(store, name="")

    async def append() -> None:
        async with store.transaction() as tx:
            found = await tx.evals.get(PROJECT, kept.id)
            assert found is not None
            longer = found.model_copy(update={"name": found.name + "x"})
            await tx.evals.update(PROJECT, longer, updated_at=1)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(20):
            tasks.create_task(append())

    async with store.snapshot() as tx:
        found = await tx.evals.get(PROJECT, kept.id)
    assert found is not None
    assert found.name == "x" * 20


async def cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_canceled_transaction_is_taken_back(store: Store) -> None:
    new, written = new_eval(), asyncio.Event()

    async def write() -> None:
        async with store.transaction() as tx:
            await tx.evals.insert(PROJECT, new)
            written.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write())
    await written.wait()
    await cancel(task)

    assert not await is_kept(store, new.id)
    assert await is_kept(store, (await keep_eval(store)).id)


@pytest.mark.parametrize("at", range(4))
async def test_canceled_at_any_statement_all_of_it_is_kept_or_nothing(
    store: Store, at: int
) -> None:
    """It is canceled while the insert of this number is at work; the last one is the commit."""
    evals = [new_eval() for _ in range(3)]
    is_next = [asyncio.Event() for _ in range(4)]

    async def write() -> None:
        async with store.transaction() as tx:
            for each, event in zip(evals, is_next, strict=False):
                event.set()
                await tx.evals.insert(PROJECT, each)
            is_next[-1].set()

    task = asyncio.create_task(write())
    await is_next[at].wait()
    await cancel(task)

    kept = {await is_kept(store, each.id) for each in evals}
    assert kept == {False} if at < 3 else len(kept) == 1
    assert await is_kept(store, (await keep_eval(store)).id)


async def test_one_canceled_while_it_waits_for_its_turn_keeps_nobody_up(store: Store) -> None:
    new, inside, may_end = new_eval(), asyncio.Event(), asyncio.Event()

    async def hold(held: Eval) -> None:
        async with store.transaction() as tx:
            await tx.evals.insert(PROJECT, held)
            inside.set()
            await may_end.wait()

    holder = asyncio.create_task(hold(new))
    await inside.wait()
    waiters = [asyncio.create_task(hold(new_eval())) for _ in range(3)]  # PostgreSQL lets one in
    await asyncio.sleep(0)
    for waiter in waiters:
        await cancel(waiter)
    may_end.set()
    await holder

    assert await is_kept(store, new.id)
    assert await is_kept(store, (await keep_eval(store)).id)


@pytest.mark.slow  # PostgreSQL gives up on the lock after half a minute
async def test_one_canceled_while_it_waits_for_a_lock_keeps_nobody_up(store: Store) -> None:
    new, inside, may_end = new_eval(), asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with store.transaction() as tx:
            await tx.evals.insert(PROJECT, new)
            inside.set()
            await may_end.wait()

    holder = asyncio.create_task(hold())
    await inside.wait()
    waiter = asyncio.create_task(hold())
    await asyncio.sleep(0)
    await cancel(waiter)
    may_end.set()
    await holder

    assert await is_kept(store, new.id)
    assert await is_kept(store, (await keep_eval(store)).id)


async def test_canceled_snapshots_leave_room_for_others(store: Store) -> None:
    kept = await keep_eval(store)

    async def read() -> None:
        async with store.snapshot() as tx:
            while True:
                await tx.evals.get(PROJECT, kept.id)

    for _ in range(40):
        task = asyncio.create_task(read())
        await asyncio.sleep(0)
        await cancel(task)

    assert await is_kept(store, kept.id)


async def test_a_closed_store_keeps_everything(opened_store: OpenedStore, folder: Path) -> None:
    async with opened_store(folder) as store:
        run = await keep_run(store)
        async with store.transaction() as tx:
            await tx.keys.insert(new_key(), secret_hash="1")

    async with opened_store(folder) as store, store.snapshot() as tx:
        assert await tx.work.find(run.id) == run
        assert await tx.keys.any_good()
