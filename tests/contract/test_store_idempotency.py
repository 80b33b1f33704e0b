"""Idempotency keys, as every store remembers them. Ours."""

import pytest

from evald.ports.kept import Remembered
from evald.ports.store import Store
from tests.contract.kept import NOW, OTHER_PROJECT, PROJECT
from tests.contract.test_store_evals import STRINGS

MADE = Remembered("hash of the request", "eval_1")
DAY = 86_400


async def found(store: Store, key: str, *, now: int, project_id: str = PROJECT) -> object:
    async with store.snapshot() as tx:
        return await tx.idempotency.find(project_id, key, now=now)


async def remember(store: Store, key: str, made: Remembered = MADE, *, now: int = NOW) -> None:
    async with store.transaction() as tx:
        await tx.idempotency.insert(PROJECT, key, made, now=now)


@pytest.mark.parametrize("key", STRINGS)
async def test_a_key_is_remembered_for_24_hours(store: Store, key: str) -> None:
    await remember(store, key)

    assert await found(store, key, now=NOW) == MADE
    assert await found(store, key, now=NOW + DAY - 1) == MADE
    assert await found(store, key, now=NOW + DAY) is None


async def test_a_key_is_its_projects_own(store: Store) -> None:
    await remember(store, "k")

    assert await found(store, "k", now=NOW, project_id=OTHER_PROJECT) is None
    assert await found(store, "K", now=NOW) is None


@pytest.mark.parametrize("later", [DAY, DAY + 1, 3 * DAY])
async def test_a_key_of_a_day_ago_may_be_used_again(store: Store, later: int) -> None:
    anew = Remembered("another hash", "eval_2")
    await remember(store, "k")
    await remember(store, "k", anew, now=NOW + later)

    assert await found(store, "k", now=NOW + later) == anew


async def test_keys_of_more_than_a_day_ago_are_forgotten(store: Store) -> None:
    await remember(store, "old")
    await remember(store, "young", now=NOW + 1)
    await remember(store, "new", now=NOW + DAY)

    assert await found(store, "old", now=NOW) is None
    assert await found(store, "young", now=NOW + DAY) == MADE
