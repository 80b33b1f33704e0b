"""The recorder: nothing that was taken is dropped, and it is never far behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from evald.adapters.clock import SystemClock
from evald.engine.recorder import BATCH_ROWS, Recorder
from evald.ports.kept import StoredOutputItem
from evald.ports.store import Store, Transaction
from evald.wire.runs import RunStatus


class WrittenDown:
    """A store that only records items; each write can be told to fail or to wait."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.failures: list[Exception] = []
        self.held = asyncio.Event()
        self.held.set()
        self.written = asyncio.Event()
        self.status: RunStatus | None = "in_progress"

    @property
    def work(self) -> "WrittenDown":
        return self

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        yield cast("Transaction", self)

    async def record(
        self, run_id: str, items: list[StoredOutputItem], *, chance: int
    ) -> RunStatus | None:
        assert (run_id, chance) == ("evalrun_1", 0)
        await self.held.wait()
        if self.failures:
            raise self.failures.pop()
        self.batches.append([item.row for item in items])
        self.written.set()
        return self.status

    def rows(self) -> list[int]:
        return [row for batch in self.batches for row in batch]


def item(row: int) -> StoredOutputItem:
    return StoredOutputItem(f"outputitem_{row}", row, 0, "pass", "", "{}", "[]", "{}")


def recorder_on(store: WrittenDown) -> Recorder:
    return Recorder(cast("Store", store), SystemClock(), "evalrun_1")


async def test_a_full_batch_is_written_at_once() -> None:
    store = WrittenDown()
    recorder = recorder_on(store)

    for row in range(BATCH_ROWS + 1):
        await recorder.put(item(row))

    assert store.batches == [list(range(BATCH_ROWS))]


async def test_a_few_rows_are_written_within_a_moment() -> None:
    store = WrittenDown()
    recorder = recorder_on(store)
    writing = asyncio.create_task(recorder.keep_writing())
    await recorder.put(item(1))

    async with asyncio.timeout(5):
        await store.written.wait()
    writing.cancel()

    assert store.rows() == [1]


async def test_rows_of_a_failed_write_are_written_by_the_next() -> None:
    store = WrittenDown()
    store.failures = [OSError("disk full")]
    recorder = recorder_on(store)
    await recorder.put(item(1))

    with pytest.raises(OSError, match="disk full"):
        await recorder.write()
    await recorder.put(item(2))
    await recorder.write()

    assert store.rows() == [1, 2]


async def test_rows_of_a_canceled_write_are_written_by_the_next() -> None:
    store = WrittenDown()
    store.held.clear()
    recorder = recorder_on(store)
    await recorder.put(item(1))
    writing = asyncio.create_task(recorder.write())
    await asyncio.sleep(0)
    writing.cancel()
    await asyncio.wait([writing])

    store.held.set()
    await recorder.write()

    assert store.rows() == [1]


async def test_the_status_of_the_run_is_told() -> None:
    store = WrittenDown()
    store.status = None
    recorder = recorder_on(store)

    await recorder.put(item(1))
    await recorder.write()

    assert recorder.status is None
