"""Sums over a run's items by a field, as far as they were read, kept while there is room."""

import asyncio
import heapq
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from math import isfinite

from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.exact_json import content_hash, parse_kept
from evald.domain.item_filters import field_of
from evald.domain.item_verdicts import StoredVerdict, read_verdicts
from evald.domain.statistics.clusters import Cluster
from evald.domain.statistics.rates import ClusterCounts
from evald.domain.template import Placeholder
from evald.ports.kept import StoredOutputItem, StoredRun

MOST_REMEMBERED = 300_000
"""Sums held in memory, of all groupings together: some 60 MB at most."""

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


class Grouping:
    """One run grouped by one field, as far as its items have been read."""

    def __init__(self, by: Placeholder, positions: Mapping[str, int]) -> None:
        """Begins with nothing read."""
        self._by = by
        self._positions = positions
        self._groups: dict[str, ItemGroup] = {}
        self.row = -1
        self.searched = 0
        self.is_whole = False
        # Two who ask at once would both read on from the same row, and count its items twice.
        self.reading = asyncio.Lock()

    @property
    def size(self) -> int:
        """How many sums it holds."""
        return len(self._groups) * (1 + len(set(self._positions.values())))

    @property
    def group_count(self) -> int:
        """How many values were met."""
        return len(self._groups)

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

    def read(self, items: Sequence[StoredOutputItem]) -> "ReadItems":
        """What these items add, which is not added yet: somebody may go away meanwhile."""
        return [
            (
                item,
                field_of(parse_kept(item.item_json), self._by),
                read_verdicts(item.results_json, self._positions),
            )
            for item in items
        ]

    def add(self, read: "ReadItems") -> None:
        """The items, which come next, are counted."""
        for item, found, verdicts in read:
            self._group(found).add(item, verdicts)
            self.row = item.row
        self.searched += len(read)

    def _group(self, found: tuple[JsonValue, ...]) -> ItemGroup:
        if not found:
            return self._groups.setdefault("", ItemGroup(None, is_missing=True))
        text = exact_json.dump(found[0])
        key = text if len(text) <= LONGEST_LABEL else content_hash(found[0])
        if key not in self._groups:
            self._groups[key] = ItemGroup(_shown(found[0], text), is_missing=False)
        return self._groups[key]


ReadItems = list[tuple[StoredOutputItem, tuple[JsonValue, ...], tuple[StoredVerdict, ...]]]
"""Items, each with the value of its field and its verdicts."""


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
        self._groupings: OrderedDict[tuple[str, int, int, str], Grouping] = OrderedDict()

    @property
    def size(self) -> int:
        """How many sums all groupings hold together."""
        return sum(each.size for each in self._groupings.values())

    def grouping(self, run: StoredRun, by: Placeholder, positions: Mapping[str, int]) -> Grouping:
        """The grouping of the run as it is now, as far as it was read, or a new one."""
        key = (run.id, run.chance, run.tally.total, by.name)
        grouping = self._groupings.pop(key, None) or Grouping(by, positions)
        self._groupings[key] = grouping
        return grouping

    def forget_some(self) -> None:
        """What was asked for longest ago is forgotten, until the rest is small enough."""
        while self.size > self._most_sums:
            self._groupings.popitem(last=False)
