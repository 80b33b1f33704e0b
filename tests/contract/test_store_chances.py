"""What every store must do when an ended run is taken up again; all of it is ours."""

import asyncio
import json
from dataclasses import replace

import pytest
from pydantic import JsonValue

from evald.domain.tally import CriterionCount, Tally
from evald.ports.kept import Shard, StoredOutputItem, StoredRun
from evald.ports.store import Store
from evald.ports.webhooks import EndedRun
from evald.wire.errors import ApiError
from evald.wire.output_items import OutputItemStatus
from evald.wire.runs import RunStatus
from tests.contract.kept import (
    NOW,
    find_run,
    keep_items,
    keep_run,
    new_item,
    tally_of,
)

ERROR = ApiError(code="insufficient_quota", message="No money left.")
PLAN = [
    Shard(number, first_row=number * 3, row_count=3, offset=number * 10, size=10)
    for number in range(3)
]

LATER = NOW + 90

Statuses = tuple[OutputItemStatus, ...]
MIXED: Statuses = ("pass", "error", "fail") * 3
NINE_ERRORED: Statuses = ("error",) * 9
NINE_PASSED: Statuses = ("pass",) * 9


def item(row: int, status: OutputItemStatus) -> StoredOutputItem:
    """An item of one criterion, with the result that its status follows from."""
    result: dict[str, JsonValue] = {
        "name": "Right-1",
        "sample": None,
        "passed": status == "pass",
        "score": 0.0,
    }
    if status == "error":
        result["error"] = {"code": "timeout", "message": "…"}
    return new_item(row, status=status, results_json=json.dumps([result]))


async def planned_run(
    store: Store, *statuses: OutputItemStatus, status: RunStatus = "completed"
) -> StoredRun:
    """An ended run of nine rows with items of these statuses; its whole shards are done."""
    run = await keep_run(store)
    items = [item(row, each) for row, each in enumerate(statuses)]
    async with store.transaction() as tx:
        await tx.work.start(run.id, now=NOW, worker_id="local")
        await tx.work.save_plan(run.id, PLAN)
        await tx.work.record(run.id, items)
        for shard in PLAN:
            await tx.work.begin_shard(run.id, shard.number, worker_id="local")
            if shard.first_row + shard.row_count <= len(statuses):
                await tx.work.end_shard(run.id, shard.number)
        await tx.runs.end(run.id, status, ERROR, now=NOW + 5)
    return run


async def reopen(store: Store, run_id: str) -> StoredRun:
    async with store.transaction() as tx:
        await tx.chances.reopen(run_id, now=LATER)
    found = await find_run(store, run_id)
    assert found is not None
    return found


async def rows_with_items(store: Store, run_id: str) -> list[int]:
    async with store.snapshot() as tx:
        items = await tx.chances.items_beyond(run_id, -1, most=100, most_bytes=10**6)
    return [each.row for each in items]


async def claims(store: Store, run_id: str) -> list[int | None]:
    async with store.transaction() as tx:
        return [await tx.workers.claim_shard(run_id, "b") for _ in range(4)]


async def test_a_reopened_run_is_in_progress_as_if_its_errored_items_had_never_been(
    store: Store,
) -> None:
    run = await planned_run(store, *MIXED)
    other = await planned_run(store, *NINE_ERRORED)

    reopened = await reopen(store, run.id)

    assert reopened.status == "in_progress"
    assert (reopened.ended_at, reopened.error, reopened.chance) == (None, None, 1)
    assert reopened.started_at == LATER
    assert reopened.planned_rows == 9
    assert await rows_with_items(store, run.id) == [0, 2, 3, 5, 6, 8]
    assert len(await rows_with_items(store, other.id)) == 9


async def test_counts_go_back_and_usage_stays(store: Store) -> None:
    run = await planned_run(store, *MIXED)
    before = await find_run(store, run.id)

    after = (await reopen(store, run.id)).tally

    assert before is not None
    counts = sum([tally_of("pass"), tally_of("fail")] * 3, start=Tally())
    assert (after.passed, after.failed, after.errored) == (3, 3, 0)
    assert after.criteria == counts.criteria == {"Right-1": CriterionCount(3, 3, 0)}
    assert (after.usage, after.grader_usage) == (before.tally.usage, before.tally.grader_usage)


async def test_only_shards_with_a_row_to_work_on_are_open_and_free(store: Store) -> None:
    statuses: Statuses = ("pass", "error", "pass", "fail")
    run = await planned_run(store, *NINE_PASSED[:3], *statuses, status="canceled")

    await reopen(store, run.id)

    assert await claims(store, run.id) == [1, 2, None, None]


async def test_rows_of_a_reopened_run_have_not_died(store: Store) -> None:
    run = await planned_run(store, "error", "pass", "pass")
    async with store.transaction() as tx:
        for _ in range(2):
            await tx.work.mark_started(run.id, 1, before=6)
            await tx.work.begin_shard(run.id, 1, worker_id="local")
        await tx.work.mark_started(run.id, 1, before=6)

    await reopen(store, run.id)

    async with store.transaction() as tx:
        state = await tx.work.begin_shard(run.id, 1, worker_id="b")
    assert state is not None
    assert state.deaths == {}


async def test_a_run_without_a_plan_is_queued(store: Store) -> None:
    run = await keep_run(store)
    async with store.transaction() as tx:
        await tx.work.start(run.id, now=NOW, worker_id="a")
        await tx.runs.end(run.id, "canceled", None, now=NOW + 1)

    reopened = await reopen(store, run.id)

    assert (reopened.status, reopened.started_at) == ("queued", None)
    async with store.transaction() as tx:
        assert await tx.workers.startable() == [run.id]
        assert await tx.work.start(run.id, now=NOW, worker_id="b")


async def test_what_a_former_attempt_ends_is_not_ended(store: Store) -> None:
    run = await planned_run(store, "error", "pass", "pass")
    async with store.snapshot() as tx:
        attempt = (await tx.work.shards(run.id))[0].attempts
    await reopen(store, run.id)

    async with store.transaction() as tx:
        await tx.work.end_shard(run.id, 0, attempt=attempt)
        failed = await tx.work.fail(run.id, ERROR, now=NOW, chance=0)
        state = await tx.work.begin_shard(run.id, 0, worker_id="b")

    assert not failed
    assert state is not None
    assert not state.shard.done
    async with store.transaction() as tx:
        await tx.work.end_shard(run.id, 0, attempt=state.shard.attempts)
        assert (await tx.work.shards(run.id))[0].done


async def test_of_a_former_chance_answers_are_kept_and_errors_are_not(store: Store) -> None:
    run = await planned_run(store, "pass", "error", "error")
    await reopen(store, run.id)

    async with store.transaction() as tx:
        late = [item(1, "error"), item(2, "fail"), item(0, "fail")]
        status = await tx.work.record(run.id, late, chance=0)
        now = await tx.work.record(run.id, [], chance=1)

    found = await find_run(store, run.id)
    assert found is not None
    assert (status, now) == (None, "in_progress")
    assert await rows_with_items(store, run.id) == [0, 2]
    assert (found.tally.passed, found.tally.failed, found.tally.errored) == (1, 1, 0)


@pytest.mark.parametrize("open_shards", [0, 1])
async def test_a_run_is_completed_once_every_shard_is_done(store: Store, open_shards: int) -> None:
    run = await planned_run(store, *NINE_PASSED[open_shards:], status="canceled")
    await reopen(store, run.id)

    async with store.transaction() as tx:
        completed = [await tx.work.complete(run.id, now=NOW) for _ in range(2)]

    found = await find_run(store, run.id)
    assert found is not None
    assert completed == ([False, False] if open_shards else [True, False])
    assert found.status == ("in_progress" if open_shards else "completed")


async def test_nobody_has_been_told_of_the_next_end(store: Store) -> None:
    run = await planned_run(store, "error")
    async with store.transaction() as tx:
        (first,) = await tx.webhooks.untold(most=9)
        await tx.webhooks.tell(first, [])
        await tx.chances.reopen(run.id, now=LATER)
        meanwhile = await tx.webhooks.untold(most=9)
        await tx.webhooks.tell(first, [])  # by another process, too late
        await tx.runs.end(run.id, "failed", None, now=first.ended_at)
        (second,) = await tx.webhooks.untold(most=9)
        await tx.webhooks.tell(second, [])

        assert await tx.webhooks.untold(most=9) == []

    assert meanwhile == []
    assert second == replace(first, type="eval.run.failed", chance=1)
    assert isinstance(first, EndedRun)


async def test_a_run_that_is_held_is_changed_by_nobody_else(store: Store) -> None:
    run = await planned_run(store, "error")
    seen: list[int] = []

    async def take_up() -> None:
        async with store.transaction() as tx:
            held = await tx.chances.hold(run.id)
            assert held is not None
            seen.append(held.chance)
            await asyncio.sleep(0)
            if held.has_ended:
                await tx.chances.reopen(run.id, now=LATER)

    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(take_up())

    assert seen == [0, 1]


async def test_no_run_is_held_that_is_not_there(store: Store) -> None:
    async with store.transaction() as tx:
        assert await tx.chances.hold("evalrun_none") is None
        assert await tx.chances.items_beyond("evalrun_none", -1, most=9, most_bytes=9) == []


@pytest.mark.parametrize(
    ("most", "most_bytes", "found"), [(2, 10_000, [2, 4]), (9, 130, [2]), (9, 10_000, [2, 4, 7])]
)
async def test_items_are_walked_a_few_at_a_time(
    store: Store, most: int, most_bytes: int, found: list[int]
) -> None:
    run = await keep_run(store)
    large = "[" + ",".join(["1"] * 60) + "]"
    await keep_items(store, run.id, [new_item(row, results_json=large) for row in (1, 2, 4, 7)])

    async with store.snapshot() as tx:
        items = await tx.chances.items_beyond(run.id, 1, most=most, most_bytes=most_bytes)

    assert [each.row for each in items] == found
