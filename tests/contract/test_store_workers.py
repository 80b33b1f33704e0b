"""What every store must do with workers and what they claim; all of it is ours."""

import asyncio
from itertools import count

import pytest

from evald.ports.kept import Shard, StoredRun
from evald.ports.store import Store
from evald.ports.workers import WorkerCard
from tests.contract.kept import NOW, PROJECT, new_eval, new_run

_numbers = count(1)


def card(worker_id: str = "") -> WorkerCard:
    return WorkerCard(worker_id or f"worker_{next(_numbers)}", host="here", process_id=7)


async def beating(store: Store, *cards: WorkerCard) -> None:
    async with store.transaction() as tx:
        for each in cards:
            await tx.workers.beat(each)


async def planned_run(store: Store, *, shards: int = 2) -> StoredRun:
    an_eval = new_eval()
    run = new_run(an_eval.id)
    made = [
        Shard(number=n, first_row=n * 2, row_count=2, offset=n * 10, size=10) for n in range(shards)
    ]
    async with store.transaction() as tx:
        await tx.evals.insert(PROJECT, an_eval)
        await tx.runs.insert(run)
        await tx.work.start(run.id, now=NOW, worker_id="local")
        await tx.work.save_plan(run.id, made)
    return run


async def claim(store: Store, run: StoredRun, worker_id: str) -> int | None:
    async with store.transaction() as tx:
        return await tx.workers.claim_shard(run.id, worker_id)


async def startable(store: Store) -> list[str]:
    async with store.snapshot() as tx:
        return await tx.workers.startable()


async def test_a_worker_that_beats_is_live(store: Store) -> None:
    one = card()
    async with store.transaction() as tx:
        first = await tx.workers.beat(one)
        again = await tx.workers.beat(one)
        live = await tx.workers.live(silent_s=15)
        silent = await tx.workers.silent(silent_s=15)

    assert [first, again] == [False, True]
    assert [(each.id, each.host, each.process_id) for each in live] == [(one.id, "here", 7)]
    assert live[0].started_at <= live[0].beat_at
    assert silent == []


async def test_a_worker_that_does_not_is_silent_and_can_be_removed(store: Store) -> None:
    one = card()
    await beating(store, one)

    async with store.transaction() as tx:
        # As if it had beaten too long ago: its beat is no younger than a second from now.
        assert await tx.workers.silent(silent_s=-1) == [one.id]
        assert await tx.workers.live(silent_s=-1) == []
        assert not await tx.workers.remove(one.id, silent_s=15)
        assert await tx.workers.remove(one.id, silent_s=-1)
        assert not await tx.workers.remove(one.id, silent_s=-1)
        assert await tx.workers.silent(silent_s=-1) == []
        assert not await tx.workers.beat(one)  # it was taken for dead, and wakes


async def test_a_shard_is_claimed_once_lowest_first(store: Store) -> None:
    run = await planned_run(store)

    claimed = [await claim(store, run, worker) for worker in ("a", "b", "a")]

    assert claimed == [0, 1, None]


async def test_a_shard_that_is_done_is_not_claimed(store: Store) -> None:
    run = await planned_run(store)
    async with store.transaction() as tx:
        await tx.work.end_shard(run.id, 0)

    assert await claim(store, run, "a") == 1


async def test_what_a_worker_had_is_free_again(store: Store) -> None:
    run, other = await planned_run(store), await planned_run(store)
    for _ in range(2):
        await claim(store, run, "a")
    await claim(store, other, "b")
    async with store.transaction() as tx:
        await tx.work.end_shard(run.id, 0)

        assert await tx.workers.free("a") == 1
        assert await tx.workers.free("a") == 0

    assert await claim(store, run, "c") == 1
    assert await claim(store, run, "c") is None


async def test_claims_at_the_same_moment_are_of_different_shards(store: Store) -> None:
    run = await planned_run(store, shards=4)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(claim(store, run, f"w{n}")) for n in range(4)]

    # PostgreSQL may pass over a row that another claim holds, and so find none for a moment.
    found = [task.result() for task in tasks if task.result() is not None]
    assert len(set(found)) == len(found)
    assert found


async def test_a_shard_that_is_handed_back_is_free(store: Store) -> None:
    run = await planned_run(store, shards=1)
    await claim(store, run, "a")
    async with store.transaction() as tx:
        await tx.work.release_shard(run.id, 0)

    assert await claim(store, run, "b") == 0


async def test_a_queued_run_is_startable_until_somebody_plans_it(store: Store) -> None:
    an_eval = new_eval()
    run = new_run(an_eval.id)
    async with store.transaction() as tx:
        await tx.evals.insert(PROJECT, an_eval)
        await tx.runs.insert(run)
    before = await startable(store)

    async with store.transaction() as tx:
        first = await tx.work.start(run.id, now=NOW, worker_id="a")
        again = await tx.work.start(run.id, now=NOW, worker_id="a")
        other = await tx.work.start(run.id, now=NOW, worker_id="b")
    meanwhile = await startable(store)
    async with store.transaction() as tx:
        await tx.workers.free("a")
        taken_over = await tx.work.start(run.id, now=NOW, worker_id="b")

    assert before == [run.id]
    assert [first, again, other, taken_over] == [True, True, False, True]
    assert meanwhile == []


@pytest.mark.parametrize("how_many_done", [0, 1, 2])
async def test_a_planned_run_is_startable_while_a_shard_is_free_or_all_are_done(
    store: Store, how_many_done: int
) -> None:
    run = await planned_run(store)
    found = [await startable(store)]
    for _ in range(2):
        await claim(store, run, "a")
    found.append(await startable(store))
    async with store.transaction() as tx:
        for number in range(how_many_done):
            await tx.work.end_shard(run.id, number)
    found.append(await startable(store))

    assert found == [[run.id], [], [run.id] if how_many_done == 2 else []]


async def overdue(store: Store, began_by: int) -> list[str]:
    async with store.snapshot() as tx:
        return [run.id for run in await tx.workers.overdue(began_by=began_by)]


async def test_a_run_is_overdue_by_when_its_work_began_until_it_has_ended(store: Store) -> None:
    began_at = NOW - next(_numbers)
    run, queued = new_run((an_eval := new_eval()).id), new_run(an_eval.id)
    async with store.transaction() as tx:
        await tx.evals.insert(PROJECT, an_eval)
        await tx.runs.insert(run)
        await tx.runs.insert(queued)
        await tx.work.start(run.id, now=began_at, worker_id="local")
    before, then = await overdue(store, began_at - 1), await overdue(store, began_at)
    async with store.transaction() as tx:
        await tx.runs.end(run.id, "failed", None, now=NOW)

    assert run.id not in before
    assert run.id in then
    assert queued.id not in then
    assert run.id not in await overdue(store, NOW + 1)


async def test_a_run_that_ended_is_not_startable(store: Store) -> None:
    run = await planned_run(store)
    async with store.transaction() as tx:
        await tx.runs.end(run.id, "canceled", None, now=NOW)

    assert await startable(store) == []
