"""Items of a run are grouped by a field, in slices; all of it is ours."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue

from evald.domain.errors import InvalidValue, RunNotFound
from evald.domain.item_filters import TextFilter, read_condition
from evald.domain.statistics.clusters import Cluster
from evald.ports.kept import StoredOutputItem
from evald.ports.verdicts import Place
from evald.services.context import Context
from evald.services.group_memory import CriterionSums, GroupMemory, ItemGroup
from evald.services.item_groups import GroupsAsked, ItemGroups, cluster_items, group_items
from evald.services.item_query import ItemCursor, ItemQuery
from evald.services.item_slices import PAGE_ITEMS
from evald.services.keys import DEFAULT_PROJECT
from tests.support.kept_runs import (
    CORRECT,
    LIMITED,
    POLITE,
    RUN_ID,
    eval_named,
    item_of,
    keep_eval,
    keep_run,
    opened_context,
    run_named,
    verdict,
)
from tests.unit.services.test_item_search import HastyClock

MANY = 3 * PAGE_ITEMS


@pytest.fixture
async def context(tmp_path: Path) -> AsyncIterator[Context]:
    async with opened_context(tmp_path) as opened:
        await keep_eval(opened.store, eval_named("Tickets"))
        yield opened


def judged(row: int, item: JsonValue, score: float | None, *, passed: bool) -> StoredOutputItem:
    error = LIMITED if score is None else None
    polite = verdict(POLITE, score or 0.0, passed=passed, error=error)
    return item_of(row, item=item, verdicts=[verdict(CORRECT, 1.0, passed=True), polite])


FIVE = [
    judged(0, {"a": {"b": "x"}}, 0.5, passed=True),
    judged(1, {"a": {"b": "x"}}, 0.25, passed=False),
    judged(2, {"a": {"b": "x"}}, None, passed=False),
    judged(3, {"a": {"b": 7}}, 1.0, passed=True),
    judged(4, {"a": {}}, 0.0, passed=False),
]


PASSED = ItemQuery(status="pass")


async def grouped(
    context: Context, by: str, query: ItemQuery | None = None, *, most: int = 100
) -> ItemGroups:
    asked = GroupsAsked(by, most, query or ItemQuery())
    return await group_items(context, DEFAULT_PROJECT, RUN_ID, asked)


async def kept(context: Context, *items: StoredOutputItem) -> None:
    await keep_run(context.store, run_named("One"), items)


async def test_groups_hold_counts_and_sums_by_criterion(context: Context) -> None:
    await kept(context, *FIVE)

    found = await grouped(context, "item.a.b")

    assert found.groups == [
        ItemGroup(
            value="x",
            is_missing=False,
            items=3,
            passed=1,
            failed=1,
            errored=1,
            criteria={
                0: CriterionSums(passed=3, scored=3, total=3.0, total_of_squares=3.0),
                1: CriterionSums(1, 1, 1, scored=2, total=0.75, total_of_squares=0.3125),
            },
        ),
        *found.groups[1:],
    ]
    shown = [(each.value, each.is_missing, each.items) for each in found.groups]
    assert shown == [("x", False, 3), (7, False, 1), (None, True, 1)]
    assert (found.searched, found.total, found.is_whole, found.group_count) == (5, 5, True, 3)


async def test_only_the_largest_groups_are_told(context: Context) -> None:
    await kept(context, *FIVE)

    found = await grouped(context, "item.a.b", most=1)

    assert [each.value for each in found.groups] == ["x"]
    assert found.group_count == 3


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        (["1", 1, True, None], ["1", 1, True, None]),
        ([["a"], {"b": 1}], ['["a"]', '{"b":1}']),
        (["x" * 300, "x" * 301], ["x" * 200 + "…"] * 2),
    ],
)
async def test_values_are_told_apart_as_json(
    context: Context, values: list[Any], shown: list[Any]
) -> None:
    await kept(
        context, *[judged(row, {"a": each}, 1.0, passed=True) for row, each in enumerate(values)]
    )

    found = await grouped(context, "item.a")

    assert [each.value for each in found.groups] == shown


async def test_grouping_goes_on_where_two_seconds_ended(context: Context) -> None:
    items = [judged(row, {"half": row % 2}, 1.0, passed=True) for row in range(MANY)]
    await kept(context, *items)
    slow = replace(context, clock=HastyClock())

    answers = [await grouped(slow, "item.half") for _ in range(3)]

    assert [each.searched for each in answers] == [2 * PAGE_ITEMS, MANY, MANY]
    assert [each.is_whole for each in answers] == [False, True, True]
    assert [each.items for each in answers[-1].groups] == [MANY // 2, MANY // 2]
    assert [each.items for each in answers[0].groups] == [PAGE_ITEMS, PAGE_ITEMS]


class SlowClock(HastyClock):
    """A clock on which three seconds go by whenever somebody looks at it."""

    def monotonic(self) -> float:
        self.at += 2
        return super().monotonic()


async def test_when_the_last_item_takes_long_it_is_still_told_that_it_was_the_last(
    context: Context,
) -> None:
    await kept(context, *FIVE)
    slow = replace(context, clock=SlowClock())

    plain, filtered = [await grouped(slow, "item.a.b", query) for query in (None, PASSED)]
    clusters = await cluster_items(slow, DEFAULT_PROJECT, RUN_ID, by="item.a")

    assert (plain.searched, filtered.searched, clusters.searched) == (5, 2, 5)
    assert plain.is_whole
    assert filtered.is_whole
    assert clusters.is_whole


async def test_two_who_ask_at_once_count_no_item_twice(context: Context) -> None:
    items = [judged(row, {"half": row % 2}, 1.0, passed=True) for row in range(MANY)]
    await kept(context, *items)

    async with asyncio.TaskGroup() as group:
        both = [group.create_task(grouped(context, "item.half")) for _ in range(2)]

    assert [each.result().searched for each in both] == [MANY, MANY]


async def test_a_run_that_has_grown_is_read_anew(context: Context) -> None:
    await kept(context, *FIVE[:2])
    await grouped(context, "item.a.b")
    async with context.store.transaction() as tx:
        await tx.work.record(RUN_ID, FIVE[2:])

    assert (await grouped(context, "item.a.b")).searched == 5


async def test_what_was_asked_for_longest_ago_is_forgotten(context: Context) -> None:
    await kept(context, *[judged(row, {"n": row}, 1.0, passed=True) for row in range(200)])
    memory = GroupMemory(most_sums=1_000)
    tight = replace(context, group_memory=memory)
    for name in ("item.n", "item.gone"):
        await grouped(tight, name)
    assert memory.size == 600 + 3

    await grouped(tight, "item['n']")

    assert memory.size == 3 + 600


async def test_the_same_sums_are_clusters(context: Context) -> None:
    await kept(context, *FIVE)

    of_all = await cluster_items(context, DEFAULT_PROJECT, RUN_ID, by="item.a.b")
    polite = await cluster_items(context, DEFAULT_PROJECT, RUN_ID, by="item.a.b", criterion=1)

    assert of_all.passes == [Cluster(2, 1), Cluster(1, 1), Cluster(1, 0)]
    assert of_all.scores == []
    assert polite.passes == [Cluster(2, 1), Cluster(1, 1), Cluster(1, 0)]
    assert polite.scores == [Cluster(2, 0.75), Cluster(1, 1.0), Cluster(1, 0.0)]
    assert polite.is_whole


async def test_of_a_filter_only_what_it_finds_is_grouped(context: Context) -> None:
    await kept(context, *FIVE)
    polite = ItemQuery(criterion="Polite", low=0.25, high=1.0)

    found = await grouped(context, "item.a.b", polite)
    of_all = await grouped(context, "item.a.b")

    assert [(each.value, each.items) for each in found.groups] == [("x", 2), (7, 1)]
    assert (found.grouped, found.searched, found.total, found.is_whole) == (3, 3, 3, True)
    assert (of_all.grouped, of_all.searched) == (5, 5)


async def test_of_words_the_searched_ones_are_told_apart_from_those_found(
    context: Context,
) -> None:
    many = 2 * PAGE_ITEMS + 10
    items = [
        judged(row, {"half": row % 2, "n": "ten" if row % 10 == 0 else row}, 1.0, passed=True)
        for row in range(many)
    ]
    await kept(context, *items)
    slow = replace(context, clock=HastyClock())
    ten = ItemQuery(texts=TextFilter("TEN"))

    answers = [await grouped(slow, "item.half", ten) for _ in range(2)]

    assert [each.searched for each in answers] == [2 * PAGE_ITEMS, many]
    assert [each.grouped for each in answers] == [PAGE_ITEMS // 5, many // 10]
    assert [each.is_whole for each in answers] == [False, True]
    assert {each.total for each in answers} == {many}
    assert [(each.value, each.items) for each in answers[-1].groups] == [(0, many // 10)]


async def test_each_filter_has_groups_of_its_own(context: Context) -> None:
    await kept(context, *FIVE)
    queries = [
        ItemQuery(texts=TextFilter(conditions=(read_condition(each, param="where"),)))
        for each in ("item.a.b = [1]", "item.a.b = 7", 'item.a.b = "7"', "item.a.b = x")
    ]

    found = [await grouped(context, "item.a", each) for each in queries]

    assert [each.grouped for each in found] == [0, 1, 0, 3]
    assert [(await grouped(context, "item.a", each)).grouped for each in queries] == [0, 1, 0, 3]


async def test_order_and_place_of_a_query_mean_nothing_to_groups(context: Context) -> None:
    await kept(context, *FIVE)
    by_score = ItemQuery(criterion="Polite", order="score", is_descending=True, limit=1)

    found = await grouped(context, "item.a.b", replace(by_score, after=ItemCursor(Place(3), 2)))

    assert (found.grouped, found.group_count) == (5, 3)


async def test_a_text_that_is_too_long_for_the_expression_is_told(context: Context) -> None:
    long = judged(0, {"a": "b" * 200_000}, 1.0, passed=True)
    await kept(context, long, judged(1, {"a": "bb!"}, 1.0, passed=True))

    query = ItemQuery(texts=TextFilter(regex="[a-z]{2,99}!"))
    found = await grouped(context, "item.a", query)

    assert (found.grouped, found.skipped, found.searched) == (1, 1, 2)


async def test_a_field_that_no_item_has_makes_no_clusters(context: Context) -> None:
    await kept(context, *FIVE)

    with pytest.raises(InvalidValue) as refused:
        await cluster_items(context, DEFAULT_PROJECT, RUN_ID, by="item.b")

    assert refused.value.param == "cluster_by"
    assert (await grouped(context, "item.b")).groups[0].is_missing


async def test_what_is_no_field_is_refused(context: Context) -> None:
    with pytest.raises(InvalidValue) as refused:
        await grouped(context, "category")

    assert refused.value.param == "by"


async def test_another_project_finds_no_run(context: Context) -> None:
    await kept(context, *FIVE)

    with pytest.raises(RunNotFound):
        await group_items(context, "proj_other", RUN_ID, GroupsAsked("item.a", 1))
