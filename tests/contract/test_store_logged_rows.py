"""What every store must do for runs over logs, beside the walk itself; all of it is ours."""

from pathlib import Path

import pytest

from evald.adapters.sql.store import open_store
from evald.domain.logs.filters import EVERY_LOG, LogPlace, LogSpan
from evald.ports.kept import Rows, StoredLog
from evald.ports.store import Store
from tests.contract.kept import NOW, PROJECT, find_run, keep_run, new_log

LARGE = 10_000


async def kept(store: Store, *logs: StoredLog) -> list[StoredLog]:
    async with store.transaction() as tx:
        assert all(await tx.logs.insert(logs))
    return list(logs)


def sized(*sizes: int) -> list[StoredLog]:
    """Logs of so many bytes, and the few of their other parts."""
    return [new_log(body="x" * size, created=NOW + n) for n, size in enumerate(sizes)]


@pytest.mark.parametrize(
    ("sizes", "count"),
    [
        ([LARGE], 1),
        ([10 * LARGE], 1),
        ([LARGE] * 3, 2),
        ([10 * LARGE, 10, 10], 1),
        ([10, 10, 10 * LARGE], 2),
        ([10] * 5, 5),
    ],
)
async def test_a_span_ends_before_the_log_that_is_too_much(
    store: Store, sizes: list[int], count: int
) -> None:
    logs = await kept(store, *sized(*sizes))
    span = LogSpan(most=9, most_bytes=3 * LARGE - 10)

    async with store.snapshot() as tx:
        found = await tx.logs.following(PROJECT, "chat_completion", wanted=EVERY_LOG, span=span)

    assert [each.id for each in found] == [each.id for each in logs[:count]]


async def test_a_span_without_logs_has_no_bytes(store: Store) -> None:
    span = LogSpan(most=9, most_bytes=1)

    async with store.snapshot() as tx:
        found = await tx.logs.following(PROJECT, "chat_completion", wanted=EVERY_LOG, span=span)

    assert found == []


async def test_places_are_those_of_the_logs_of_the_span(store: Store) -> None:
    await kept(store, *sized(1, 1, 1), new_log(kind="response"))

    async with store.snapshot() as tx:
        span = LogSpan(most=2, order="desc")
        places = await tx.logs.places(PROJECT, "chat_completion", wanted=EVERY_LOG, span=span)
        logs = await tx.logs.following(PROJECT, "chat_completion", wanted=EVERY_LOG, span=span)

    assert places == [LogPlace(each.created, each.seq) for each in logs]
    assert [each.created for each in places] == [NOW + 2, NOW + 1]


async def test_messages_of_many_completions_come_at_once(store: Store) -> None:
    first, second, third = (new_log(request=None) for _ in range(3))
    await kept(store, first, second, third)
    async with store.transaction() as tx:
        for number in (10, 2, 0):
            await tx.imports.add_message(first.id, number, {"number": number})
        await tx.imports.add_message(second.id, 0, {"text": "ä\x00"})
        await tx.imports.add_message(third.id, 0, {})

    async with store.snapshot() as tx:
        found = await tx.imports.messages([first.id, second.id, "chatcmpl-nowhere"])

    assert found == {
        first.id: [{"number": 0}, {"number": 2}, {"number": 10}],
        second.id: [{"text": "ä\x00"}],
    }


async def test_the_rows_of_a_run_of_logs_are_saved_once(store: Store) -> None:
    run = await keep_run(store, rows=Rows("", inline=False, logged=True))

    async with store.transaction() as tx:
        first = await tx.work.save_rows(run.id, "blob_1")
    async with store.transaction() as tx:
        second = await tx.work.save_rows(run.id, "blob_2")

    assert (first, second) == ("blob_1", "blob_1")
    found = await find_run(store, run.id)
    assert found is not None
    assert found.rows == Rows("blob_1", inline=False, logged=True)


async def test_other_rows_are_not_saved_anew(store: Store) -> None:
    run = await keep_run(store, rows=Rows("blob_1", inline=False))

    async with store.transaction() as tx:
        assert await tx.work.save_rows(run.id, "blob_2") == "blob_1"
        assert await tx.work.save_rows("evalrun_nowhere", "blob_2") is None


@pytest.mark.parametrize("size", [100, 100_000], ids=["in a page", "over many pages"])
async def test_what_is_deleted_is_in_the_file_no_more(folder: Path, size: int) -> None:
    logs = [new_log(body=f"secret {number} " + "x" * size) for number in range(5)]
    store = await open_store(folder / "evald.sqlite3")
    await kept(store, *logs)
    async with store.transaction() as tx:
        assert await tx.logs.delete(PROJECT, "chat_completion", logs[0].id)
        assert await tx.logs.delete_expired(created_before=NOW + 1, most=3) == 3
    await store.close()

    content = (folder / "evald.sqlite3").read_bytes()

    assert [b"secret %d " % number in content for number in range(5)] == [False] * 4 + [True]
