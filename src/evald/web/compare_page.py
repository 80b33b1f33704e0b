"""The page of a comparison: which runs, the verdict on each, and the items that changed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from evald.domain.errors import InvalidValue
from evald.services.changed_items import (
    CHANGES,
    Changed,
    ChangesAsked,
    Texts,
    count_changes,
    find_changed,
    find_changes,
    read_texts,
)
from evald.services.comparisons import RunsSideBySide, compare_runs, put_side_by_side
from evald.services.context import Context
from evald.web.compare_address import CompareAddress
from evald.web.compare_figures import (
    Banner,
    RunHead,
    banner,
    counters,
    finding_lines,
    reach_of_passes,
    run_heads,
    spreads,
)
from evald.web.compare_items import (
    ChangeLine,
    Opened,
    OpenItem,
    change_cells,
    change_line,
    change_values,
    open_item,
)
from evald.web.compare_query import CompareQuery, fitted, read_compare_query
from evald.web.links import Links
from evald.web.views import Asked, Table, View
from evald.wire.comparisons import Comparison, ItemChange

T = TypeVar("T")
PAGE_ROWS = 50
CSV_ROWS = 10_000
AT_ONCE = 25
"""So many items are read at a time, each in all of the runs, before they are cut to a line."""

WORDS: Mapping[ItemChange, str] = {
    "regressed": "regressed",
    "improved": "improved",
    "disagreed": "disagreed",
    "errored": "errored",
    "missing": "missing",
    "new": "new",
}
"""The kinds of change in the order of their tabs."""


@dataclass(frozen=True, slots=True)
class Tab:
    """A kind of change, how many items changed so, and where they are listed."""

    change: ItemChange
    word: str
    count: int
    href: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Changes:
    """A page of the changed items of one kind; `count` is of all of them, `is_first` of the page.

    `candidate` is the run of which it is told. `first` and `next` are where the others are.
    """

    change: ItemChange
    candidate: RunHead
    tabs: Sequence[Tab]
    count: int
    lines: Sequence[ChangeLine]
    first: str
    next: str | None
    is_first: bool


@dataclass(frozen=True, slots=True)
class ComparePage:
    """Runs beside one another; `comparison` is how the API answers it."""

    runs: Sequence[RunHead]
    comparison: Comparison
    changes: Changes
    item: OpenItem | None


async def show_compare(asked: Asked) -> View:
    """GET /compare?runs=…: the runs beside one another."""
    context, links = asked.site.context, asked.site.links
    query = read_compare_query(asked.request.query_params)
    beside = await put_side_by_side(context, asked.visitor.project_id, query.address.runs)
    query, criterion = fitted(query, beside)
    query, comparison = await _compared(context, beside, query)
    heads = run_heads(beside.runs, comparison.runs, query.address, links)
    reader = _Reader(context, beside, query, heads, criterion)
    if asked.form == "csv":
        return View("compare.html", None, table=await reader.table())
    changes = await reader.changes(links)
    item = await reader.item(changes.change, links)
    drawn, not_drawn = spreads(comparison, heads, chosen=query.address.criterion)
    extras = {
        "shown": query.address,
        "eval": beside.evals[0],
        "criteria": [each.criterion for each in beside.matched.criteria],
        "banners": _banners(comparison, heads, reader, links),
        "lines": finding_lines(comparison),
        "spreads": drawn,
        "not_drawn": not_drawn,
        "under_way": [
            head for head, run in zip(heads, beside.runs, strict=True) if not run.has_ended
        ],
    }
    page = ComparePage(heads, comparison, changes, item)
    table = Table([], [])  # there is one, which is made when it is asked for
    return View("compare.html", page, table=table, notices=query.notices, extras=extras)


async def _compared(
    context: Context, beside: RunsSideBySide, query: CompareQuery
) -> tuple[CompareQuery, Comparison]:
    """The comparison, and the query; without clusters, if there are none such."""
    by = query.address.cluster_by or None
    try:
        return query, await compare_runs(context, beside, level=query.level, cluster_by=by)
    except InvalidValue as error:
        query.notices.append(f"{error.message[:-1]}; each item counts by itself.")
        query = replace(query, address=replace(query.address, cluster_by=""))
        return query, await compare_runs(context, beside, level=query.level)


def _banners(
    comparison: Comparison, heads: Sequence[RunHead], reader: "_Reader", links: Links
) -> list[Banner]:
    reach = reach_of_passes(comparison)
    shown = reader.query.address
    found = []
    for place, candidate in enumerate(comparison.candidates, start=1):
        counts = count_changes(reader.beside, candidate=place)
        # Of two runs there is but one candidate.
        to = replace(shown, candidate=heads[place].id if len(heads) > 2 else "")
        counted = counters(candidate, counts, to, links)
        found.append(banner(candidate, heads[place], counted, reach=reach))
    return found


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads changed items of some runs, as they are asked for."""

    context: Context
    beside: RunsSideBySide
    query: CompareQuery
    heads: Sequence[RunHead]
    criterion: int | None

    async def changes(self, links: Links) -> Changes:
        """The page of them."""
        shown, candidate = self.query.address, self.query.candidate
        counts = count_changes(self.beside, candidate=candidate, criterion=self.criterion)
        change = self._change(counts)
        asked = ChangesAsked(change, candidate, self.criterion)
        page = await self.context.cpu.run(
            lambda: find_changes(self.beside, asked, after=shown.after, limit=PAGE_ROWS)
        )
        shown = replace(shown, change=change)

        def way(row: int) -> str:
            to = replace(shown, item=None if row == shown.item else row)
            return f"{links.comparison(to)}#{'changes' if row == shown.item else 'pane'}"

        make = partial(change_line, candidate=candidate, way=way, opened=shown.item)
        lines = await self._read(page.rows, make)
        following = replace(shown.first(), after=lines[-1].row) if page.has_more else None
        return Changes(
            change=change,
            candidate=self.heads[candidate],
            tabs=[_tab(each, counts[each], shown, links) for each in WORDS],
            count=counts[change],
            lines=lines,
            first=f"{links.comparison(shown.first())}#changes",
            next=None if following is None else f"{links.comparison(following)}#changes",
            is_first=shown.after is None,
        )

    async def item(self, change: ItemChange, links: Links) -> OpenItem | None:
        """The one that is open, if any is; one that did not change so is named in a notice."""
        shown = replace(self.query.address, change=change)
        row = shown.item
        if row is None:
            return None
        asked = ChangesAsked(change, self.query.candidate, self.criterion)
        changed, around = await self.context.cpu.run(
            lambda: find_changed(self.beside, asked, row=row)
        )
        if changed is None:
            self.query.notices.append(f"No item of row {row} is among those that are {change}.")
            return None
        (texts,) = await read_texts(self.context, self.beside, [changed])
        opened = Opened(row, texts, self.beside, self.heads, around)
        return await self.context.cpu.run(lambda: open_item(opened, shown, links))

    async def table(self) -> Table:
        """All of them from where the page begins, as CSV has them."""
        counts = count_changes(
            self.beside, candidate=self.query.candidate, criterion=self.criterion
        )
        asked = ChangesAsked(self._change(counts), self.query.candidate, self.criterion)
        after = self.query.address.after
        page = await self.context.cpu.run(
            lambda: find_changes(self.beside, asked, after=after, limit=CSV_ROWS)
        )
        return Table(change_cells(self.heads), await self._read(page.rows, change_values))

    def _change(self, counts: Mapping[ItemChange, int]) -> ItemChange:
        """The kind that is asked for, or else the first that there is."""
        if self.query.address.change is not None:
            return self.query.address.change
        return next((change for change in WORDS if counts[change]), CHANGES[0])

    async def _read(
        self, changed: Sequence[Changed], make: Callable[[Changed, Texts], T]
    ) -> list[T]:
        made: list[T] = []
        for first in range(0, len(changed), AT_ONCE):
            some = changed[first : first + AT_ONCE]
            texts = await read_texts(self.context, self.beside, some)
            made += await self.context.cpu.run(lambda: list(map(make, some, texts)))  # noqa: B023
        return made


def _tab(change: ItemChange, count: int, shown: CompareAddress, links: Links) -> Tab:
    href = f"{links.comparison(replace(shown.first(), change=change))}#changes"
    return Tab(change, WORDS[change], count, href, change == shown.change)
