"""Pages of items and what lies beside an item, over a real database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from evald.ports.kept import StoredOutputItem
from evald.services.context import Context
from evald.services.item_pages import (
    ItemPage,
    Neighbour,
    Neighbours,
    find_item,
    find_neighbours,
    page_items,
)
from evald.services.item_query import ItemQuery, read_item_query
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

EVAL = eval_named("Tickets")
RUN = run_named("One")
SCORES = [0.9, 0.1, None, 0.5, 0.5, None, 0.3]


def kept(row: int, score: float | None) -> StoredOutputItem:
    """Row 1 fails; rows without a score are errored."""
    verdicts = [
        verdict(CORRECT, 1.0, passed=True),
        verdict(POLITE, score or 0.0, passed=row != 1, error=None if score else LIMITED),
    ]
    return item_of(row, item={"n": row}, said={"content": f"word {row}"}, verdicts=verdicts)


@pytest.fixture
async def context(tmp_path: Path) -> AsyncIterator[Context]:
    async with opened_context(tmp_path) as opened:
        await keep_eval(opened.store, EVAL)
        await keep_run(opened.store, RUN, [kept(row, score) for row, score in enumerate(SCORES)])
        yield opened


def query(text: str) -> ItemQuery:
    pairs = [each.split("=", 1) for each in text.split("&") if each]
    return read_item_query([(name, value) for name, value in pairs])


async def page(context: Context, text: str, *, is_before: bool = False) -> ItemPage:
    return await page_items(context, RUN, EVAL, query=query(text), is_before=is_before)


def rows(found: ItemPage) -> list[int]:
    return [each.row for each in found.items]


BY_ROW = list(range(7))
BY_SCORE = [1, 6, 3, 4, 0]


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("limit=2", BY_ROW),
        ("limit=2&order=desc", BY_ROW[::-1]),
        ("limit=3&status=pass", [0, 3, 4, 6]),
        (f"limit=2&criterion={POLITE}&outcome=pass", [0, 3, 4, 6]),
        (f"limit=2&criterion={POLITE}&sort=score&min_score=0", BY_SCORE),
        (f"limit=2&criterion={POLITE}&sort=score&order=desc&min_score=0", BY_SCORE[::-1]),
    ],
)
async def test_pages_lead_forwards_and_back_the_same_way(
    context: Context, text: str, order: list[int]
) -> None:
    pages = [await page(context, text)]
    while pages[-1].next is not None:
        pages.append(await page(context, f"{text}&after={pages[-1].next.text()}"))
    back = pages[-1:]
    while back[0].previous is not None:
        place = back[0].previous.text()
        back.insert(0, await page(context, f"{text}&after={place}", is_before=True))

    assert [row for each in pages for row in rows(each)] == order
    assert [row for each in back for row in rows(each)] == order
    assert pages[0].previous is None


async def test_items_without_a_score_never_come_before_those_with_one(context: Context) -> None:
    text = f"limit=3&criterion={POLITE}&sort=score"
    first = await page(context, text)
    assert first.next is not None
    second = await page(context, f"{text}&after={first.next.text()}")
    assert second.previous is not None

    back = await page(context, f"{text}&after={second.previous.text()}", is_before=True)

    assert (rows(first), rows(second)) == ([1, 6, 3], [4, 0, 2])
    assert rows(back) == rows(first)
    assert back.previous is None


async def test_a_search_by_words_leads_forwards_only(context: Context) -> None:
    first = await page(context, "limit=2&text=word")
    assert first.next is not None
    second = await page(context, f"limit=2&text=word&after={first.next.text()}")

    assert (rows(second), second.previous, second.searched) == ([2, 3], None, 4)


@pytest.mark.parametrize(
    ("named", "row"),
    [("3", 3), (f"outputitem_{4:032x}", 3), ("7", None), ("gone", None), ("", None)],
)
async def test_an_item_is_found_by_its_row_or_id(
    context: Context, named: str, row: int | None
) -> None:
    async with context.store.snapshot() as tx:
        found = await find_item(tx, RUN_ID, named)

    assert (None if found is None else found.row) == row


async def beside(context: Context, row: int, text: str) -> Neighbours:
    async with context.store.snapshot() as tx:
        item = await find_item(tx, RUN_ID, str(row))
        assert item is not None
        return await find_neighbours(tx, RUN_ID, item, query=query(text), an_eval=EVAL)


def row_of(found: Neighbour | None) -> int | None:
    return None if found is None else found.row


@pytest.mark.parametrize(
    ("row", "text", "around", "failures"),
    [
        (0, "", (None, 1), (None, 1)),
        (3, "", (2, 4), (2, 5)),
        (6, "", (5, None), (5, None)),
        (3, "status=pass", (0, 4), (2, 5)),
        (3, f"criterion={CORRECT}", (2, 4), (None, None)),
        (3, f"criterion={POLITE}&sort=score", (6, 4), (2, 5)),
        (1, f"criterion={POLITE}&sort=score", (None, 6), (None, 2)),
        (0, f"criterion={POLITE}&sort=score", (4, 2), (None, 1)),
        (3, "text=nothing+has+this", (2, 4), (2, 5)),
    ],
)
async def test_what_lies_beside_an_item(
    context: Context,
    row: int,
    text: str,
    around: tuple[int | None, int | None],
    failures: tuple[int | None, int | None],
) -> None:
    found = await beside(context, row, text)

    assert (row_of(found.previous), row_of(found.next)) == around
    assert (row_of(found.previous_failure), row_of(found.next_failure)) == failures
