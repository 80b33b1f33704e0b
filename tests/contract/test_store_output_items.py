"""Output items, as every store keeps them. Ours, but for the status filter (documented)."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evald.domain.exact_json import dump
from evald.ports.kept import Page, StoredOutputItem
from evald.ports.store import CursorUnknown, Store
from evald.wire.output_items import OutputItemStatus
from evald.wire.pages import ListOutputItemsQuery, Order
from tests.contract.kept import (
    PROJECT,
    as_kept,
    keep_items,
    keep_run,
    new_eval,
    new_id,
    new_item,
    new_run,
    walk,
)
from tests.contract.test_store_evals import STRINGS
from tests.support.examples import at_most


async def page(store: Store, run_id: str, **query: Any) -> list[StoredOutputItem]:
    async with store.snapshot() as tx:
        return (await tx.output_items.page(run_id, ListOutputItemsQuery(**query))).rows


async def rows(store: Store, run_id: str, **query: Any) -> list[int]:
    return [item.row for item in await page(store, run_id, **query)]


@pytest.mark.parametrize("text", STRINGS)
async def test_an_item_comes_back_as_it_was_recorded(store: Store, text: str) -> None:
    run = await keep_run(store)
    json = dump({text: [text, 10**40]})
    item = new_item(3, status="fail", item_json=json, results_json=json, sample_json=json)
    await keep_items(store, run.id, [item])

    async with store.snapshot() as tx:
        assert await tx.output_items.get(run.id, item.id) == as_kept(item)
    assert await page(store, run.id) == [as_kept(item)]


async def test_an_item_comes_back_whose_sample_says_what_it_says(store: Store) -> None:
    run = await keep_run(store)
    text = 'The "printer" on the third floor\\ is out again, and /0/ somebody must come. ' * 3
    json = dump({"prompt": text, "expected": text})
    sample = dump({"input": [{"role": "user", "content": f"Say: {text}"}], "output": [text, text]})
    item = new_item(0, item_json=json, sample_json=sample)
    await keep_items(store, run.id, [item])

    assert await page(store, run.id) == [as_kept(item)]


async def test_items_are_listed_by_row_in_whatever_order_they_were_recorded(store: Store) -> None:
    run = await keep_run(store)
    for row in (2, 0, 1_000_000, 1):
        await keep_items(store, run.id, [new_item(row)])

    assert await rows(store, run.id) == [0, 1, 2, 1_000_000]
    assert await rows(store, run.id, order="desc") == [1_000_000, 2, 1, 0]


async def test_items_of_one_status_are_listed(store: Store) -> None:
    run = await keep_run(store)
    statuses: list[OutputItemStatus] = ["pass", "fail", "error", "fail"]
    items = [new_item(row, status=status) for row, status in enumerate(statuses)]
    await keep_items(store, run.id, items)

    assert await rows(store, run.id, status="pass") == [0]
    assert await rows(store, run.id, status="fail") == [1, 3]
    assert await rows(store, run.id, status="error") == [2]


async def test_a_cursor_may_have_another_status_than_asked_for(store: Store) -> None:
    run = await keep_run(store)
    passed, failed = new_item(0), new_item(1, status="fail")
    await keep_items(store, run.id, [passed, failed])

    assert await rows(store, run.id, status="fail", after=passed.id) == [1]


async def test_items_are_their_runs_own(store: Store) -> None:
    run, other = await keep_run(store), await keep_run(store)
    item = new_item(0)
    await keep_items(store, run.id, [item])

    async with store.snapshot() as tx:
        assert await tx.output_items.get(other.id, item.id) is None
    assert await page(store, other.id) == []
    with pytest.raises(CursorUnknown):
        await page(store, other.id, after=item.id)


def misspelled(item_id: str) -> list[str]:
    digits = item_id.removeprefix("outputitem_")
    return ["", digits, item_id.upper(), f"outputitem_ {digits}", "outputitem_\ud800", "x\0"]


@pytest.mark.parametrize("which", range(6))
async def test_an_id_has_one_spelling(store: Store, which: int) -> None:
    run = await keep_run(store)
    item = new_item(0)
    await keep_items(store, run.id, [item])
    wrong = misspelled(item.id)[which]

    async with store.snapshot() as tx:
        assert await tx.output_items.get(run.id, wrong) is None
    with pytest.raises(CursorUnknown):
        await page(store, run.id, after=wrong)


async def test_a_run_that_is_not_there_has_no_items(store: Store) -> None:
    assert await page(store, new_id("evalrun_")) == []


@settings(at_most(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    recorded=st.dictionaries(
        st.integers(0, 10_000), st.sampled_from(["pass", "fail", "error"]), max_size=12
    ),
    wanted=st.sampled_from([None, "pass", "fail"]),
    limit=st.integers(1, 4),
    order=st.sampled_from(["asc", "desc"]),
)
async def test_pages_of_any_size_show_every_item_once(
    store: Store,
    recorded: dict[int, OutputItemStatus],
    wanted: OutputItemStatus | None,
    limit: int,
    order: Order,
) -> None:
    """Law; rows are recorded in any order, beside those of another run."""
    an_eval = new_eval()
    run, other = new_run(an_eval.id), new_run(an_eval.id)
    items = [new_item(row, status=status) for row, status in recorded.items()]
    async with store.transaction() as tx:
        await tx.evals.insert(PROJECT, an_eval)
        await tx.runs.insert(run)
        await tx.runs.insert(other)
        await tx.work.record(run.id, items)
        await tx.work.record(other.id, [new_item(row) for row in recorded])

    async def asked(query: ListOutputItemsQuery) -> Page[StoredOutputItem]:
        async with store.snapshot() as tx:
            return await tx.output_items.page(run.id, query)

    query = ListOutputItemsQuery(limit=limit, order=order, status=wanted)
    ids = await walk(asked, query, lambda item: item.id)

    by_row = sorted(items, key=lambda item: item.row, reverse=order == "desc")
    assert ids == [item.id for item in by_row if wanted is None or item.status == wanted]
