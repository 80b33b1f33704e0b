"""Which subschemas of an item schema are applied to which parts of an item."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Literal
from urllib.parse import unquote, urldefrag, urljoin

from pydantic import JsonValue

Schema = dict[str, JsonValue]
Draft = Literal["4", "6", "7", "2019-09", "2020-12"]

_REFERENCES = {"$ref", "$dynamicRef", "$recursiveRef"}

# Keywords whose value is a schema, a list of schemas, or schemas by name. Those under `$defs` are
# read, but applied by references only.
_SCHEMAS = {
    "additionalItems",
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
}
_LISTS = {"allOf", "anyOf", "items", "oneOf", "prefixItems"}
_MAPS = {
    "$defs",
    "definitions",
    "dependencies",
    "dependentSchemas",
    "patternProperties",
    "properties",
}


class UnusableSchema(Exception):
    """A schema that cannot be used.

    Attributes:
        pointer: JSON pointer to the place at fault, "" for the whole schema.
        reason: what is wrong there, to be read after "The schema cannot be used:".
    """

    def __init__(self, pointer: str, reason: str) -> None:
        super().__init__(f"{pointer}: {reason}")
        self.pointer = pointer
        self.reason = reason


@dataclass(slots=True, eq=False)
class Subschema:
    """A schema object and those it applies: to the same value, to its properties, to its items.

    Whatever is not certain before a row is there (which alternative, which condition) counts as
    applied. A schema that stands twice in a list counts twice.
    """

    pointer: str
    schema: Schema
    same_place: list["Subschema"] = field(default_factory=list)
    properties: dict[str, "Subschema"] = field(default_factory=dict)
    other_properties: "Subschema | None" = None
    every_property: list["Subschema"] = field(default_factory=list)
    property_names: "Subschema | None" = None
    leading_items: dict[int, "Subschema"] = field(default_factory=dict)
    every_item: list["Subschema"] = field(default_factory=list)
    base: str = ""  # the identifier of the schema resource it belongs to
    by_reference: bool = False  # stands for a `$ref` to the one subschema in `same_place`

    def applied(self) -> Iterator["Subschema"]:
        """All it applies, to whatever part of the value."""
        yield from self.same_place
        yield from self.applied_below()

    def applied_below(self) -> Iterator["Subschema"]:
        """All it applies to properties, their names, and items."""
        yield from self.properties.values()
        yield from self.every_property
        yield from self.leading_items.values()
        yield from self.every_item
        if self.other_properties is not None:
            yield self.other_properties
        if self.property_names is not None:
            yield self.property_names


@dataclass(frozen=True, slots=True)
class SchemaGraph:
    """A whole schema: where checking starts, and every subschema, applied or not."""

    root: Subschema
    subschemas: list[Subschema]


def read_graph(schema: Schema, draft: Draft) -> SchemaGraph:
    """The subschemas of a schema, with every reference followed.

    Raises:
        UnusableSchema: a reference leads out of the schema, or to no schema in it.
    """
    return _Reader(schema, draft).read()


class _Reader:
    """Reads a schema without calling itself: a schema may be as deep as it likes."""

    def __init__(self, schema: Schema, draft: Draft) -> None:
        self._schema = schema
        self._id_keyword = "id" if draft == "4" else "$id"
        self._siblings_count = draft in {"2019-09", "2020-12"}  # beside a `$ref`
        self._known: dict[int, Subschema] = {}
        self._stand_ins: dict[int, Subschema] = {}
        self._names: dict[tuple[str, str], Schema] = {("", ""): schema}  # (address, anchor) → it
        self._dynamic: dict[str, list[Schema]] = {}
        self._unread: list[Subschema] = []

    def read(self) -> SchemaGraph:
        root = self._subschema(self._schema, "", "")
        referring: list[Subschema] = []
        self._read_all(referring)
        while referring:
            subschema = referring.pop()
            for keyword in sorted(_REFERENCES & subschema.schema.keys()):
                self._follow(subschema, keyword)
            self._read_all(referring)  # a pointer may lead where no keyword does
        return SchemaGraph(root, [*self._known.values(), *self._stand_ins.values()])

    def _read_all(self, referring: list[Subschema]) -> None:
        while self._unread:
            subschema = self._unread.pop()
            self._identify(subschema)
            for keyword, value in subschema.schema.items():
                if isinstance(value, dict):
                    self._read_object(subschema, keyword, value)
                elif isinstance(value, list):
                    self._read_list(subschema, keyword, value)
            if not _REFERENCES.isdisjoint(subschema.schema):
                referring.append(subschema)

    def _subschema(self, schema: Schema, pointer: str, base: str) -> Subschema:
        known = self._known.get(id(schema))
        if known is None:
            known = self._known[id(schema)] = Subschema(pointer, schema, base=base)
            self._unread.append(known)
        return known

    def _identify(self, subschema: Subschema) -> None:
        schema = subschema.schema
        identifier = schema.get(self._id_keyword)
        if isinstance(identifier, str) and (self._siblings_count or "$ref" not in schema):
            address, anchor = _joined(subschema, identifier, self._id_keyword)
            if not anchor:
                subschema.base = address
            self._name(subschema, address, anchor)
        for keyword in ("$anchor", "$dynamicAnchor"):
            anchored = schema.get(keyword)
            if isinstance(anchored, str):
                self._name(subschema, subschema.base, anchored)
        dynamic = schema.get("$dynamicAnchor")
        if isinstance(dynamic, str):
            self._dynamic.setdefault(dynamic, []).append(schema)
        if schema.get("$recursiveAnchor") is True:
            self._dynamic.setdefault("", []).append(schema)

    def _name(self, subschema: Subschema, address: str, anchor: str) -> None:
        if self._names.setdefault((address, anchor), subschema.schema) is not subschema.schema:
            raise UnusableSchema(subschema.pointer, "it bears the name of another subschema")

    def _read_object(self, subschema: Subschema, keyword: str, value: Schema) -> None:
        if keyword in _MAPS:
            self._read_map(subschema, keyword, value)
            return
        if keyword not in _SCHEMAS:
            return
        found = self._subschema(value, f"{subschema.pointer}/{keyword}", subschema.base)
        match keyword:
            case "not" | "if" | "then" | "else":
                subschema.same_place.append(found)
            case "items" | "additionalItems" | "contains" | "unevaluatedItems":
                subschema.every_item.append(found)
            case "additionalProperties":
                subschema.other_properties = found
            case "unevaluatedProperties":
                subschema.every_property.append(found)
            case "propertyNames":
                subschema.property_names = found

    def _read_map(self, subschema: Subschema, keyword: str, value: Schema) -> None:
        place = f"{subschema.pointer}/{keyword}/"
        found = {
            name: self._subschema(schema, place + pointer_step(name), subschema.base)
            for name, schema in value.items()
            if isinstance(schema, dict)
        }
        match keyword:
            case "properties":
                subschema.properties = found
            case "patternProperties":
                subschema.every_property.extend(found.values())
            case "dependentSchemas" | "dependencies":
                subschema.same_place.extend(found.values())

    def _read_list(self, subschema: Subschema, keyword: str, value: list[JsonValue]) -> None:
        if keyword not in _LISTS:
            return
        place = f"{subschema.pointer}/{keyword}/"
        found = {
            number: self._subschema(schema, f"{place}{number}", subschema.base)
            for number, schema in enumerate(value)
            if isinstance(schema, dict)
        }
        if keyword in {"prefixItems", "items"}:  # the latter in drafts before 2020-12
            subschema.leading_items |= found
        else:
            subschema.same_place.extend(found.values())

    def _follow(self, subschema: Subschema, keyword: str) -> None:
        reference = subschema.schema.get(keyword)
        if not isinstance(reference, str):
            return
        address, fragment = _joined(subschema, reference, keyword)
        target = self._target(address, unquote(fragment))
        if not isinstance(target, dict | bool):
            raise UnusableSchema(
                f"{subschema.pointer}/{keyword}",
                f"it refers to '{reference[:200]}', which is not in the schema",
            )
        targets = [target]
        if keyword != "$ref":  # which of these it is depends on the way that leads here
            targets += self._dynamic.get(fragment, [])
        for each in {id(each): each for each in targets if isinstance(each, dict)}.values():
            subschema.same_place.append(self._stand_in(each, address))

    def _target(self, address: str, fragment: str) -> JsonValue:
        if not fragment.startswith("/"):
            return self._names.get((address, fragment))
        return value_at(self._names.get((address, "")), fragment)

    def _stand_in(self, target: Schema, base: str) -> Subschema:
        stand_in = self._stand_ins.get(id(target))
        if stand_in is None:
            subschema = self._subschema(target, "", base)
            stand_in = Subschema(subschema.pointer, {}, [subschema], by_reference=True)
            self._stand_ins[id(target)] = stand_in
        return stand_in


def _joined(subschema: Subschema, reference: str, keyword: str) -> tuple[str, str]:
    """The address and the fragment a reference in a subschema stands for."""
    if reference.startswith("#"):  # `urljoin` cannot join to a urn
        return subschema.base, reference[1:]
    try:
        address, fragment = urldefrag(urljoin(subschema.base, reference))
    except ValueError:
        raise UnusableSchema(f"{subschema.pointer}/{keyword}", "it is not a URI") from None
    return address, fragment


def pointer_step(name: str) -> str:
    """A property's name as one step of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def value_at(value: JsonValue, pointer: str) -> JsonValue:
    """What a JSON pointer leads to in a value, or None."""
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isdecimal() and len(name) < 9:
            value = value[int(name)] if int(name) < len(value) else None
        else:
            return None
    return value


def applying_first(subschemas: list[Subschema]) -> list[Subschema]:
    """All subschemas, each before those it applies to the same value.

    Raises:
        UnusableSchema: one applies itself to the same value, in the end.
    """
    sorter: TopologicalSorter[Subschema] = TopologicalSorter()
    for subschema in subschemas:
        sorter.add(subschema)
        for applied in subschema.same_place:
            sorter.add(applied, subschema)
    try:
        return list(sorter.static_order())
    except CycleError as cycle:
        pointer = max(each.pointer for each in cycle.args[1])
        raise UnusableSchema(pointer, "it refers to itself for the same value") from None


def order_of_all(subschemas: list[Subschema]) -> list[Subschema] | None:
    """All subschemas, each before all it applies; None if one comes back to itself."""
    sorter: TopologicalSorter[Subschema] = TopologicalSorter()
    for subschema in subschemas:
        sorter.add(subschema)
        for applied in subschema.applied():
            sorter.add(applied, subschema)
    try:
        return list(sorter.static_order())
    except CycleError:
        return None


def on_cycles(subschemas: list[Subschema]) -> list[Subschema]:
    """The subschemas that come back to themselves (Kosaraju's algorithm)."""
    appliers: dict[Subschema, list[Subschema]] = {each: [] for each in subschemas}
    for subschema in subschemas:
        for applied in subschema.applied():
            appliers[applied].append(subschema)
    forward = {each: list(each.applied()) for each in subschemas}
    ended = [each for tree in _trees(subschemas, forward) for each in tree]
    groups = _trees(ended[::-1], appliers)
    return [each for group in groups if len(group) > 1 for each in group]


def _trees(
    starts: list[Subschema], ways: dict[Subschema, list[Subschema]]
) -> list[list[Subschema]]:
    """What is found from each start and not from one before, in the order of being done with."""
    trees: list[list[Subschema]] = []
    found: set[Subschema] = set()
    for start in starts:
        if start in found:
            continue
        found.add(start)
        tree: list[Subschema] = []
        path = [(start, iter(ways[start]))]
        while path:
            here, remaining = path[-1]
            step = next((each for each in remaining if each not in found), None)
            if step is None:
                path.pop()
                tree.append(here)
                continue
            found.add(step)
            path.append((step, iter(ways[step])))
        trees.append(tree)
    return trees
