"""The rows of a run over logs: written down once, when it starts, whatever happens to it. Ours."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from pydantic import JsonValue

from evald.adapters.blobs.in_database import DatabaseBlobs
from evald.adapters.sql.store import open_shared_store
from evald.engine.context import EngineContext
from evald.engine.logged_rows import PAGE_LOGS
from evald.engine.plan import plan_run
from evald.ports.blobs import Blobs, BlobWriter
from evald.ports.kept import Rows, StoredLog, StoredRun
from evald.wire.criteria import TestingCriterion
from evald.wire.evals import Eval
from evald.wire.graders import StringCheckGrader
from tests.support.kept_logs import NOW, PROJECT, completion, response
from tests.support.postgresql import new_database

RUN = "evalrun_" + "0" * 32
Hook = Callable[[], Awaitable[None]]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
async def world(
    request: pytest.FixtureRequest, context: EngineContext
) -> AsyncIterator[EngineContext]:
    """An engine's context over each database, with an eval kept."""
    if request.param == "sqlite":
        await keep_eval(context)
        yield context
        return
    store = await open_shared_store(new_database(), connections=4)
    shared = replace(context, store=store, blobs=DatabaseBlobs(store, context.clock))
    await keep_eval(shared)
    yield shared
    await store.close()


async def keep_eval(context: EngineContext) -> None:
    grader = StringCheckGrader(
        type="string_check", name="g", input="{{item.id}}", reference="1", operation="eq"
    )
    an_eval = Eval(
        id="eval_" + "0" * 32,
        created_at=1,
        name="e",
        metadata={},
        data_source_config={"type": "logs", "metadata": None},
        testing_criteria=[TestingCriterion(id="g-1", grader=grader)],
    )
    async with context.store.transaction() as tx:
        await tx.evals.insert(PROJECT, an_eval)


def a_run(**filters: JsonValue) -> StoredRun:
    """A run over the completions that these filters leave; graded as they are."""
    source: dict[str, JsonValue] = {"type": "stored_completions", **filters}
    return a_run_of({"type": "completions", "source": source})


def a_run_of(data_source: dict[str, JsonValue]) -> StoredRun:
    return StoredRun(
        id=RUN,
        project_id=PROJECT,
        eval_id="eval_" + "0" * 32,
        created_at=1,
        status="queued",
        name="r",
        model="",
        metadata={},
        data_source=data_source,
        rows=Rows("", inline=False, logged=True),
    )


def logs(count: int, **changes: Any) -> list[StoredLog]:
    """So many completions; two of each second, the newest first."""
    return [
        completion(f"q {number}", "a", created=NOW - number // 2, **changes)
        for number in range(count)
    ]


async def keep(context: EngineContext, run: StoredRun, some: list[StoredLog]) -> None:
    async with context.store.transaction() as tx:
        assert all(await tx.logs.insert(some))
        await tx.runs.insert(run)


async def kept_run(context: EngineContext) -> StoredRun:
    async with context.store.snapshot() as tx:
        run = await tx.work.find(RUN)
    assert run is not None
    return run


async def rows(context: EngineContext) -> list[Any]:
    """The rows that the run has been given."""
    blob_id = (await kept_run(context)).rows.blob_id
    content = b"".join([piece async for piece in context.blobs.read(blob_id)])
    return [json.loads(line) for line in content.splitlines()]


async def row_ids(context: EngineContext) -> list[str]:
    return [row["item"]["id"] for row in await rows(context)]


def by_age(some: list[StoredLog]) -> list[str]:
    """Their ids, oldest first; of one second, those inserted first."""
    return [log.id for log in sorted(some, key=lambda log: log.created)]


class Watched:
    """Blobs with something done at each write of a page, or early, as a blob is begun."""

    def __init__(self, blobs: Blobs, at_write: Hook, *, is_early: bool = False) -> None:
        self._blobs = blobs
        self._at_write = at_write
        self._is_early = is_early

    def __getattr__(self, name: str) -> Any:
        return getattr(self._blobs, name)

    @asynccontextmanager
    async def writing(self, blob_id: str) -> AsyncIterator["Watched"]:
        if self._is_early:
            await self._at_write()
        async with self._blobs.writing(blob_id) as writer:
            self._writer: BlobWriter = writer
            yield self

    async def write(self, chunk: bytes) -> None:
        await self._writer.write(chunk)
        if not self._is_early:
            await self._at_write()


def watched(context: EngineContext, at_write: Hook) -> EngineContext:
    return replace(context, blobs=Watched(context.blobs, at_write))


async def test_rows_are_those_that_fit_oldest_first(world: EngineContext) -> None:
    some, others = logs(3, metadata={"use": "a"}), logs(3, metadata={"use": "b"})
    foreign = logs(2, metadata={"use": "a"}, project_id="proj_other")
    asked = response("?", "!", metadata={"use": "a"})
    await keep(world, a_run(metadata={"use": "a"}), [*some, *others, *foreign, asked])

    assert await plan_run(world, RUN) == 1

    assert await row_ids(world) == by_age(some)
    assert (await kept_run(world)).planned_rows == 3


@pytest.mark.parametrize("limit", [1, 3, 255, 256, 257, 300, 301])
async def test_of_more_than_the_limit_the_newest_count(context: EngineContext, limit: int) -> None:
    await keep_eval(context)
    some = logs(300)
    await keep(context, a_run(limit=limit), some)

    await plan_run(context, RUN)

    assert await row_ids(context) == by_age(some)[-limit:]


@pytest.mark.parametrize("limit", [None, 1, 150, 151])
async def test_a_search_goes_through_all_pages(world: EngineContext, limit: int | None) -> None:
    some = [
        response("?", "!", request={"instructions": f"Be {'brief' if n % 4 == 0 else 'long'}."},
                 created=NOW + n)
        for n in range(2 * PAGE_LOGS + 88)
    ]  # fmt: skip
    source: Any = {"type": "responses", "instructions_search": "BRIEF", "limit": limit}
    await keep(world, a_run_of({"type": "responses", "source": source}), some)

    await plan_run(world, RUN)

    fitting = [log.id for log in some[::4]]
    assert await row_ids(world) == (fitting if limit is None else fitting[-limit:])


async def test_rows_that_are_sampled_anew_bring_no_sample(world: EngineContext) -> None:
    source: dict[str, JsonValue] = {"type": "stored_completions"}
    run = a_run_of({"type": "completions", "source": source, "model": "m"})
    await keep(world, run, logs(2))

    await plan_run(world, RUN)

    assert [list(row) for row in await rows(world)] == [["item"], ["item"]]


async def test_planning_twice_keeps_the_rows_of_the_first_time(world: EngineContext) -> None:
    some = logs(3)
    await keep(world, a_run(), some)
    await plan_run(world, RUN)
    before = await kept_run(world)
    async with world.store.transaction() as tx:
        await tx.logs.insert(logs(2))

    assert await plan_run(world, RUN) == 1

    assert await kept_run(world) == before
    assert await world.blobs.ids() == [before.rows.blob_id]
    assert await row_ids(world) == by_age(some)


async def test_of_two_plans_at_the_same_moment_one_stays(world: EngineContext) -> None:
    some = logs(300)
    await keep(world, a_run(), some)
    arrived = 0
    both_wrote = asyncio.Event()

    async def wait_for_the_other() -> None:
        nonlocal arrived
        arrived += 1
        if arrived == 2:
            both_wrote.set()
        await both_wrote.wait()

    async with asyncio.TaskGroup() as group:
        plans = [
            group.create_task(plan_run(watched(world, wait_for_the_other), RUN)) for _ in range(2)
        ]

    run = await kept_run(world)
    assert [plan.result() for plan in plans] == [2, 2]
    assert await world.blobs.ids() == [run.rows.blob_id]
    assert run.planned_rows == 300
    assert await row_ids(world) == by_age(some)


async def test_rows_that_another_found_count_where_none_are_left(world: EngineContext) -> None:
    (log,) = logs(1)
    await keep(world, a_run(), [log])
    is_first = True

    async def plan_elsewhere() -> None:
        nonlocal is_first
        if is_first:
            is_first = False
            assert await plan_run(world, RUN) == 1
            async with world.store.transaction() as tx:
                await tx.logs.delete(PROJECT, "chat_completion", log.id)

    late = replace(world, blobs=Watched(world.blobs, plan_elsewhere, is_early=True))
    assert await plan_run(late, RUN) == 1

    run = await kept_run(world)
    assert (run.status, run.error) == ("in_progress", None)
    assert await row_ids(world) == [log.id]


async def test_what_was_half_written_is_written_again(world: EngineContext) -> None:
    some = logs(600)
    await keep(world, a_run(), some)
    writes = 0

    async def die() -> None:
        nonlocal writes
        writes += 1
        if writes == 2:
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await plan_run(watched(world, die), RUN)
    assert await world.blobs.ids() == []
    assert (await kept_run(world)).rows.blob_id == ""

    assert await plan_run(world, RUN) == 3
    assert await row_ids(world) == by_age(some)


async def test_rows_that_were_kept_and_not_yet_cut_are_not_written_again(
    world: EngineContext,
) -> None:
    some = logs(3)
    await keep(world, a_run(), some)
    async with world.blobs.writing("blob_first") as writer:
        await writer.write(b'{"item":{"id":"first"}}\n')
    async with world.store.transaction() as tx:
        assert await tx.work.save_rows(RUN, "blob_first") == "blob_first"

    async def never() -> None:
        raise AssertionError

    await plan_run(watched(world, never), RUN)

    assert await row_ids(world) == ["first"]
    assert await world.blobs.ids() == ["blob_first"]


@pytest.mark.parametrize("end", ["canceled", "deleted"])
async def test_a_run_that_is_over_is_not_written_to_its_end(world: EngineContext, end: str) -> None:
    await keep(world, a_run(), logs(4 * PAGE_LOGS))
    writes = 0

    async def end_it() -> None:
        nonlocal writes
        writes += 1
        async with world.store.transaction() as tx:
            if end == "canceled":
                await tx.runs.end(RUN, "canceled", None, now=2)
            else:
                await tx.runs.delete(PROJECT, a_run().eval_id, RUN)

    assert await plan_run(watched(world, end_it), RUN) is None

    assert writes == 1
    assert await world.blobs.ids() == []


async def test_logs_that_come_or_go_meanwhile(world: EngineContext) -> None:
    some = logs(2 * PAGE_LOGS)
    await keep(world, a_run(), some)
    late = completion("late", "!", created=NOW + 100)
    is_first = True

    async def change() -> None:
        nonlocal is_first
        if is_first:
            is_first = False
            async with world.store.transaction() as tx:
                await tx.logs.insert([late])
                await tx.logs.delete(PROJECT, "chat_completion", by_age(some)[0])
                await tx.logs.delete(PROJECT, "chat_completion", by_age(some)[-1])

    await plan_run(watched(world, change), RUN)

    # What was read stays, what was not is gone, and what came later is not looked at.
    assert await row_ids(world) == by_age(some)[:-1]


async def test_deleted_logs_are_no_matter_to_a_run_that_has_its_rows(
    world: EngineContext,
) -> None:
    some = logs(3)
    await keep(world, a_run(), some)
    await plan_run(world, RUN)

    async with world.store.transaction() as tx:
        await tx.logs.delete_expired(created_before=NOW + 9, most=9)

    assert await row_ids(world) == by_age(some)
    async with world.store.snapshot() as tx:
        in_use = await tx.work.blobs_in_use(now=NOW)
    assert (await kept_run(world)).rows.blob_id in in_use


async def test_where_nothing_fits_the_run_fails(world: EngineContext) -> None:
    await keep(world, a_run(model="gpt-nowhere"), logs(3))

    assert await plan_run(world, RUN) is None

    run = await kept_run(world)
    assert run.status == "failed"
    assert run.error is not None
    assert run.error.code == "no_logs_found"
    assert run.error.message == (
        "No stored completion has model 'gpt-nowhere'. There is nothing to grade."
    )
    assert await world.blobs.ids() == []


@pytest.mark.parametrize(
    "filters",
    [
        {"created_after": 10**30},
        {"metadata": {"a\x00": "b\x00"}},
        {"metadata": {"key": "v" * 512}},
        {"model": "m" * 10_000},
        {"model": "\ud83d"},
    ],
)
async def test_odd_filters_fit_nothing(world: EngineContext, filters: Any) -> None:
    await keep(world, a_run(**filters), logs(3))

    assert await plan_run(world, RUN) is None

    error = (await kept_run(world)).error
    assert error is not None
    assert error.code == "no_logs_found"
    assert len(error.message) < 1_100


async def test_a_log_that_cannot_be_read_is_named(world: EngineContext) -> None:
    broken = completion("?", "!", body='{"choices":[NaN]}')
    await keep(world, a_run(), [*logs(2), broken])

    assert await plan_run(world, RUN) is None

    error = (await kept_run(world)).error
    assert error is not None
    assert error.code == "invalid_data_source"
    assert error.message.startswith(f"Log '{broken.id}' makes no row: it cannot be read")


async def test_a_log_that_is_too_large_for_a_row_is_named(context: EngineContext) -> None:
    await keep_eval(context)
    large = completion("?" * 5_000, "!")
    await keep(context, a_run(), [*logs(2), large])

    assert await plan_run(replace(context, max_row_bytes=4_000), RUN) is None

    error = (await kept_run(context)).error
    assert error is not None
    assert error.message.startswith(f"The row of log '{large.id}' has 5")
