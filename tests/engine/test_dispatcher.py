"""The dispatcher: queued runs are started oldest first, so many at once, nudged or not."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from evald.engine.context import EngineContext
from evald.engine.dispatcher import SWEEP_S, Dispatcher
from evald.engine.workbench import Workbench
from evald.ports.kept import Rows, StoredRun
from evald.wire.evals import Eval

PROJECT = "proj_default"


def a_run(number: int) -> StoredRun:
    return StoredRun(
        id=f"evalrun_{number:032x}",
        project_id=PROJECT,
        eval_id="eval_" + "0" * 32,
        created_at=1,
        status="queued",
        name="",
        model="",
        metadata={},
        data_source={},
        rows=Rows("blob_1", inline=True),
    )


async def keep_runs(context: EngineContext, *numbers: int) -> None:
    an_eval = Eval(
        id="eval_" + "0" * 32,
        created_at=1,
        name="e",
        metadata={},
        data_source_config={},
        testing_criteria=[],
    )
    async with context.store.transaction() as tx:
        await tx.evals.insert(PROJECT, an_eval)
        for number in numbers:
            await tx.runs.insert(a_run(number))


class Started:
    """Notes which runs are started, and lets a test wait for so many."""

    def __init__(self) -> None:
        self.runs: list[int] = []
        self._changed = asyncio.Event()

    async def start(self, run_id: str) -> bool:
        self.runs.append(int(run_id.removeprefix("evalrun_"), 16))
        self._changed.set()
        return True

    async def so_many(self, count: int) -> list[int]:
        async with asyncio.timeout(10):
            while len(self.runs) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.runs


@asynccontextmanager
async def dispatching(
    context: EngineContext,
    start: Callable[[str], Awaitable[bool]],
    *,
    max_runs: int,
) -> AsyncIterator[tuple[Dispatcher, Workbench]]:
    workbench = Workbench(context)
    dispatcher = Dispatcher(context, workbench, start=start, max_runs=max_runs)
    task = asyncio.create_task(dispatcher.keep_dispatching())
    yield dispatcher, workbench
    task.cancel()
    await asyncio.wait([task])


async def test_what_was_queued_before_the_start_is_found_without_a_nudge(
    context: EngineContext,
) -> None:
    await keep_runs(context, 1, 2)
    started = Started()

    async with dispatching(context, started.start, max_runs=9):
        assert await started.so_many(2) == [1, 2]


async def test_further_runs_wait_until_one_is_let_go_of(context: EngineContext) -> None:
    await keep_runs(context, 1, 2, 3)
    started = Started()

    async with dispatching(context, started.start, max_runs=2) as (_, workbench):
        assert await started.so_many(2) == [1, 2]
        async with context.store.transaction() as tx:
            await tx.runs.end(a_run(1).id, "canceled", None, now=2)
        workbench.let_go(a_run(1).id)

        assert await started.so_many(3) == [1, 2, 3]


async def test_a_start_that_fails_is_tried_again(context: EngineContext) -> None:
    await keep_runs(context, 1)
    started = Started()
    failed = asyncio.Event()

    async def start(run_id: str) -> bool:
        if not failed.is_set():
            failed.set()
            message = "away"
            raise OSError(message)
        return await started.start(run_id)

    async with dispatching(context, start, max_runs=1) as (dispatcher, workbench):
        await failed.wait()
        assert not workbench.has(a_run(1).id)
        dispatcher.wake(a_run(1).id)

        assert await started.so_many(1) == [1]


async def test_a_run_whose_last_driver_has_yet_to_end_is_looked_for_soon(
    context: EngineContext,
) -> None:
    await keep_runs(context, 1)
    started, asked = Started(), []

    async def start(run_id: str) -> bool:
        asked.append(run_id)
        return len(asked) > 1 and await started.start(run_id)

    began = context.clock.monotonic()
    async with dispatching(context, start, max_runs=1):
        await started.so_many(1)

    assert context.clock.monotonic() - began < SWEEP_S / 2


@pytest.mark.slow  # the next sweep comes after five seconds
async def test_a_store_that_is_away_for_a_moment_stops_nothing(context: EngineContext) -> None:
    await keep_runs(context, 1)
    started = Started()
    real, calls = context.store, []

    class Away:
        def snapshot(self) -> object:
            calls.append(1)
            if len(calls) == 1:
                message = "database is locked"
                raise OSError(message)
            return real.snapshot()

        def transaction(self) -> object:
            return real.transaction()

    broken = replace(context, store=Away())  # type: ignore[arg-type]
    async with dispatching(broken, started.start, max_runs=1) as (dispatcher, _):
        dispatcher.wake(a_run(1).id)

        assert await started.so_many(1) == [1]
