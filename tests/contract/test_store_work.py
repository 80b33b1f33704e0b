"""Runs and shards, as every store keeps them for the engine. Ours."""

from dataclasses import replace

import pytest

from evald.ports.kept import Rows, Shard, ShardState, StoredRun
from evald.ports.store import Store
from evald.wire.runs import RunStatus
from tests.contract.kept import (
    NOW,
    PROJECT,
    find_run,
    keep_eval,
    keep_file,
    keep_items,
    keep_run,
    new_item,
)

PLAN = [
    Shard(0, first_row=0, row_count=4, offset=0, size=40),
    Shard(1, first_row=4, row_count=4, offset=40, size=2**40),
    Shard(2, first_row=8, row_count=1, offset=2**41, size=10),
]


async def planned(store: Store) -> StoredRun:
    run = await keep_run(store)
    async with store.transaction() as tx:
        await tx.work.save_plan(run.id, PLAN)
    return run


async def shards(store: Store, run_id: str) -> list[Shard]:
    async with store.snapshot() as tx:
        return await tx.work.shards(run_id)


async def begin(store: Store, run_id: str, number: int) -> ShardState:
    async with store.transaction() as tx:
        state = await tx.work.begin_shard(run_id, number, worker_id="local")
    assert state is not None
    return state


async def mark_started(store: Store, run_id: str, number: int, *, before: int) -> None:
    async with store.transaction() as tx:
        await tx.work.mark_started(run_id, number, before=before)


async def test_runs_that_have_not_ended_are_listed_the_oldest_first(store: Store) -> None:
    eval_id = (await keep_eval(store)).id
    statuses: list[RunStatus] = ["in_progress", "failed", "queued", "completed", "canceled"]
    runs = [await keep_run(store, eval_id, status=status) for status in statuses]

    async with store.snapshot() as tx:
        assert await tx.work.unended() == [runs[0].id, runs[2].id]


async def test_a_run_is_found_by_its_id_alone(store: Store) -> None:
    run = await keep_run(store, project_id="proj_any")

    assert await find_run(store, run.id) == run
    assert await find_run(store, "evalrun_none") is None


async def test_a_run_starts_once(store: Store) -> None:
    run = await keep_run(store)

    async with store.transaction() as tx:
        assert await tx.work.start(run.id, now=NOW + 1, worker_id="local")
        assert await tx.work.start(run.id, now=NOW + 2, worker_id="local")

    assert await find_run(store, run.id) == replace(run, status="in_progress", started_at=NOW + 1)


@pytest.mark.parametrize("status", ["completed", "canceled", "failed"])
async def test_a_run_that_has_ended_does_not_start(store: Store, status: RunStatus) -> None:
    run = await keep_run(store, status=status)

    async with store.transaction() as tx:
        assert not await tx.work.start(run.id, now=NOW, worker_id="local")
        assert not await tx.work.start("evalrun_none", now=NOW, worker_id="local")

    assert await find_run(store, run.id) == run


async def test_a_plan_is_kept_with_the_number_of_its_rows(store: Store) -> None:
    run = await keep_run(store)

    async with store.transaction() as tx:
        await tx.work.save_plan(run.id, PLAN[::-1])

    assert await shards(store, run.id) == PLAN
    assert await find_run(store, run.id) == replace(run, planned_rows=9)


@pytest.mark.parametrize("plan", [PLAN, []])
async def test_a_plan_that_is_there_stays(store: Store, plan: list[Shard]) -> None:
    run = await keep_run(store)
    async with store.transaction() as tx:
        await tx.work.save_plan(run.id, plan)
        await tx.work.save_plan(run.id, [Shard(7, first_row=0, row_count=1, offset=0, size=1)])

    assert await shards(store, run.id) == plan
    assert await find_run(store, run.id) == replace(
        run, planned_rows=sum(shard.row_count for shard in plan)
    )


async def test_where_there_is_no_plan_there_are_no_shards(store: Store) -> None:
    run = await keep_run(store)

    async with store.transaction() as tx:
        await tx.work.save_plan("evalrun_none", PLAN)

    assert await shards(store, run.id) == []
    assert await shards(store, "evalrun_none") == []


async def test_shards_are_their_runs_own(store: Store) -> None:
    run, other = await planned(store), await planned(store)
    await begin(store, run.id, 0)
    await mark_started(store, run.id, 1, before=6)

    async with store.transaction() as tx:
        await tx.work.end_shard(run.id, 2)

    assert await shards(store, other.id) == PLAN


async def test_the_first_attempt_finds_nothing_done(store: Store) -> None:
    run = await planned(store)

    state = await begin(store, run.id, 1)

    begun = replace(PLAN[1], attempts=1, started_before=4)
    assert state == ShardState(begun, frozenset(), {})
    assert await shards(store, run.id) == [PLAN[0], begun, PLAN[2]]


async def test_an_attempt_finds_the_rows_that_are_recorded(store: Store) -> None:
    run = await planned(store)
    await keep_items(store, run.id, [new_item(row) for row in (3, 4, 7, 8)])

    assert (await begin(store, run.id, 1)).recorded == {4, 7}


async def test_rows_in_flight_when_an_attempt_ended_have_died(store: Store) -> None:
    run = await planned(store)
    await begin(store, run.id, 1)
    await mark_started(store, run.id, 1, before=7)
    await keep_items(store, run.id, [new_item(5)])

    state = await begin(store, run.id, 1)

    assert state.deaths == {4: 1, 6: 1}
    assert (state.shard.attempts, state.shard.started_before) == (2, 4)


async def test_deaths_add_up_and_end_with_an_item(store: Store) -> None:
    run = await planned(store)
    for before in (8, 6, 5):
        await begin(store, run.id, 1)
        await mark_started(store, run.id, 1, before=before)
    await keep_items(store, run.id, [new_item(5)])

    assert (await begin(store, run.id, 1)).deaths == {4: 3, 6: 1, 7: 1}
    assert (await begin(store, run.id, 1)).deaths == {4: 3, 6: 1, 7: 1}


async def test_deaths_are_counted_by_shard(store: Store) -> None:
    run = await planned(store)
    for number, before in ((0, 2), (1, 5)):
        await begin(store, run.id, number)
        await mark_started(store, run.id, number, before=before)

    assert (await begin(store, run.id, 0)).deaths == {0: 1, 1: 1}
    assert (await begin(store, run.id, 1)).deaths == {4: 1}


async def test_what_was_started_stays_so(store: Store) -> None:
    run = await planned(store)
    await begin(store, run.id, 0)

    for before in (3, 1):
        await mark_started(store, run.id, 0, before=before)

    assert (await shards(store, run.id))[0].started_before == 3


async def test_a_shard_handed_back_in_good_order_has_no_deaths(store: Store) -> None:
    run = await planned(store)
    await begin(store, run.id, 1)
    await mark_started(store, run.id, 1, before=8)

    async with store.transaction() as tx:
        await tx.work.release_shard(run.id, 1)

    state = await begin(store, run.id, 1)
    assert state.deaths == {}
    assert state.shard.attempts == 2


async def test_a_shard_that_has_ended_is_done(store: Store) -> None:
    run = await planned(store)

    async with store.transaction() as tx:
        await tx.work.end_shard(run.id, 1)

    assert [shard.done for shard in await shards(store, run.id)] == [False, True, False]


async def test_a_shard_of_a_run_that_is_gone_is_done_and_has_no_rows(store: Store) -> None:
    run = await planned(store)
    async with store.transaction() as tx:
        await tx.runs.delete(PROJECT, run.eval_id, run.id)
        await tx.work.mark_started(run.id, 1, before=8)
        await tx.work.end_shard(run.id, 1)
        await tx.work.release_shard(run.id, 1)

    state = await begin(store, run.id, 1)

    assert (state.shard.done, state.shard.row_count) == (True, 0)
    assert state == ShardState(state.shard, frozenset(), {})


async def test_blobs_are_in_use_while_something_needs_them(store: Store) -> None:
    eval_id = (await keep_eval(store)).id
    used = [
        (await keep_file(store)).blob_id,
        (await keep_file(store, expires_at=NOW + 1)).blob_id,
        (await keep_run(store, eval_id, rows=Rows("blob_1", inline=True))).rows.blob_id,
        (await keep_run(store, eval_id, status="in_progress")).rows.blob_id,
        (await keep_run(store, eval_id, status="queued")).rows.blob_id,
    ]
    await keep_run(store, eval_id, status="completed", rows=Rows("blob_2", inline=True))
    await keep_run(store, eval_id, status="completed")
    await keep_file(store, expires_at=NOW)

    async with store.snapshot() as tx:
        assert await tx.work.blobs_in_use(now=NOW) == {*used, "blob_2"}


async def test_a_blob_is_in_use_until_its_last_user_is_gone(store: Store) -> None:
    stored = await keep_file(store)
    run = await keep_run(store, rows=Rows(stored.blob_id, inline=False))

    async with store.transaction() as tx:
        await tx.files.delete(PROJECT, stored.file.id)
        assert await tx.work.blobs_in_use(now=NOW) == {stored.blob_id}
        await tx.runs.delete(PROJECT, run.eval_id, run.id)
        assert await tx.work.blobs_in_use(now=NOW) == set()


async def test_a_deleted_run_is_purged_piece_by_piece(store: Store) -> None:
    """A later run of the same store has none of it, and loses nothing to it."""
    run = await planned(store)
    await keep_items(store, run.id, [new_item(row) for row in range(5)])
    await begin(store, run.id, 0)
    await mark_started(store, run.id, 1, before=6)
    async with store.transaction() as tx:
        await tx.runs.delete(PROJECT, run.eval_id, run.id)
    spared = await planned(store)
    item = new_item(0)
    await keep_items(store, spared.id, [item])

    answers: list[bool] = []
    while not answers or answers[-1]:
        async with store.transaction() as tx:
            answers.append(await tx.work.purge(most=2))

    assert 3 <= len(answers) <= 5
    assert await shards(store, spared.id) == PLAN
    async with store.snapshot() as tx:
        assert await tx.output_items.get(spared.id, item.id) is not None


async def test_what_a_deleted_run_has_left_is_gone_once_it_is_purged(store: Store) -> None:
    """Its items are found by no id any more; recorded under another run, they are new."""
    run = await planned(store)
    items = [new_item(row) for row in range(3)]
    await keep_items(store, run.id, items)
    heir = await keep_run(store)

    async with store.transaction() as tx:
        await tx.evals.delete(PROJECT, run.eval_id)
        assert not await tx.work.purge(most=1_000)
        await tx.work.record(heir.id, items)

    async with store.snapshot() as tx:
        assert await tx.output_items.get(heir.id, items[0].id) is not None


async def test_where_nothing_was_deleted_there_is_nothing_to_purge(store: Store) -> None:
    run = await planned(store)
    await keep_items(store, run.id, [new_item(0)])

    async with store.transaction() as tx:
        assert not await tx.work.purge(most=1)

    assert await shards(store, run.id) == PLAN


async def test_a_shard_that_another_worker_has_in_hand_is_not_begun(store: Store) -> None:
    run = await planned(store)
    await begin(store, run.id, 0)

    async with store.transaction() as tx:
        other = await tx.work.begin_shard(run.id, 0, worker_id="another")
        await tx.workers.free("local")
        freed = await tx.work.begin_shard(run.id, 0, worker_id="another")

    assert other is None
    assert freed is not None
    assert freed.shard.attempts == 2
