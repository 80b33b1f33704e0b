"""API keys, as every store keeps them. Ours."""

import pytest

from evald.ports.kept import StoredKey
from evald.ports.store import Store
from tests.contract.kept import NOW, OTHER_PROJECT, PROJECT, new_key
from tests.contract.test_store_evals import STRINGS


async def keep_key(store: Store, key: StoredKey) -> str:
    secret_hash = f"hash of {key.id}"
    async with store.transaction() as tx:
        await tx.keys.insert(key, secret_hash=secret_hash)
    return secret_hash


@pytest.mark.parametrize("text", STRINGS)
async def test_a_key_is_found_by_the_hash_of_its_secret(store: Store, text: str) -> None:
    key = new_key(name=text)
    secret_hash = await keep_key(store, key)

    async with store.snapshot() as tx:
        assert await tx.keys.find(secret_hash) == key
        assert await tx.keys.find("another hash") is None


async def test_keys_are_listed_the_oldest_first_revoked_ones_too(store: Store) -> None:
    keys = [new_key(created_at=NOW - each, revoked_at=each or None) for each in range(3)]
    for key in (*keys, new_key(project_id=OTHER_PROJECT)):
        await keep_key(store, key)

    async with store.snapshot() as tx:
        assert await tx.keys.all(PROJECT) == keys


async def test_a_key_is_revoked_once(store: Store) -> None:
    key = new_key()
    secret_hash = await keep_key(store, key)

    async with store.transaction() as tx:
        assert not await tx.keys.revoke(OTHER_PROJECT, key.id, now=NOW + 1)
        assert await tx.keys.revoke(PROJECT, key.id, now=NOW + 2)
        assert not await tx.keys.revoke(PROJECT, key.id, now=NOW + 3)
        assert not await tx.keys.revoke(PROJECT, "key_none", now=NOW + 3)
        found = await tx.keys.find(secret_hash)

    assert found is not None
    assert found.revoked_at == NOW + 2


async def test_a_revoked_key_is_not_a_good_one(store: Store) -> None:
    key = new_key()

    async with store.transaction() as tx:
        assert not await tx.keys.any_good()
        await tx.keys.insert(key, secret_hash="1")
        assert await tx.keys.any_good()
        await tx.keys.revoke(PROJECT, key.id, now=NOW)
        assert not await tx.keys.any_good()
