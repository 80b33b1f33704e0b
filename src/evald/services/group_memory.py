"""Sums over a run's items by a field, as far as they were read, kept while there is room."""

import asyncio
import heapq
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from math import isfinite
from typing import Final

from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.exact_json import content_hash, parse_kept
from evald.domain.item_filters import ItemMatcher, TextFilter, field_of
from evald.domain.item_verdicts import StoredVerdict, read_verdicts
from evald.domain.statistics.clusters import Cluster
from evald.domain.statistics.rates import ClusterCounts
from evald.domain.template import Placeholder
from evald.ports.kept import StoredOutputItem, StoredRun
from evald.ports.verdicts import VerdictFilter

MOST_REMEMBERED = 300_000
"""Sums held in memory, of all groupings together: some 60 MB at most."""

Key = tuple[str, int, int, bool, str, str]

LONGEST_LABEL = 200
"""Characters of a value that are shown; what is longer is told apart by its hash."""


@dataclass(slots=True)
class CriterionSums:
    """What one criterion said of the items of a group. Scores are counted where there are any."""

    passed: int = 0
    failed: int = 0
    errored: int = 0
    scored: int = 0
    total: float = 0.0
    total_of_squares: float = 0.0

    def add(self, verdict: StoredVerdict) -> None:
        """One more item is counted."""
        self.passed += verdict.outcome == "pass"
        self.failed += verdict.outcome == "fail"
        self.errored += verdict.outcome == "error"
        if verdict.score is not None:
            self.scored += 1
            self.total += verdict.score
            self.total_of_squares += verdict.score * verdict.score


@dataclass(slots=True)
class ItemGroup:
    """The items whose field has one value, and what the criteria said of them, by position.

    `value` is None, and `is_missing`, where items have no such field. A list or an object is shown
    as its JSON text, and what is longer than 200 characters is cut.
    """

    value: JsonValue
    is_missing: bool
    items: int = 0
    passed: int = 0
    failed: int = 0
    errored: int = 0
    criteria: dict[int, CriterionSums] = field(default_factory=dict)

    def add(self, item: StoredOutputItem, verdicts: Sequence[StoredVerdict]) -> None:
        """One more item is counted."""
        self.items += 1
        self.passed += item.status == "pass"
        self.failed += item.status == "fail"
        self.errored += item.status == "error"
        for verdict in verdicts:
            self.criteria.setdefault(verdict.criterion, CriterionSums()).add(verdict)


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """Which items are grouped: those that both let through."""

    verdicts: VerdictFilter
    texts: TextFilter


@dataclass(frozen=True, slots=True)
class ReadItem:
    """An item that is grouped, with the value of its field and its verdicts."""

    item: StoredOutputItem
    value: tuple[JsonValue, ...]
    verdicts: tuple[StoredVerdict, ...]


@dataclass(frozen=True, slots=True)
class ReadItems:
    """Some items up to this row: how many, those that are grouped, and how many were skipped."""

    row: int
    searched: int
    found: Sequence[ReadItem]
    skipped: int


EVERY: Final = ItemFilter(VerdictFilter(), TextFilter())


class Grouping:
    """One run grouped by one field, as far as its items have been read.

    Of `searched` items `grouped` are in a group; `skipped` ones are not, since a text of theirs was
    too long for the regular expression.
    """

    def __init__(
        self, by: Placeholder, positions: Mapping[str, int], *, only: ItemFilter = EVERY
    ) -> None:
        """Begins with nothing read; of what verdicts let through, texts choose."""
        self._by = by
        self._positions = positions
        self._texts = only.texts
        self._matcher: ItemMatcher | None = None
        self._groups: dict[str, ItemGroup] = {}
        self.row = -1
        self.searched = self.grouped = self.skipped = 0
        self.is_whole = False
        # Two who ask at once would both read on from the same row, and count its items twice.
        self.reading = asyncio.Lock()

    @property
    def size(self) -> int:
        """How many sums it holds."""
        return len(self._groups) * (1 + len(set(self._positions.values())))

    @property
    def value_count(self) -> int:
        """How many values were met; items without the field count as one."""
        return len(self._groups)

    @property
    def has_field(self) -> bool:
        """Whether an item was met that has the field."""
        return any(self._groups)

    def largest(self, most: int) -> list[ItemGroup]:
        """The largest groups, ties as they were met; copies, which nobody counts on."""
        largest = heapq.nsmallest(most, self._groups.values(), key=lambda each: -each.items)
        return [deepcopy(each) for each in largest]

    def passes(self, criterion: int | None) -> list[Cluster]:
        """How many of each group were judged and passed, by the criterion or by all (None)."""
        found = [_passes(each, criterion) for each in self._groups.values()]
        return [each for each in found if each.n]

    def outcomes(self) -> list[ClusterCounts]:
        """How many of each group passed, failed and errored."""
        return [ClusterCounts(g.passed, g.failed, g.errored) for g in self._groups.values()]

    def scores(self, criterion: int) -> list[Cluster]:
        """How many of each group have a score by the criterion, and the sum of those."""
        summed = [each.criteria.get(criterion) for each in self._groups.values()]
        return [Cluster(each.scored, each.total) for each in summed if each and each.scored]

    def read(self, items: Sequence[StoredOutputItem]) -> ReadItems:
        """What these items add, which is not added yet: somebody may go away meanwhile."""
        matches = self._matches(items)
        found = [
            ReadItem(
                item,
                field_of(parse_kept(item.item_json), self._by),
                read_verdicts(item.results_json, self._positions),
            )
            for item, is_found in zip(items, matches, strict=True)
            if is_found
        ]
        return ReadItems(items[-1].row, len(items), found, matches.count(None))

    def add(self, read: ReadItems) -> None:
        """The items, which come next, are counted."""
        for each in read.found:
            self._group(each.value).add(each.item, each.verdicts)
        self.row = read.row
        self.searched += read.searched
        self.grouped += len(read.found)
        self.skipped += read.skipped

    def _matches(self, items: Sequence[StoredOutputItem]) -> list[bool | None]:
        if self._texts.is_empty:
            return [True] * len(items)
        if self._matcher is None:
            self._matcher = ItemMatcher(self._texts)
        return [self._matcher.matches(each.item_json, each.sample_json) for each in items]

    def _group(self, found: tuple[JsonValue, ...]) -> ItemGroup:
        key = value_key(found)
        if key not in self._groups:
            self._groups[key] = _empty_group(found)
        return self._groups[key]


def value_key(found: tuple[JsonValue, ...]) -> str:
    """What tells the value of a field from all others, no longer than a label; "" where none is."""
    if not found:
        return ""
    text = exact_json.dump(found[0])
    return text if len(text) <= LONGEST_LABEL else content_hash(found[0])


def _empty_group(found: tuple[JsonValue, ...]) -> ItemGroup:
    if not found:
        return ItemGroup(None, is_missing=True)
    return ItemGroup(_shown(found[0], exact_json.dump(found[0])), is_missing=False)


def _shown(value: JsonValue, text: str) -> JsonValue:
    if isinstance(value, float) and not isfinite(value):
        return text  # a number beyond floats, as an item may have it
    if value is None or isinstance(value, bool | int | float):
        return value
    shown = value if isinstance(value, str) else text
    return shown if len(shown) <= LONGEST_LABEL else shown[:LONGEST_LABEL] + "…"


def _passes(group: ItemGroup, criterion: int | None) -> Cluster:
    if criterion is None:
        return Cluster(group.passed + group.failed, group.passed)
    sums = group.criteria.get(criterion, CriterionSums())
    return Cluster(sums.passed + sums.failed, sums.passed)


class GroupMemory:
    """The groupings of a process that were asked for last: losing one costs reading it anew."""

    def __init__(self, *, most_sums: int = MOST_REMEMBERED) -> None:
        """Begins empty."""
        self._most_sums = most_sums
        self._groupings: OrderedDict[Key, Grouping] = OrderedDict()

    @property
    def size(self) -> int:
        """How many sums all groupings hold together."""
        return sum(each.size for each in self._groupings.values())

    def grouping(
        self,
        run: StoredRun,
        by: Placeholder,
        *,
        positions: Mapping[str, int],
        only: ItemFilter = EVERY,
    ) -> Grouping:
        """The grouping of the run as it is now, as far as it was read, or a new one."""
        # A filter may hold a list, which no key of a dictionary may.
        key = (run.id, run.chance, run.tally.total, run.has_verdicts, by.name, repr(only))
        grouping = self._groupings.pop(key, None) or Grouping(by, positions, only=only)
        self._groupings[key] = grouping
        return grouping

    def forget_some(self) -> None:
        """What was asked for longest ago is forgotten, until the rest is small enough."""
        while self.size > self._most_sums:
            self._groupings.popitem(last=False)
