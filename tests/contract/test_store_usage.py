"""What every store must do with the ledger of what was spent; all of it is ours."""

from dataclasses import replace

from evald.ports.kept import UsageEntry
from evald.ports.store import Store
from tests.contract.kept import OTHER_PROJECT, PROJECT

ENTRY = UsageEntry(
    project_id=PROJECT,
    key_id="key_1",
    model="gpt-x",
    route="/v1/chat/completions",
    day=20_000,
    calls=1,
    untold=0,
    input_tokens=10,
    cached_tokens=4,
    output_tokens=3,
)


async def test_entries_of_one_key_model_route_and_day_are_one_sum(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.usage.add([ENTRY, replace(ENTRY, untold=1, input_tokens=0)])
    async with store.transaction() as tx:
        await tx.usage.add([ENTRY])

    async with store.snapshot() as tx:
        found = await tx.usage.between(PROJECT, first_day=20_000, last_day=20_000, most=10)

    wanted = replace(ENTRY, calls=3, untold=1, input_tokens=20, cached_tokens=12, output_tokens=9)
    assert found == [wanted]


async def test_entries_come_by_day_model_key_and_route_within_the_days(store: Store) -> None:
    entries = [
        replace(ENTRY, day=20_000, model="b"),
        replace(ENTRY, day=20_000, model="b", key_id="key_2"),
        replace(ENTRY, day=20_001, model="a"),
        replace(ENTRY, day=20_001, model="a", route="/v1/responses"),
    ]
    outside = [
        replace(ENTRY, day=19_999),
        replace(ENTRY, day=20_002),
        replace(ENTRY, project_id=OTHER_PROJECT),
    ]
    async with store.transaction() as tx:
        await tx.usage.add([*reversed(entries), *outside])

    async with store.snapshot() as tx:
        found = await tx.usage.between(PROJECT, first_day=20_000, last_day=20_001, most=10)
        first = await tx.usage.between(PROJECT, first_day=20_000, last_day=20_001, most=1)

    assert found == entries
    assert first == entries[:1]
