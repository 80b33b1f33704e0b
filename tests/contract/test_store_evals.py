"""Evals, as every store keeps them. Ours, but for the orders of the list (documented)."""

from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evald.domain.exact_json import dump, parse
from evald.ports.kept import Page
from evald.ports.store import CursorUnknown, Store
from evald.wire.evals import Eval, eval_json
from evald.wire.pages import ListEvalsQuery, Order
from tests.contract.kept import (
    NOW,
    OTHER_PROJECT,
    PROJECT,
    criterion,
    find_run,
    keep_eval,
    keep_run,
    new_eval,
    new_id,
    walk,
)
from tests.support.examples import at_most

STRINGS = ["NUL \0 inside", "half a pair \ud800", "', \"; -- {{ }}", "Zürich ✓ 🎉", ""]


async def found(store: Store, eval_id: str, project_id: str = PROJECT) -> Eval | None:
    async with store.snapshot() as tx:
        return await tx.evals.get(project_id, eval_id)


async def page(store: Store, **query: Any) -> list[str]:
    async with store.snapshot() as tx:
        answer = await tx.evals.page(PROJECT, ListEvalsQuery(**query))
    return [each.id for each in answer.rows]


async def test_an_eval_comes_back_as_it_was_kept(store: Store) -> None:
    kept = await keep_eval(store)

    assert await found(store, kept.id) == kept


@pytest.mark.parametrize("text", STRINGS)
async def test_any_text_is_kept(store: Store, text: str) -> None:
    kept = await keep_eval(
        store,
        name=text,
        metadata={text: text},
        data_source_config={"type": "custom", "schema": {text: [text]}},
        testing_criteria=[criterion(id=f"{text}-1", reference=text)],
    )

    assert await found(store, kept.id) == kept


async def test_numbers_keep_the_text_they_had(store: Store) -> None:
    text = '{"a":123456789012345678901234567890,"b":15.0,"c":15,"d":0.10,"e":1E400}'
    kept = await keep_eval(store, data_source_config=parse(text))

    again = await found(store, kept.id)

    assert again is not None
    assert dump(again.data_source_config) == text


async def test_what_is_nested_as_deep_as_a_request_may_be_is_kept(store: Store) -> None:
    deep: Any = parse("[" * 256 + "]" * 256)
    kept = await keep_eval(store, data_source_config={"schema": {"properties": {"item": deep}}})

    assert await found(store, kept.id) == kept


@pytest.mark.parametrize("eval_id", ["eval_none", "", "\0", "\ud800", "'; DROP TABLE evals"])
async def test_an_unknown_eval_is_not_found(store: Store, eval_id: str) -> None:
    await keep_eval(store)

    assert await found(store, eval_id) is None


async def test_an_eval_is_its_projects_own(store: Store) -> None:
    kept = await keep_eval(store)

    async with store.transaction() as tx:
        await tx.evals.update(OTHER_PROJECT, kept.model_copy(update={"name": "x"}), updated_at=NOW)
        assert await tx.evals.delete(OTHER_PROJECT, kept.id) == []
        assert (await tx.evals.page(OTHER_PROJECT, ListEvalsQuery())).rows == []
    assert await found(store, kept.id, OTHER_PROJECT) is None
    assert await found(store, kept.id) == kept


async def test_evals_are_listed_in_the_order_in_which_they_were_made(store: Store) -> None:
    """Ours: those of one second in the order in which they came; imported ones are old."""
    ages = (5, 5, 2, 9)
    kept = [(NOW - age, (await keep_eval(store, created_at=NOW - age)).id) for age in ages]
    ids = [eval_id for _, eval_id in sorted(kept, key=lambda each: each[0])]

    assert await page(store) == ids
    assert await page(store, order="desc") == ids[::-1]


async def test_a_page_begins_beyond_after(store: Store) -> None:
    ids = [(await keep_eval(store)).id for _ in range(4)]

    assert await page(store, after=ids[1]) == ids[2:]
    assert await page(store, after=ids[1], order="desc") == ids[:1]


@pytest.mark.parametrize(("limit", "has_more"), [(1, True), (2, True), (3, False), (4, False)])
async def test_has_more_is_exact(store: Store, limit: int, has_more: bool) -> None:
    for _ in range(3):
        await keep_eval(store)

    async with store.snapshot() as tx:
        answer = await tx.evals.page(PROJECT, ListEvalsQuery(limit=limit))

    assert (len(answer.rows), answer.has_more) == (min(limit, 3), has_more)


@pytest.mark.parametrize("order_by", ["created_at", "updated_at"])
@pytest.mark.parametrize("after", ["eval_none", "", "\ud800"])
async def test_an_unknown_cursor_is_refused(
    store: Store, after: str, order_by: Literal["created_at", "updated_at"]
) -> None:
    await keep_eval(store)

    with pytest.raises(CursorUnknown):
        await page(store, after=after, order_by=order_by)


async def test_an_eval_of_another_project_is_no_cursor(store: Store) -> None:
    foreign = new_eval()
    async with store.transaction() as tx:
        await tx.evals.insert(OTHER_PROJECT, foreign)

    with pytest.raises(CursorUnknown):
        await page(store, after=foreign.id)


async def test_evals_updated_in_the_same_second_are_listed_as_they_came(store: Store) -> None:
    first, second, third = [await keep_eval(store) for _ in range(3)]
    async with store.transaction() as tx:
        await tx.evals.update(PROJECT, first, updated_at=NOW + 1)
        await tx.evals.update(PROJECT, third, updated_at=NOW + 1)

    ids = [second.id, first.id, third.id]
    assert await page(store, order_by="updated_at") == ids
    assert await page(store, order_by="updated_at", order="desc") == ids[::-1]


@settings(at_most(30), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    updates=st.lists(st.integers(0, 3), max_size=9),
    limit=st.integers(1, 4),
    order=st.sampled_from(["asc", "desc"]),
    order_by=st.sampled_from(["created_at", "updated_at"]),
)
async def test_pages_of_any_size_show_every_eval_once(
    store: Store,
    updates: list[int],
    limit: int,
    order: Order,
    order_by: Literal["created_at", "updated_at"],
) -> None:
    """Law: seconds of update may be shared; insertion breaks the tie."""
    project = new_id("proj_")
    evals = [new_eval() for _ in updates]
    async with store.transaction() as tx:
        for each, second in zip(evals, updates, strict=True):
            await tx.evals.insert(project, each)
            await tx.evals.update(project, each, updated_at=NOW + second)

    async def asked(query: ListEvalsQuery) -> Page[Eval]:
        async with store.snapshot() as tx:
            return await tx.evals.page(project, query)

    query = ListEvalsQuery(limit=limit, order=order, order_by=order_by)
    ids = await walk(asked, query, lambda each: each.id)

    place = range(len(evals))
    key = updates.__getitem__ if order_by == "updated_at" else place.__getitem__
    ordered = [evals[each].id for each in sorted(place, key=key)]
    assert ids == (ordered if order == "asc" else ordered[::-1])


async def test_an_update_changes_name_and_metadata_only(store: Store) -> None:
    kept = await keep_eval(store, data_source_config=parse('{"exact":0.10}'))
    changes = {"name": "Rivers", "metadata": {}, "created_at": 1, "testing_criteria": []}

    async with store.transaction() as tx:
        await tx.evals.update(PROJECT, kept.model_copy(update=changes), updated_at=NOW + 9)

    again = await found(store, kept.id)
    assert again == kept.model_copy(update={"name": "Rivers", "metadata": {}})
    assert dump(eval_json(again)["data_source_config"]) == '{"exact":0.10}'


async def test_updating_an_eval_that_is_gone_does_nothing(store: Store) -> None:
    gone = new_eval()

    async with store.transaction() as tx:
        await tx.evals.update(PROJECT, gone, updated_at=NOW)

    assert await found(store, gone.id) is None


async def test_deleting_an_eval_takes_its_runs_along_and_names_them(store: Store) -> None:
    kept, other = await keep_eval(store), await keep_eval(store)
    runs = [await keep_run(store, kept.id) for _ in range(3)]
    spared = await keep_run(store, other.id)

    async with store.transaction() as tx:
        run_ids = await tx.evals.delete(PROJECT, kept.id)

    assert run_ids == [run.id for run in runs]
    assert await found(store, kept.id) is None
    assert [await find_run(store, run_id) for run_id in run_ids] == [None] * 3
    assert await find_run(store, spared.id) == spared
