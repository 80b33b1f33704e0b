"""Finding items of a run: by verdicts at once, by what they say in slices of two seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from evald.domain.errors import InvalidValue
from evald.domain.item_filters import ItemMatcher
from evald.domain.item_verdicts import criterion_positions, read_verdicts
from evald.ports.kept import Page, StoredOutputItem, StoredRun
from evald.ports.store import Transaction
from evald.ports.verdicts import Place, VerdictFilter
from evald.services.context import Context
from evald.services.item_query import ItemCursor, ItemQuery
from evald.services.run_reports import find_run
from evald.wire.evals import Eval

SLICE_S = 2.0
"""How long one request may search; then it answers what it found so far."""

PAGE_ITEMS = 200
PAGE_BYTES = 4 * 1_048_576
"""How much is read, and held in memory, at a time; an item that is larger comes alone."""

ALL = 2**62


@dataclass(frozen=True, slots=True)
class FoundItems:
    """Some items of a run that are as asked for, and how far the search has come.

    `searched` of `total` items have been looked at since its beginning; verdicts tell of all at
    once. Of `skipped` ones, by this request, a text was too long for the regular expression.
    `next` is where to go on; None where nothing is left.
    """

    run: StoredRun
    items: list[StoredOutputItem]
    searched: int
    total: int
    skipped: int
    next: ItemCursor | None


async def search_items(
    context: Context, project_id: str, run_id: str, query: ItemQuery
) -> FoundItems:
    """The next items that are as asked for: as many as `limit`, or found within two seconds.

    Where fewer are found than that, `next` goes on, perhaps with none found so far.

    Raises:
        RunNotFound: the project has no such run.
        InvalidValue: the eval has no such criterion.
    """
    async with context.store.snapshot() as tx:
        run, an_eval = await find_run(tx, project_id, run_id)
        asked = verdict_filter(query, an_eval)
        total = await count_searched(tx, run, asked)
    search = _Search(context, query, run, asked=asked, positions=criterion_positions(an_eval))
    if query.texts.is_empty:
        return await search.by_verdicts(total)
    matcher = await context.cpu.run(partial(ItemMatcher, query.texts))
    return await search.by_texts(matcher, total)


def position_of(criterion: str, an_eval: Eval) -> int:
    """Where the criterion of this id, or name, stands in its eval.

    Raises:
        InvalidValue: the eval has none such.
    """
    position = criterion_positions(an_eval).get(criterion)
    if position is None:
        message = f"Eval '{an_eval.id}' has no testing criterion '{criterion[:100]}'."
        raise InvalidValue(message, param="criterion")
    return position


def verdict_filter(query: ItemQuery, an_eval: Eval) -> VerdictFilter:
    """What of the query verdicts and status tell.

    Raises:
        InvalidValue: the eval has no such criterion.
    """
    return VerdictFilter(
        status=query.status,
        criterion=None if query.criterion is None else position_of(query.criterion, an_eval),
        outcome=query.outcome,
        low=query.low,
        high=query.high,
        order=query.order,
        is_descending=query.is_descending,
    )


async def count_searched(tx: Transaction, run: StoredRun, asked: VerdictFilter) -> int:
    """How many items there are to search: those that verdicts and status let through."""
    if asked.criterion is not None or run.imported is not None:
        return await tx.verdicts.count(run.id, asked, most=ALL)
    match asked.status:
        case None:
            return run.tally.total
        case "pass":
            return run.tally.passed
        case "fail":
            return run.tally.failed
        case "error":
            return run.tally.errored


@dataclass(slots=True)
class _Progress:
    """What a request has found so far, and how far it has come."""

    place: Place | None
    searched: int
    items: list[StoredOutputItem] = field(default_factory=list)
    skipped: int = 0
    is_over: bool = False


class _Search:
    """One request's search: what is asked for, of which run."""

    def __init__(
        self,
        context: Context,
        query: ItemQuery,
        run: StoredRun,
        *,
        asked: VerdictFilter,
        positions: Mapping[str, int],
    ) -> None:
        self._context = context
        self._query = query
        self._run = run
        self._asked = asked
        self._positions = positions

    async def by_verdicts(self, total: int) -> FoundItems:
        """The next page, which an index tells."""
        progress = self._begun()
        page = await self._page(progress, limit=self._query.limit)
        if page.rows:
            progress.place = self._place(page.rows[-1])
        progress.items, progress.searched = page.rows, total
        progress.is_over = not page.has_more
        return self._found(progress, total)

    async def by_texts(self, matcher: ItemMatcher, total: int) -> FoundItems:
        """What two seconds of reading find, up to the limit."""
        clock, progress = self._context.clock, self._begun()
        end = clock.monotonic() + SLICE_S
        while not progress.is_over and len(progress.items) < self._query.limit:
            page = await self._page(progress, limit=PAGE_ITEMS, most_bytes=PAGE_BYTES)
            await self._context.cpu.run(partial(self._look_at, page, progress, matcher))
            if clock.monotonic() >= end:
                break
        return self._found(progress, total)

    def _begun(self) -> _Progress:
        after = self._query.after
        return _Progress(None, 0) if after is None else _Progress(after.place, after.searched)

    async def _page(
        self, progress: _Progress, *, limit: int, most_bytes: int | None = None
    ) -> Page[StoredOutputItem]:
        async with self._context.store.snapshot() as tx:
            return await tx.verdicts.page(
                self._run.id,
                self._asked,
                after=progress.place,
                limit=limit,
                most_bytes=most_bytes,
            )

    def _look_at(
        self, page: Page[StoredOutputItem], progress: _Progress, matcher: ItemMatcher
    ) -> None:
        """The progress has come to the end of the page, or to where the limit was reached."""
        left = self._query.limit - len(progress.items)
        last = None
        for last in page.rows:
            is_found = matcher.matches(last.item_json, last.sample_json)
            progress.searched += 1
            progress.skipped += is_found is None
            if is_found:
                progress.items.append(last)
                left -= 1
            if not left:
                break
        if last is not None:
            progress.place = self._place(last)
        progress.is_over = not page.has_more and (not page.rows or last is page.rows[-1])

    def _place(self, item: StoredOutputItem) -> Place:
        """The place of the item in the order asked for."""
        if self._asked.order == "row":
            return Place(item.row)
        for verdict in read_verdicts(item.results_json, self._positions):
            if verdict.criterion == self._asked.criterion:
                return Place(item.row, verdict.score)
        return Place(item.row)

    def _found(self, progress: _Progress, total: int) -> FoundItems:
        place = None if progress.is_over else progress.place
        return FoundItems(
            run=self._run,
            items=progress.items,
            # Of a run under way, more may be there by now than were counted.
            searched=progress.searched,
            total=max(total, progress.searched),
            skipped=progress.skipped,
            next=None if place is None else ItemCursor(place, progress.searched),
        )
