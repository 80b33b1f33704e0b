"""Runs that are followed: what is said, when, and at what cost. All of it is ours."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any, TypeVar, cast

import pytest

from evald.domain.errors import RunNotFound, TooManyStreams
from evald.domain.tally import Tally
from evald.ports.kept import Rows, StoredRun
from evald.ports.store import Store
from evald.services.run_watch import Followed, RunWatch
from evald.wire.run_events import RunProgress
from evald.wire.runs import DeletedRun
from tests.support.virtual_time import LoopClock, run_in_virtual_time

T = TypeVar("T")
PROJECT = "proj_1"
QUEUED = StoredRun(
    id="evalrun_1",
    project_id=PROJECT,
    eval_id="eval_1",
    created_at=0,
    status="queued",
    name="",
    model="m",
    metadata={},
    data_source={},
    rows=Rows("blob", inline=False),
)
GOING = replace(QUEUED, status="in_progress", planned_rows=100)


class TellingStore:
    """A store of one run, which is as the test says at each moment of virtual time."""

    def __init__(self, run_at: Callable[[float], StoredRun | None]) -> None:
        self.run_at = run_at
        self.looks: list[float] = []

    def snapshot(self) -> AbstractAsyncContextManager[Any]:
        return self._snapshot()

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator["TellingStore"]:
        yield self

    @property
    def work(self) -> "TellingStore":
        return self

    async def find(self, run_id: str) -> StoredRun | None:
        now = asyncio.get_running_loop().time()
        self.looks.append(now)
        return self.run_at(now)


def watch_of(store: TellingStore, *, most_streams: int = 10) -> RunWatch:
    return RunWatch(cast("Store", store), LoopClock(), most_streams=most_streams)


def in_virtual_time(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    return run_in_virtual_time(work())


def done(count: int) -> StoredRun:
    return replace(GOING, tally=Tally(passed=count))


def ending_at(seconds: float, *, per_s: float) -> Callable[[float], StoredRun]:
    def run_at(now: float) -> StoredRun:
        run = done(min(100, int(now * per_s)))
        return replace(run, status="completed") if now >= seconds else run

    return run_at


async def all_of(news: Followed) -> list[RunProgress | StoredRun | DeletedRun | None]:
    async with aclosing(news):
        return [each async for each in news]


def test_progress_is_told_twice_a_second_at_most_and_the_end_closes() -> None:
    store = TellingStore(ending_at(2.0, per_s=50))

    told = in_virtual_time(lambda: all_of(watch_of(store).follow(PROJECT, QUEUED.id)))

    *progress, end = told
    assert store.looks == [0.0, 0.5, 1.0, 1.5, 2.0]
    assert [each.result_counts.passed for each in progress if isinstance(each, RunProgress)] == [
        0, 25, 50, 75,
    ]  # fmt: skip
    assert isinstance(end, StoredRun)
    assert end.status == "completed"


def test_pace_and_time_left_are_reckoned_from_the_last_seconds() -> None:
    store = TellingStore(ending_at(2.0, per_s=50))

    first, second, *_ = in_virtual_time(lambda: all_of(watch_of(store).follow(PROJECT, QUEUED.id)))

    assert isinstance(first, RunProgress)
    assert isinstance(second, RunProgress)
    assert (first.rows_per_second, first.seconds_left) == (None, None)
    assert (second.rows_per_second, second.seconds_left) == (50.0, 2)


def test_any_number_of_listeners_cost_one_look_each_half_second() -> None:
    store = TellingStore(ending_at(2.0, per_s=50))

    async def follow() -> list[int]:
        watch = watch_of(store, most_streams=500)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(all_of(watch.follow(PROJECT, QUEUED.id))) for _ in range(500)
            ]
        return [len(task.result()) for task in tasks]

    assert in_virtual_time(follow) == [5] * 500
    assert len(store.looks) == 5


def test_a_late_listener_shares_the_looks_of_the_others() -> None:
    store = TellingStore(ending_at(2.0, per_s=50))

    async def follow() -> None:
        watch = watch_of(store)
        async with asyncio.TaskGroup() as group:
            group.create_task(all_of(watch.follow(PROJECT, QUEUED.id)))
            await asyncio.sleep(0.75)
            group.create_task(all_of(watch.follow(PROJECT, QUEUED.id)))

    in_virtual_time(follow)

    assert store.looks == [0.0, 0.5, 1.0, 1.5, 2.0]


def test_while_nothing_changes_that_is_said_every_fifteen_seconds() -> None:
    store = TellingStore(lambda now: QUEUED if now < 31 else replace(QUEUED, status="canceled"))

    progress, *rest, end = in_virtual_time(
        lambda: all_of(watch_of(store).follow(PROJECT, QUEUED.id))
    )

    assert isinstance(progress, RunProgress)
    assert (progress.status, progress.planned_rows) == ("queued", None)
    assert rest == [None, None]
    assert isinstance(end, StoredRun)


@pytest.mark.parametrize(
    "run", [replace(GOING, status="failed"), replace(GOING, imported={"status": "in_progress"})]
)
def test_a_run_that_has_ended_says_so_at_once(run: StoredRun) -> None:
    """One that was imported stays as it is, whatever its status."""
    store = TellingStore(lambda _: run)

    assert in_virtual_time(lambda: all_of(watch_of(store).follow(PROJECT, run.id))) == [run]
    assert store.looks == [0.0]


def test_a_run_that_is_deleted_meanwhile_is_told_of() -> None:
    store = TellingStore(lambda now: GOING if now < 1 else None)

    *_, end = in_virtual_time(lambda: all_of(watch_of(store).follow(PROJECT, GOING.id)))

    assert end == DeletedRun(run_id=GOING.id)


@pytest.mark.parametrize("project_id", [PROJECT, "proj_of_others"])
def test_a_run_that_is_not_there_or_of_others_is_not_found(project_id: str) -> None:
    run = None if project_id == PROJECT else GOING
    watch = watch_of(TellingStore(lambda _: run))

    with pytest.raises(RunNotFound):
        in_virtual_time(lambda: all_of(watch.follow(project_id, GOING.id)))

    assert watch.streams == 0


def test_of_so_many_streams_the_next_is_refused_until_one_is_left() -> None:
    async def follow() -> list[type]:
        watch = watch_of(TellingStore(lambda _: GOING), most_streams=2)
        streams = [watch.follow(PROJECT, GOING.id) for _ in range(2)]
        told: list[type] = [type(await anext(each)) for each in streams]
        with pytest.raises(TooManyStreams):
            await anext(watch.follow(PROJECT, GOING.id))
        await streams[0].aclose()
        told.append(type(await anext(watch.follow(PROJECT, GOING.id))))
        return told

    assert in_virtual_time(follow) == [RunProgress] * 3


def test_nobody_looks_at_a_run_that_nobody_follows_any_more() -> None:
    store = TellingStore(lambda _: GOING)

    async def follow() -> int:
        watch = watch_of(store)
        news = watch.follow(PROJECT, GOING.id)
        leaving = asyncio.create_task(all_of(news))
        await asyncio.sleep(1.25)
        leaving.cancel()
        await asyncio.wait([leaving])
        looks = len(store.looks)
        await asyncio.sleep(60)
        assert watch.streams == 0
        return len(store.looks) - looks

    assert in_virtual_time(follow) == 0


def test_one_who_leaves_takes_no_look_away_from_the_others() -> None:
    store = TellingStore(ending_at(2.0, per_s=50))

    async def follow() -> int:
        watch = watch_of(store)
        staying = asyncio.create_task(all_of(watch.follow(PROJECT, GOING.id)))
        leaving = asyncio.create_task(all_of(watch.follow(PROJECT, GOING.id)))
        await asyncio.sleep(0.7)
        leaving.cancel()
        return len(await staying)

    assert in_virtual_time(follow) == 5


def test_a_store_that_is_away_for_a_while_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    run_at = ending_at(3.0, per_s=10)

    def away(now: float) -> StoredRun:
        if 1.0 <= now < 2.0:
            raise OSError("away")
        return run_at(now)

    *_, end = in_virtual_time(
        lambda: all_of(watch_of(TellingStore(away)).follow(PROJECT, GOING.id))
    )

    assert isinstance(end, StoredRun)
    assert caplog.text.count("run_not_looked_at") == 2


def test_at_the_end_of_the_process_streams_end_without_a_last_word() -> None:
    async def follow() -> float:
        watch = watch_of(TellingStore(lambda _: GOING))
        following = asyncio.create_task(all_of(watch.follow(PROJECT, GOING.id)))
        await asyncio.sleep(1.1)
        watch.close()
        told = await following
        assert all(isinstance(each, RunProgress) for each in told)
        return asyncio.get_running_loop().time()

    assert in_virtual_time(follow) == pytest.approx(1.5)
