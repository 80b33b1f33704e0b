"""Pages of a run's items, forwards and backwards, and the items beside one of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from evald.domain.item_verdicts import criterion_positions, read_verdicts
from evald.ports.kept import StoredOutputItem, StoredRun
from evald.ports.store import Transaction
from evald.ports.verdicts import Place, VerdictFilter
from evald.services.context import Context
from evald.services.item_query import ItemCursor, ItemQuery
from evald.services.item_search import search_items, verdict_filter
from evald.wire.evals import Eval


@dataclass(frozen=True, slots=True)
class ItemPage:
    """A page of items: where it goes on, and where back; None where it does not.

    A search by what items say goes forwards only. `searched` of `total` items have been looked at
    since its beginning; of `skipped` ones a text was too long for the regular expression.
    """

    items: list[StoredOutputItem]
    next: ItemCursor | None
    previous: ItemCursor | None
    searched: int
    total: int
    skipped: int


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An item beside another."""

    id: str
    row: int


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The items beside one in the order of a list, and the nearest failures by row."""

    previous: Neighbour | None
    next: Neighbour | None
    previous_failure: Neighbour | None
    next_failure: Neighbour | None


async def page_items(
    context: Context, run: StoredRun, an_eval: Eval, *, query: ItemQuery, is_before: bool = False
) -> ItemPage:
    """The items that are as asked for, beyond `query.after`, or, as the list has it, before it.

    Raises:
        RunNotFound: the run is gone.
        InvalidValue: the eval has no such criterion.
    """
    positions = criterion_positions(an_eval)
    if is_before and query.after is not None and query.texts.is_empty:
        return await _page_before(context, run, positions, query=query)
    found = await search_items(context, run.project_id, run.id, query)
    begins_later = query.after is not None and query.texts.is_empty
    return ItemPage(
        items=found.items,
        next=found.next,
        previous=_cursor(found.items[:1], query, positions) if begins_later else None,
        searched=found.searched,
        total=found.total,
        skipped=found.skipped,
    )


async def _page_before(
    context: Context, run: StoredRun, positions: Mapping[str, int], *, query: ItemQuery
) -> ItemPage:
    """The page before the cursor: that beyond it the other way round, turned round."""
    turned = replace(query, is_descending=not query.is_descending, limit=query.limit + 1)
    found = await search_items(context, run.project_id, run.id, turned)
    beyond = found.items
    if query.after is not None and query.after.place.score is not None:
        # Items without a score come last either way: none of them stood before one with a score.
        beyond = [each for each in beyond if place_of(each, query, positions).score is not None]
    items = beyond[: query.limit][::-1]
    return ItemPage(
        items=items,
        next=_cursor(items[-1:], query, positions),
        previous=_cursor(items[:1], query, positions) if len(beyond) > len(items) else None,
        searched=found.searched,
        total=found.total,
        skipped=0,
    )


def _cursor(
    items: list[StoredOutputItem], query: ItemQuery, positions: Mapping[str, int]
) -> ItemCursor | None:
    return ItemCursor(place_of(items[0], query, positions), 0) if items else None


def place_of(item: StoredOutputItem, query: ItemQuery, positions: Mapping[str, int]) -> Place:
    """The place of the item in the order asked for."""
    if query.order == "row" or query.criterion is None:
        return Place(item.row)
    criterion = positions.get(query.criterion)
    for verdict in read_verdicts(item.results_json, positions):
        if verdict.criterion == criterion:
            return Place(item.row, verdict.score)
    return Place(item.row)


async def find_item(tx: Transaction, run_id: str, named: str) -> StoredOutputItem | None:
    """The run's item of this id, or of this row; None where there is none."""
    if not (named.isascii() and named.isdigit() and len(named) < 16):
        return await tx.output_items.get(run_id, named)
    row = int(named)
    page = await tx.verdicts.page(run_id, VerdictFilter(), after=Place(row - 1), limit=1)
    return next((each for each in page.rows if each.row == row), None)


async def find_neighbours(
    tx: Transaction, run_id: str, item: StoredOutputItem, *, query: ItemQuery, an_eval: Eval
) -> Neighbours:
    """The items beside this one, of those that status and verdicts let through.

    What items say plays no part: to find the next by that may take long. Failures are items that
    failed or errored, or, where a criterion is chosen, those of which it said so.
    """
    asked, positions = verdict_filter(query, an_eval), criterion_positions(an_eval)
    place = place_of(item, query, positions)
    turned = replace(asked, is_descending=not asked.is_descending)
    before = await _first(tx, run_id, turned, place)
    if before is not None and place.score is not None:
        # Items without a score come last either way: none stands before one with a score.
        before = None if place_of(before, query, positions).score is None else before
    return Neighbours(
        previous=_neighbour(before),
        next=_neighbour(await _first(tx, run_id, asked, place)),
        previous_failure=await _failure(tx, run_id, asked, item.row, is_back=True),
        next_failure=await _failure(tx, run_id, asked, item.row, is_back=False),
    )


async def _first(
    tx: Transaction, run_id: str, asked: VerdictFilter, place: Place
) -> StoredOutputItem | None:
    page = await tx.verdicts.page(run_id, asked, after=place, limit=1)
    return page.rows[0] if page.rows else None


def _neighbour(item: StoredOutputItem | None) -> Neighbour | None:
    return None if item is None else Neighbour(item.id, item.row)


async def _failure(
    tx: Transaction, run_id: str, asked: VerdictFilter, row: int, *, is_back: bool
) -> Neighbour | None:
    by_row = VerdictFilter(criterion=asked.criterion, is_descending=is_back)
    is_judged = asked.criterion is not None
    found = [
        await _first(
            tx,
            run_id,
            replace(by_row, outcome=each) if is_judged else replace(by_row, status=each),
            Place(row),
        )
        for each in ("fail", "error")
    ]
    nearest = sorted((each for each in found if each), key=lambda each: abs(each.row - row))
    return _neighbour(nearest[0]) if nearest else None
