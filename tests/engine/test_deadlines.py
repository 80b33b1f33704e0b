"""Deadlines of runs: beyond its time a run has failed, what was done is kept, and it goes on. Ours.

Those of an attempt and of an item are tested where they are kept, in test_item.py and the model
clients.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from evald.engine.context import EngineContext
from evald.engine.deadlines import end_overdue
from evald.ports.kept import Shard, StoredRun
from tests.contract.kept import NOW, find_run, keep_run, new_item
from tests.engine.runs import create_eval, create_run, item_rows, recorded, rows, wait_for
from tests.support.instant_clock import InstantClock
from tests.support.mock_provider import MockProvider
from tests.support.running_place import WORKER_COUNTS, Place, running_place

HOUR_S = 3_600
TWO_HOURS_S = 2.0 * HOUR_S


class LaterClock(InstantClock):
    """Shows the time that a test says."""

    def __init__(self, now: int) -> None:
        super().__init__()
        self.at = now

    def now(self) -> int:
        return self.at


async def begun_run(context: EngineContext) -> StoredRun:
    run = await keep_run(context.store)
    async with context.store.transaction() as tx:
        await tx.work.start(run.id, now=NOW, worker_id="local")
    return run


def later(context: EngineContext, seconds: int) -> EngineContext:
    """A process that begins so long after the run did, and gives a run two hours."""
    return replace(context, clock=LaterClock(NOW + seconds), run_timeout_s=TWO_HOURS_S)


async def test_a_run_beyond_its_time_has_failed_with_what_was_done(context: EngineContext) -> None:
    run = await begun_run(context)
    async with context.store.transaction() as tx:
        await tx.work.save_plan(run.id, [Shard(0, first_row=0, row_count=9, offset=0, size=9)])
        await tx.work.record(run.id, [new_item(3)])

    ended = await end_overdue(later(context, 2 * HOUR_S))

    found = await find_run(context.store, run.id)
    assert found is not None
    assert ended == [run.id]
    assert (found.status, found.ended_at, found.tally.total) == ("failed", NOW + 2 * HOUR_S, 1)
    assert found.error is not None
    assert found.error.code == "run_timeout"
    assert "the 2 h that EVALD_RUN_TIMEOUT_H gives" in found.error.message
    assert f"/v1/evald/runs/{run.id}/resume" in found.error.message


@pytest.mark.parametrize("seconds", [0, 2 * HOUR_S - 1])
async def test_until_then_it_goes_on(context: EngineContext, seconds: int) -> None:
    await begun_run(context)

    assert await end_overdue(later(context, seconds)) == []


async def test_to_ask_twice_changes_nothing(context: EngineContext) -> None:
    run = await begun_run(context)
    await end_overdue(later(context, 3 * HOUR_S))
    first = await find_run(context.store, run.id)

    assert await end_overdue(later(context, 4 * HOUR_S)) == []
    assert await find_run(context.store, run.id) == first


async def test_by_itself_a_run_has_any_time(context: EngineContext) -> None:
    await begun_run(context)

    assert await end_overdue(replace(context, clock=LaterClock(NOW + 10**9))) == []


async def test_in_the_queue_a_run_has_any_time(context: EngineContext) -> None:
    await keep_run(context.store)

    assert await end_overdue(later(context, 9 * HOUR_S)) == []


async def test_a_run_that_is_taken_up_again_has_the_whole_time(context: EngineContext) -> None:
    run = await begun_run(context)
    async with context.store.transaction() as tx:
        await tx.work.save_plan(run.id, [])
    await end_overdue(later(context, 2 * HOUR_S))
    async with context.store.transaction() as tx:
        await tx.chances.reopen(run.id, now=NOW + 5 * HOUR_S)

    assert await end_overdue(later(context, 7 * HOUR_S - 1)) == []
    assert await end_overdue(later(context, 7 * HOUR_S)) == [run.id]


ROWS = 400
TIMEOUT_S = 6


@pytest.fixture(params=WORKER_COUNTS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A place whose runs have six seconds."""
    settings = {
        "EVALD_MAX_CONCURRENCY": "8",
        "EVALD_RUN_TIMEOUT_H": str(TIMEOUT_S / HOUR_S),
    }
    provider = MockProvider(latency_s=0.5)
    with running_place(tmp_path, provider, workers=request.param, **settings) as running:
        yield running


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_over_a_kill_a_run_fails_in_its_time_and_is_resumed_to_its_end(place: Place) -> None:
    client = place.server.client()
    eval_id = create_eval(client)
    began = time.monotonic()
    run_id = create_run(client, eval_id, rows(ROWS))
    wait_for(place.server, eval_id, run_id, until=lambda run: recorded(run) >= 8)
    place.kill()
    late = place.ended(eval_id, run_id, within_s=60)
    took_s = time.monotonic() - began
    threading.Event().wait(2.0)  # a worker learns within a second or so what another has ended
    ended = client.evals.runs.retrieve(run_id, eval_id=eval_id)  # with what was paid until then
    kept = item_rows(client, eval_id, run_id)
    asked = place.provider.seen.requests
    threading.Event().wait(1.0)
    asked_after = place.provider.seen.requests - asked

    place.provider.latency_s = 0.01
    taken_up = place.second(run_id, "resume")

    assert (late.status, late.error.code) == ("failed", "run_timeout")
    assert TIMEOUT_S - 1 <= took_s < TIMEOUT_S + 12
    assert 8 <= len(kept) == recorded(ended) < ROWS
    assert ended.result_counts.errored == 0
    assert asked_after == 0, "nothing more is asked once the run has failed"
    assert taken_up["status"] == "in_progress"
    place.whole(eval_id, run_id, count=ROWS, within_s=60)
