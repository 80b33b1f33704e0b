"""What checking one item against a schema takes at most, reckoned without checking it."""

import heapq
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain, repeat

from pydantic import JsonValue

from evald.domain.item_schema_graph import Subschema
from evald.domain.item_schema_pattern import Pattern
from evald.domain.item_schema_weight import Weight, comparing_ns, large_number_ns

LIMIT_NS = 250_000_000
"""Reckoned time above which a schema is refused, or a row left undecided."""

MOST_RECKONED = 50_000
"""Values and visits above which a row is left undecided: Python takes 0.1 s for so many."""

_REMEMBERED_FROM = 16  # jsonschema-rs keeps a reference's answer if it took this many references

Visits = dict[Subschema, tuple[int, int]]
"""How often each subschema visits a value: in all, and by way of visits that happen but once."""


@dataclass(frozen=True, slots=True)
class Visitors:
    """All subschemas of a schema, those that apply others to the same value before these."""

    order: list[Subschema]
    ranks: dict[Subschema, int]  # places in that order
    weights: dict[Subschema, Weight]
    repeats: dict[Subschema, int]  # how often one visits what it applies, if not once
    remembered: frozenset[Subschema]  # those of which an answer for a value is kept

    def add_same_place(self, visits: Visits) -> bool:
        """Add all that is applied to the same value; whether any answer is kept."""
        ranks = [self.ranks[each] for each in visits]
        heapq.heapify(ranks)
        any_kept = False
        while ranks:
            subschema = self.order[heapq.heappop(ranks)]
            times, once = visits[subschema]
            if subschema in self.remembered:
                any_kept = True
                times, once = once, 1
            repeats = self.repeats.get(subschema, 1)
            for applied in subschema.same_place:
                if applied not in visits:
                    heapq.heappush(ranks, self.ranks[applied])
                _add(visits, applied, times * repeats, once * repeats)
        return any_kept

    def of_property(self, key: str, visits: Visits) -> Visits:
        """Who visits a property of the value that these visit."""
        found: Visits = {}
        for subschema, (times, once) in visits.items():
            applied = subschema.properties.get(key, subschema.other_properties)
            if applied is not None:
                _add(found, applied, times, once)
            repeats = self.repeats.get(subschema, 1)
            for each in subschema.every_property:
                _add(found, each, times * repeats, once * repeats)
        return found

    def of_name(self, visits: Visits) -> Visits:
        """Who visits the name of a property."""
        found: Visits = {}
        for subschema, (times, once) in visits.items():
            if subschema.property_names is not None:
                _add(found, subschema.property_names, times, once)
        return found

    def of_item(self, number: int, visits: Visits) -> Visits:
        """Who visits an item of a list."""
        found: Visits = {}
        for subschema, (times, once) in visits.items():
            leading = subschema.leading_items.get(number)
            if leading is not None:
                _add(found, leading, times, once)
            repeats = self.repeats.get(subschema, 1)
            for each in subschema.every_item:
                _add(found, each, times * repeats, once * repeats)
        return found


def _add(visits: Visits, subschema: Subschema, times: int, once: int) -> None:
    before = visits.get(subschema, (0, 0))
    visits[subschema] = (before[0] + times, before[1] + once)


@dataclass(slots=True)
class WorstCase:
    """The time a check takes at most, but for the searches, and how often each of these is made."""

    check_ns: int = 0
    searches: Counter[tuple[Pattern, str]] = field(default_factory=Counter)


class Reckoning:
    """The reckoning for one item. Values visited alike, such as all items of a list, share it."""

    def __init__(self, visitors: Visitors) -> None:
        self._visitors = visitors
        self._worst = WorstCase()
        self._factor = 1
        self._reckoned = 0

    def worst_case(self, item: JsonValue, root: Subschema) -> WorstCase:
        """What the item takes, or more than the limit once that is certain."""
        unseen = [(item, self._group({root: (1, 1)}))]
        while unseen:
            value, group = unseen.pop()
            self._worst.check_ns += group.visit_ns
            if isinstance(value, str):
                self._worst.check_ns += group.character_ns * len(value)
                self._add_searches(group.patterns, [value])
            elif isinstance(value, dict):
                self._add_names(group, value)
                parts = [(each, self._property(group, key)) for key, each in value.items()]
                unseen += [(each, part) for each, part in parts if part.visits]
            elif isinstance(value, list):
                if group.comparisons:
                    self._worst.check_ns += group.comparisons * comparing_ns(value)
                alike = self._item(group, group.leading)
                items = [self._item(group, number) for number in range(group.leading)]
                parts = list(zip(value, chain(items, repeat(alike)), strict=False))
                unseen += [(each, part) for each, part in parts if part.visits]
            elif value is not None:
                self._worst.check_ns += group.number_checks * large_number_ns(value)
            self._reckoned += 1
            too_long = self._worst.check_ns * self._factor > LIMIT_NS
            if too_long or self._reckoned > MOST_RECKONED:
                return WorstCase(LIMIT_NS + 1)
        self._worst.check_ns *= self._factor
        return self._worst

    def _group(self, visits: Visits) -> "_Group":
        if self._visitors.add_same_place(visits):
            self._factor = _REMEMBERED_FROM
        group = _Group(visits)
        for subschema, (times, _) in visits.items():
            group.add(subschema, self._visitors.weights[subschema], times)
        self._reckoned += 2 * len(visits)
        return group

    def _property(self, group: "_Group", key: str) -> "_Group":
        found = group.parts.get(key)
        if found is None and self._reckoned > MOST_RECKONED:
            return group  # whichever: the reckoning is over
        if found is None:
            self._reckoned += len(group.visits)
            found = self._group(self._visitors.of_property(key, group.visits))
            group.parts[key] = found
        return found

    def _item(self, group: "_Group", number: int) -> "_Group":
        found = group.parts.get(number)
        if found is None:
            self._reckoned += len(group.visits)
            found = self._group(self._visitors.of_item(number, group.visits))
            group.parts[number] = found
        return found

    def _add_names(self, group: "_Group", value: dict[str, JsonValue]) -> None:
        self._worst.check_ns += group.key_ns * len(value)
        if group.key_character_ns:
            self._worst.check_ns += group.key_character_ns * len("".join(value))
        self._add_searches(group.key_patterns, value)
        if group.has_names:
            names = self._group(self._visitors.of_name(group.visits))
            self._worst.check_ns += names.visit_ns * len(value)
            self._worst.check_ns += names.character_ns * len("".join(value))
            self._add_searches(names.patterns, value)

    def _add_searches(self, patterns: list[tuple[Pattern, int]], texts: Iterable[str]) -> None:
        for pattern, times in patterns:
            for text in texts:
                self._worst.searches[pattern, text] += times


@dataclass(slots=True)
class _Group:
    """The subschemas that visit a value, what they take together, and who visits its parts."""

    visits: Visits
    visit_ns: int = 0
    character_ns: int = 0
    key_ns: int = 0
    key_character_ns: int = 0
    number_checks: int = 0
    comparisons: int = 0
    leading: int = 0  # items from here on are visited alike
    has_names: bool = False
    patterns: list[tuple[Pattern, int]] = field(default_factory=list)
    key_patterns: list[tuple[Pattern, int]] = field(default_factory=list)
    parts: dict[str | int, "_Group"] = field(default_factory=dict)

    def add(self, subschema: Subschema, weight: Weight, times: int) -> None:
        self.visit_ns += times * weight.visit_ns
        self.character_ns += times * weight.character_ns
        self.key_ns += times * weight.key_ns
        self.key_character_ns += times * weight.key_character_ns
        self.number_checks += times * weight.number_checks
        self.comparisons += times * weight.compares_items
        self.patterns += [(pattern, times) for pattern in weight.patterns]
        self.key_patterns += [(pattern, times) for pattern in weight.key_patterns]
        self.leading = max(self.leading, *(number + 1 for number in subschema.leading_items), 0)
        self.has_names = self.has_names or subschema.property_names is not None
