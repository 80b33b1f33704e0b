"""Files, as every store keeps them. Ours, but for purpose and order (documented)."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evald.ports.kept import Page, StoredFile
from evald.ports.store import CursorUnknown, Store
from evald.wire.pages import ListFilesQuery, Order
from tests.contract.kept import NOW, OTHER_PROJECT, PROJECT, keep_file, new_file, new_id, walk
from tests.contract.test_store_evals import STRINGS
from tests.support.examples import at_most


async def found(store: Store, file_id: str, *, now: int = NOW) -> StoredFile | None:
    async with store.snapshot() as tx:
        return await tx.files.get(PROJECT, file_id, now=now)


async def page(store: Store, *, now: int = NOW, **query: Any) -> list[str]:
    async with store.snapshot() as tx:
        answer = await tx.files.page(PROJECT, ListFilesQuery(**query), now=now)
    return [each.file.id for each in answer.rows]


@pytest.mark.parametrize("text", STRINGS)
async def test_a_file_comes_back_as_it_was_kept(store: Store, text: str) -> None:
    stored = await keep_file(store, filename=text, bytes=2**40, expires_at=NOW + 1)

    assert await found(store, stored.file.id) == stored


@pytest.mark.parametrize("file_id", ["file-none", "", "\0", "\ud800"])
async def test_an_unknown_file_is_not_found(store: Store, file_id: str) -> None:
    assert await found(store, file_id) is None


async def test_a_file_is_its_projects_own(store: Store) -> None:
    stored = await keep_file(store)

    async with store.transaction() as tx:
        assert await tx.files.get(OTHER_PROJECT, stored.file.id, now=NOW) is None
        assert not await tx.files.delete(OTHER_PROJECT, stored.file.id)
        assert (await tx.files.page(OTHER_PROJECT, ListFilesQuery(), now=NOW)).rows == []
    assert await found(store, stored.file.id) == stored


async def test_a_file_is_there_until_it_expires(store: Store) -> None:
    file_id = (await keep_file(store, expires_at=NOW + 10)).file.id

    assert await found(store, file_id, now=NOW + 9) is not None
    assert await page(store, now=NOW + 9) == [file_id]
    assert await found(store, file_id, now=NOW + 10) is None
    assert await page(store, now=NOW + 10) == []
    with pytest.raises(CursorUnknown):
        await page(store, now=NOW + 10, after=file_id)


async def test_expired_files_go_and_the_others_stay(store: Store) -> None:
    for expires_at in (NOW - 1, NOW):
        await keep_file(store, expires_at=expires_at)
    later, never = await keep_file(store, expires_at=NOW + 1), await keep_file(store)

    async with store.transaction() as tx:
        assert await tx.files.delete_expired(now=NOW) == 2
        assert await tx.files.delete_expired(now=NOW) == 0

    assert await page(store, now=0, order="asc") == [later.file.id, never.file.id]


async def test_files_of_one_purpose_are_listed_the_newest_first(store: Store) -> None:
    first, _, third = [
        (await keep_file(store, purpose=purpose)).file.id for purpose in ("evals", "batch", "evals")
    ]

    assert await page(store, purpose="evals") == [third, first]
    assert await page(store, purpose="\ud800") == []


async def test_a_deleted_file_is_gone(store: Store) -> None:
    stored, spared = await keep_file(store), await keep_file(store)

    async with store.transaction() as tx:
        assert await tx.files.delete(PROJECT, stored.file.id)
        assert not await tx.files.delete(PROJECT, stored.file.id)

    assert await page(store) == [spared.file.id]


@settings(at_most(30), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    expiries=st.lists(st.sampled_from([None, NOW, NOW + 1]), max_size=9),
    limit=st.integers(1, 4),
    order=st.sampled_from(["asc", "desc"]),
)
async def test_pages_of_any_size_show_every_file_once(
    store: Store, expiries: list[int | None], limit: int, order: Order
) -> None:
    project = new_id("proj_")
    files = [new_file(expires_at=expires_at) for expires_at in expiries]
    async with store.transaction() as tx:
        for each in files:
            await tx.files.insert(project, each)

    async def asked(query: ListFilesQuery) -> Page[StoredFile]:
        async with store.snapshot() as tx:
            return await tx.files.page(project, query, now=NOW)

    ids = await walk(asked, ListFilesQuery(limit=limit, order=order), lambda each: each.file.id)

    ordered = [each.file.id for each in files if each.file.expires_at != NOW]
    assert ids == (ordered if order == "asc" else ordered[::-1])
