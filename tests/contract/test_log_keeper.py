"""The keeper writes many at a time, gives taken ids new ones, and tells whoever waits the truth."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from evald.adapters.clock import SystemClock
from evald.domain.errors import LogNotKept
from evald.ports.kept import StoredLog, UsageEntry
from evald.ports.store import Store, Transaction
from evald.services.log_keeper import LogKeeper
from tests.contract.conftest import EVERY_STORE, STORES
from tests.support.instant_clock import InstantClock
from tests.support.kept_logs import PROJECT, completion

SPENT = UsageEntry(PROJECT, "key_1", "m", "chat/completions", 20_000, calls=1, input_tokens=5)


class CountingStore:
    """A store that counts its transactions, holds them back, and fails where it is told to."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.transactions = 0
        self.has_begun = asyncio.Event()
        self.may_commit = asyncio.Event()
        self.may_commit.set()
        self.is_away = False
        self.poison = ""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        self.transactions += 1
        self.has_begun.set()
        await self.may_commit.wait()
        if self.is_away:
            raise ConnectionError
        async with self._store.transaction() as tx:
            yield tx
            if self.poison and await tx.logs.find(self.poison) is not None:
                raise ValueError(self.poison)

    def snapshot(self) -> AbstractAsyncContextManager[Transaction]:
        if self.is_away:
            raise ConnectionError
        return self._store.snapshot()


@pytest.fixture(params=EVERY_STORE)
async def store(request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[CountingStore]:
    async with STORES[request.param](folder) as opened:
        yield CountingStore(opened)


@pytest.fixture
def keeper(store: CountingStore) -> LogKeeper:
    return LogKeeper(store, SystemClock())


async def found(store: CountingStore, log_id: str) -> StoredLog | None:
    async with store.snapshot() as tx:
        return await tx.logs.find(log_id)


async def ledger(store: CountingStore) -> list[UsageEntry]:
    async with store.snapshot() as tx:
        return await tx.usage.between(PROJECT, first_day=0, last_day=99_999, most=100)


async def test_what_is_kept_is_there_with_what_it_cost(
    store: CountingStore, keeper: LogKeeper
) -> None:
    log = completion("q", "a")

    kept = await keeper.keep(log, SPENT)

    assert kept == log
    there = await found(store, log.id)
    assert there is not None
    assert (there.body, there.request) == (log.body, log.request)
    assert await ledger(store) == [SPENT]


async def test_those_who_come_during_a_commit_share_the_next(
    store: CountingStore, keeper: LogKeeper
) -> None:
    store.may_commit.clear()
    first = asyncio.create_task(keeper.keep(completion("0", "a")))
    await store.has_begun.wait()
    others = [asyncio.create_task(keeper.keep(completion(str(n), "a"))) for n in range(20)]
    await asyncio.sleep(0)
    store.may_commit.set()

    await asyncio.wait([first, *others])

    assert store.transactions == 2
    assert all(task.exception() is None for task in others)


async def test_an_id_that_is_taken_gives_way_in_the_body_too(
    store: CountingStore, keeper: LogKeeper
) -> None:
    log = completion("q", "a", body='{"id":"c1","created":1.50}', id="c1")
    await keeper.keep(log)

    second, third = [await keeper.keep(replace(log, request=None)) for _ in range(2)]

    assert len({"c1", second.id, third.id}) == 3
    assert second.id.startswith("chatcmpl-")
    assert second.body == f'{{"id":"{second.id}","created":1.50}}'
    assert await found(store, second.id) is not None


async def test_ids_that_are_alike_in_one_commit_are_told_apart(
    store: CountingStore, keeper: LogKeeper
) -> None:
    log = completion("q", "a")
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(keeper.keep(log)) for _ in range(5)]

    assert len({task.result().id for task in tasks}) == 5


async def test_a_log_without_an_id_gets_one(keeper: LogKeeper) -> None:
    kept = await keeper.keep(replace(completion("q", "a"), id="", body="{}", kind="response"))

    assert kept.id.startswith("resp_")
    assert json.loads(kept.body) == {"id": kept.id}


async def test_an_id_is_claimed_by_one_at_a_time(keeper: LogKeeper) -> None:
    assert await keeper.claim("chat_completion", "c2") == "c2"
    assert await keeper.claim("chat_completion", "c2") != "c2"
    keeper.release("c2")
    assert await keeper.claim("chat_completion", "c2") == "c2"


async def test_the_id_of_a_log_that_is_there_is_not_given_again(keeper: LogKeeper) -> None:
    log = await keeper.keep(completion("q", "a"))

    assert await keeper.claim("chat_completion", log.id) != log.id


async def test_a_store_that_is_away_is_told_and_the_next_goes_through(
    store: CountingStore, keeper: LogKeeper
) -> None:
    store.is_away = True
    with pytest.raises(LogNotKept):
        await keeper.keep(completion("q", "a"), SPENT)
    with pytest.raises(LogNotKept):
        await keeper.claim("chat_completion", "c3")
    store.is_away = False

    log = await keeper.keep(completion("q", "b"))

    assert await found(store, log.id) is not None
    assert await ledger(store) == []


async def test_one_that_cannot_be_kept_takes_no_others_along(
    store: CountingStore, keeper: LogKeeper
) -> None:
    logs = [completion(str(n), "a") for n in range(5)]
    store.poison = logs[2].id

    tasks = [asyncio.create_task(keeper.keep(log)) for log in logs]
    await asyncio.wait(tasks)

    outcomes = [type(task.exception()) for task in tasks]
    assert outcomes == [type(None), type(None), LogNotKept, type(None), type(None)]
    assert await found(store, logs[2].id) is None


async def test_usage_is_summed_and_written_a_second_later(store: CountingStore) -> None:
    clock = InstantClock()
    keeper = LogKeeper(store, clock)
    async with keeper.working():
        for _ in range(3):
            keeper.note_usage(SPENT)
        await store.has_begun.wait()

    assert await ledger(store) == [replace(SPENT, calls=3, input_tokens=15)]
    assert clock.slept[0] == 1.0


async def test_usage_that_could_not_be_written_is_written_later(store: CountingStore) -> None:
    keeper = LogKeeper(store, SystemClock())
    store.is_away = True
    async with keeper.working():
        keeper.note_usage(SPENT)
        assert not await keeper._flush()  # noqa: SLF001 - as its loop does each second
        keeper.note_usage(SPENT)
        store.is_away = False

    assert await ledger(store) == [replace(SPENT, calls=2, input_tokens=10)]
