"""How long checking an item against a schema can take at most, whatever the item says."""

from math import isinf
from typing import NamedTuple

from pydantic import JsonValue

from evald.domain.item_schema_graph import (
    SchemaGraph,
    Subschema,
    UnusableSchema,
    applying_first,
    on_cycles,
    order_of_all,
)
from evald.domain.item_schema_pattern import Pattern
from evald.domain.item_schema_reckoning import LIMIT_NS, Reckoning, Visitors, WorstCase
from evald.domain.item_schema_weight import weight_of

MAX_CHAIN = 200
"""Subschemas applied to one value, each by the one before: every one needs room on the stack."""

MAX_LEVELS = 2_000
"""The same down a whole item; 8 MiB of stack would do for five times as many."""

MAX_PATHS = 20_000
"""Ways down to subschemas below `unevaluated…`; each is compiled by itself."""

_PLENTY = 10**15

_UNEVALUATED = {"unevaluatedProperties", "unevaluatedItems"}


class ItemSize(NamedTuple):
    """How large an item is; a tuple, since one is made for every row."""

    values: int
    characters: int  # in strings and in names of properties
    depth: int
    floats: bool  # holds a number that is not an `int`
    large: bool  # holds a number that does not fit into 64 bits


def size_of(item: JsonValue) -> ItemSize:
    """The item's size, level by level: this runs for every row."""
    values, characters, depth, floats, large = 1, 0, 0, False, False
    level = [item]
    while level:
        depth += 1
        below: list[JsonValue] = []
        for value in level:
            if isinstance(value, str):
                characters += len(value)
            elif isinstance(value, dict):
                below += value.values()
                characters += len("".join(value))
            elif isinstance(value, list):
                below += value
            elif value is None or value is True or value is False:
                pass
            elif isinstance(value, float):
                floats = True
                large = large or isinf(value)
            elif not -(2**63) < value < 2**63:
                large = True
        values += len(below)
        level = below
    return ItemSize(values, characters, depth, floats, large)


class CheckCost:
    """What checking items against one schema takes at most."""

    def __init__(self, graph: SchemaGraph, patterns: dict[str, Pattern]) -> None:
        """The costs of a schema whose patterns are these.

        Raises:
            UnusableSchema: for some value, or to be compiled, it takes too long or too much room.
        """
        self._root = graph.root
        self._order = applying_first(graph.subschemas)
        self._ranks = {subschema: rank for rank, subschema in enumerate(self._order)}
        self._weights = {each: weight_of(each.schema, patterns) for each in self._order}
        chains = self._chains()
        self.chain = max(chains.values())
        # How often a subschema visits what it applies: which parts of a value are evaluated is
        # found out by asking again, at each step down the chain.
        self._repeats = {
            each: chains[each] for each in self._order if _UNEVALUATED & each.schema.keys()
        }
        self._refuse_fan_out()
        self._remembered: frozenset[Subschema] = frozenset()
        # If a value, or a character, of an item were visited by all there is: a bound that is far
        # too high for some schemas, and reckoned in no time.
        self.value_ns, self.character_ns = self._totals(graph.subschemas)

    @property
    def remembers(self) -> bool:
        """Whether the schema refers to itself, so that answers are kept."""
        return bool(self._remembered)

    def worst_case(self, item: JsonValue, *, remembering: bool) -> WorstCase:
        """The time a check of this item takes at most, every alternative counted.

        Args:
            remembering: whether the answers of a schema that refers to itself are kept, as they
                are when the question is whether the item fits, and not where it does not.
        """
        remembered = self._remembered if remembering else frozenset()
        visitors = Visitors(self._order, self._ranks, self._weights, self._repeats, remembered)
        return Reckoning(visitors).worst_case(item, self._root)

    def _chains(self) -> dict[Subschema, int]:
        """How many subschemas one value is visited by in a row, from each on."""
        chains: dict[Subschema, int] = {}
        for subschema in reversed(self._order):
            longest = max((chains[each] for each in subschema.same_place), default=0)
            if longest >= MAX_CHAIN:
                raise UnusableSchema(subschema.pointer, "its references form too long a chain")
            chains[subschema] = longest + 1
        return chains

    def _refuse_fan_out(self) -> None:
        one_value_ns: dict[Subschema, int] = {}
        paths: dict[Subschema, int] = {}
        unevaluated_paths = 0
        for subschema in reversed(self._order):
            below_ns = sum(one_value_ns[each] for each in subschema.same_place)
            below_ns *= self._repeats.get(subschema, 1)
            one_value_ns[subschema] = self._weights[subschema].visit_ns + below_ns
            paths[subschema] = 1 + sum(paths[each] for each in subschema.same_place)
            if subschema in self._repeats:
                unevaluated_paths += paths[subschema]
            if one_value_ns[subschema] > LIMIT_NS or unevaluated_paths > MAX_PATHS:
                reason = "its alternatives multiply to more than can be checked in time"
                raise UnusableSchema(subschema.pointer, reason)

    def _totals(self, subschemas: list[Subschema]) -> tuple[int, int]:
        """Nanoseconds a value and a character, if each were visited by all there is."""
        order = order_of_all(subschemas)
        if order is None:
            self._remembered = frozenset(
                each for each in on_cycles(subschemas) if each.by_reference
            )
            return _PLENTY, _PLENTY
        totals: dict[Subschema, tuple[int, int]] = {}
        for subschema in reversed(order):
            weight = self._weights[subschema]
            repeats = self._repeats.get(subschema, 1)
            below = [totals[each] for each in subschema.applied()]
            value_ns = repeats * sum(ns for ns, _ in below) + weight.visit_ns + weight.key_ns
            character_ns = repeats * sum(ns for _, ns in below)
            character_ns += weight.character_ns + weight.key_character_ns
            if weight.compares_items or weight.patterns or weight.key_patterns:
                value_ns = _PLENTY
            totals[subschema] = (min(_PLENTY, value_ns), min(_PLENTY, character_ns))
        return totals[self._root]
