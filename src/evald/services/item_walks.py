"""Many items of a run at once, for a table or a file: bounded in number, size and time."""

from dataclasses import dataclass, replace
from functools import partial

from evald.ports.kept import StoredOutputItem, StoredRun
from evald.services.context import Context
from evald.services.item_query import ItemQuery
from evald.services.item_reports import ItemReport, criterion_names, report_items
from evald.services.item_search import search_items
from evald.wire.evals import Eval

WALK_S = 10.0
WALK_BYTES = 16 * 1_048_576
"""So long, and until so much of their text was met, items are gathered."""

PAGE_ITEMS = 200


@dataclass(frozen=True, slots=True)
class WalkedItems:
    """Items from where a query begins; `is_whole` says that none that it finds is left out."""

    items: list[ItemReport]
    searched: int
    total: int
    is_whole: bool


async def walk_items(
    context: Context, run: StoredRun, an_eval: Eval, *, query: ItemQuery, most: int
) -> WalkedItems:
    """The items that are as asked for, at most so many of them."""
    names, items, size = criterion_names(an_eval), list[ItemReport](), 0
    end = context.clock.monotonic() + WALK_S
    while True:
        limit = min(PAGE_ITEMS, most - len(items))
        asked = replace(query, limit=limit)
        found = await search_items(context, run.project_id, run.id, asked)
        items += await context.cpu.run(partial(report_items, found.items, names))
        size += sum(map(_size, found.items))
        query = replace(query, after=found.next)
        is_enough = len(items) >= most or size >= WALK_BYTES
        if found.next is None or is_enough or context.clock.monotonic() >= end:
            return WalkedItems(items, found.searched, found.total, found.next is None)


def _size(item: StoredOutputItem) -> int:
    return len(item.item_json) + len(item.results_json) + len(item.sample_json)
