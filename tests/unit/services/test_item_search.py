"""Items of a run are found in a real database; all of it is ours."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evald.domain.errors import InvalidValue, RunNotFound
from evald.domain.item_filters import TextFilter, read_condition
from evald.ports.kept import StoredOutputItem
from evald.services.context import Context
from evald.services.item_query import ANY_TEXT, ItemQuery
from evald.services.item_search import PAGE_ITEMS, FoundItems, search_items
from evald.services.keys import DEFAULT_PROJECT
from tests.support.kept_runs import (
    CORRECT,
    POLITE,
    RUN_ID,
    StillClock,
    eval_named,
    item_of,
    keep_eval,
    keep_run,
    opened_context,
    run_named,
    three_items,
    verdict,
)

MANY = 2 * PAGE_ITEMS + 50


@pytest.fixture
async def context(tmp_path: Path) -> AsyncIterator[Context]:
    async with opened_context(tmp_path) as opened:
        await keep_eval(opened.store, eval_named("Tickets"))
        yield opened


class HastyClock(StillClock):
    """A clock on which a second goes by whenever somebody looks at it."""

    def monotonic(self) -> float:
        self.at += 1
        return float(self.at)


def many_items(count: int = MANY) -> list[StoredOutputItem]:
    """Items of which every tenth says "ten", with the score of their row."""
    return [
        item_of(
            row,
            item={"number": row, "word": "ten" if row % 10 == 0 else "other"},
            said={"role": "assistant", "content": "…"},
            verdicts=[verdict(POLITE, row / count, passed=row % 2 == 0)],
        )
        for row in range(count)
    ]


async def found(context: Context, query: ItemQuery) -> FoundItems:
    return await search_items(context, DEFAULT_PROJECT, RUN_ID, query)


async def found_by_all(context: Context, query: ItemQuery) -> list[FoundItems]:
    """The answers of a search that goes on to its end."""
    answers = [await found(context, query)]
    while answers[-1].next is not None:
        answers.append(await found(context, replace(query, after=answers[-1].next)))
    return answers


def rows(*answers: FoundItems) -> list[int]:
    return [item.row for answer in answers for item in answer.items]


def saying(text: str = "", regex: str = "", *conditions: str, **more: Any) -> ItemQuery:
    held = tuple(read_condition(each, param="where") for each in conditions)
    return ItemQuery(texts=TextFilter(text, regex, held), **more)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (ItemQuery(), [0, 1, 2]),
        (ItemQuery(is_descending=True), [2, 1, 0]),
        (ItemQuery(status="fail"), [1]),
        (ItemQuery(criterion=POLITE, outcome="pass"), [0, 1]),
        (ItemQuery(criterion="Polite", low=0.6), [0]),
        (ItemQuery(criterion=POLITE, order="score"), [1, 0, 2]),
        (ItemQuery(criterion=CORRECT, outcome="fail", status="error"), []),
        (saying("MOUSE"), [0]),
        (saying("", "^(Inv|My)"), [0, 2]),
        (saying("", "", "item.priority > 1"), [1, 2]),
        (saying("", "", "item.priority > 1", "item.label = Software"), [1]),
        (saying("hardware", status="fail"), [1]),
        (saying("hardware", criterion=POLITE, low=0.6), [0]),
        (saying("e", criterion=POLITE, order="score", is_descending=True), [0, 1, 2]),
        (saying("nowhere"), []),
    ],
)
async def test_items_are_found(context: Context, query: ItemQuery, expected: list[int]) -> None:
    await keep_run(context.store, run_named("One"), three_items())

    whole = await found(context, query)
    one_by_one = await found_by_all(context, replace(query, limit=1))

    assert rows(whole) == rows(*one_by_one) == expected
    assert (whole.next, whole.searched) == (None, whole.total)


async def test_a_search_through_texts_says_how_far_it_is(context: Context) -> None:
    await keep_run(context.store, run_named("One"), many_items())

    answers = await found_by_all(context, saying("ten", limit=30))

    assert rows(*answers) == list(range(0, MANY, 10))
    assert [each.searched for each in answers] == [291, MANY]
    assert {each.total for each in answers} == {MANY}


async def test_a_search_ends_after_two_seconds_with_what_it_has(context: Context) -> None:
    await keep_run(context.store, run_named("One"), many_items())

    answers = await found_by_all(replace(context, clock=HastyClock()), saying("ten", limit=100))

    assert rows(*answers) == list(range(0, MANY, 10))
    assert [each.searched for each in answers] == [2 * PAGE_ITEMS, MANY]


async def test_a_search_that_finds_nothing_in_two_seconds_goes_on(context: Context) -> None:
    await keep_run(context.store, run_named("One"), many_items())
    slow = replace(context, clock=HastyClock())

    first = await found(slow, saying("", "", f"item.number = {MANY - 1}"))
    assert first.next is not None
    second = await found(slow, saying("", "", f"item.number = {MANY - 1}", after=first.next))

    assert (rows(first), rows(second)) == ([], [MANY - 1])


async def test_a_search_through_what_verdicts_let_through_counts_those(context: Context) -> None:
    await keep_run(context.store, run_named("One"), many_items())

    (answer,) = await found_by_all(
        context, saying("ten", criterion=POLITE, outcome="pass", low=0.5, limit=100)
    )

    assert rows(answer) == list(range(230, MANY, 10))
    assert answer.searched == answer.total == len(range(226, MANY, 2))


async def test_pages_by_score_go_on_where_they_ended(context: Context) -> None:
    await keep_run(context.store, run_named("One"), many_items())
    query = ItemQuery(criterion=POLITE, order="score", is_descending=True, limit=100)

    answers = await found_by_all(context, query)
    through_texts = await found_by_all(context, replace(query, texts=TextFilter(text="ten")))

    assert rows(*answers) == list(reversed(range(MANY)))
    assert rows(*through_texts) == list(reversed(range(0, MANY, 10)))


async def test_items_with_a_text_too_long_for_the_regex_are_counted(context: Context) -> None:
    items = [item_of(row, item={"x": "b" * (200_000 * row)}) for row in range(2)]
    await keep_run(context.store, run_named("One"), items)

    answer = await found(context, saying("", "[a-z]{2,99}!"))

    assert (rows(answer), answer.searched, answer.skipped) == ([], 2, 1)


async def test_another_project_finds_no_run(context: Context) -> None:
    await keep_run(context.store, run_named("One"), three_items())

    with pytest.raises(RunNotFound):
        await search_items(context, "proj_other", RUN_ID, ItemQuery())


async def test_a_criterion_that_the_eval_has_not_is_refused(context: Context) -> None:
    await keep_run(context.store, run_named("One"), three_items())

    with pytest.raises(InvalidValue) as refused:
        await found(context, ItemQuery(criterion="Kind", texts=ANY_TEXT))

    assert refused.value.param == "criterion"
