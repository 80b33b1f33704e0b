from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from evald.services.context import Context
from evald.services.item_query import ItemQuery
from evald.services.item_walks import PAGE_ITEMS, WALK_BYTES, walk_items
from tests.support.kept_runs import (
    eval_named,
    item_of,
    keep_eval,
    keep_run,
    opened_context,
    run_named,
)

EVAL = eval_named("Tickets")
RUN = run_named("One")


@pytest.fixture
async def context(tmp_path: Path) -> AsyncIterator[Context]:
    async with opened_context(tmp_path) as opened:
        await keep_eval(opened.store, EVAL)
        yield opened


async def test_items_are_gathered_from_page_to_page(context: Context) -> None:
    count = PAGE_ITEMS + 1
    await keep_run(context.store, RUN, [item_of(row) for row in range(count)])

    all_of_them = await walk_items(context, RUN, EVAL, query=ItemQuery(), most=1_000)
    some = await walk_items(context, RUN, EVAL, query=ItemQuery(), most=3)

    assert [each.row for each in all_of_them.items] == list(range(count))
    assert (all_of_them.is_whole, some.is_whole) == (True, False)
    assert [each.row for each in some.items] == [0, 1, 2]


@pytest.mark.slow
async def test_much_text_is_enough(context: Context) -> None:
    large = item_of(0, item={"a": "x" * WALK_BYTES})
    others = [item_of(row) for row in range(1, PAGE_ITEMS + 1)]
    await keep_run(context.store, RUN, [large, *others])

    found = await walk_items(context, RUN, EVAL, query=ItemQuery(), most=1_000)

    assert (len(found.items), found.is_whole) == (PAGE_ITEMS, False)
