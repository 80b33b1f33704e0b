"""What one visit to a subschema takes at most, by the keywords that stand in it.

The nanoseconds were measured with jsonschema-rs 0.60 and rounded up, November 2026.
"""

from dataclasses import dataclass, field

from pydantic import JsonValue

from evald.domain.item_schema_graph import Schema
from evald.domain.item_schema_pattern import Pattern

_BY_NAME = {
    "properties",
    "additionalProperties",
    "propertyNames",
    "patternProperties",
    "unevaluatedProperties",
}


@dataclass(slots=True)
class Weight:
    """What a subschema's own keywords take, without the subschemas it applies."""

    visit_ns: int = 40
    character_ns: int = 0  # of a string
    key_ns: int = 0  # of an object
    key_character_ns: int = 0
    number_checks: int = 1
    compares_items: bool = False
    patterns: list[Pattern] = field(default_factory=list)  # those with trials
    key_patterns: list[Pattern] = field(default_factory=list)


def weight_of(schema: Schema, patterns: dict[str, Pattern]) -> Weight:
    """The weight of a schema object; `patterns` has all that stand in it."""
    weight = Weight()
    for keyword, value in schema.items():
        weight.visit_ns += 30
        _weigh_values(weight, keyword, value)
        if keyword == "pattern" and isinstance(value, str):
            _weigh_text(weight, patterns[value])
        elif isinstance(value, dict):
            _weigh_properties(weight, keyword, value)
            if keyword == "patternProperties":
                _weigh_names(weight, [patterns[name] for name in value])
    return weight


def large_number_ns(value: float) -> int:
    """What one comparison adds for an integer that does not fit into 64 bits."""
    if not isinstance(value, int) or -(2**63) < value < 2**63:
        return 0
    digits = value.bit_length() * 3 // 10
    return 1_000 + 100 * digits + digits * digits // 10


def comparing_ns(items: list[JsonValue]) -> int:
    """What it takes to find out whether all items differ.

    They are looked up by hash. Numbers beyond 53 bits share it with their neighbours, and so do
    lists that differ only in their brackets: these may have to be compared each with each.
    """
    values, characters, large_ns, nested = 0, 0, 0, False
    level = items
    while level:
        below: list[JsonValue] = []
        for value in level:
            if isinstance(value, str):
                characters += len(value)
            elif isinstance(value, dict):
                below += value.values()
                characters += len("".join(value))
            elif isinstance(value, list):
                below += value
            elif value is not None and abs(value) > 2**53:
                large_ns += 2_000 + large_number_ns(value)
        values += len(level)
        nested = nested or bool(below)
        level = below
    each_with_each_ns = (values * 20 + characters // 10) if nested else 0
    return values * 400 + characters + len(items) * (each_with_each_ns + large_ns)


def values_in(value: JsonValue) -> int:
    """How many values a value is made of."""
    count = 0
    level = [value]
    while level:
        count += len(level)
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return count


def _weigh_values(weight: Weight, keyword: str, value: JsonValue) -> None:
    match keyword:
        case "enum" | "const":
            constants: list[JsonValue] = value if isinstance(value, list) else [value]
            plain = all(isinstance(each, str) for each in constants)
            weight.visit_ns += len(constants) * 5 if plain else values_in(constants) * 600
            weight.number_checks += len(constants)
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            weight.visit_ns += 0 if isinstance(value, int) else 2_000
            weight.number_checks += 1
        case "multipleOf":
            weight.visit_ns += 100 if isinstance(value, int) else 5_000
            weight.number_checks += 2
        case "required" if isinstance(value, list):
            weight.visit_ns += 40 * len(value)
        case "uniqueItems":
            weight.compares_items = value is True
        case "contentMediaType":  # drafts 6 and 7 look whether the text is JSON
            weight.character_ns += 20
        case _:
            pass


def _weigh_text(weight: Weight, pattern: Pattern) -> None:
    weight.character_ns += pattern.character_ns
    if pattern.trials:
        weight.patterns.append(pattern)


def _weigh_properties(weight: Weight, keyword: str, value: Schema) -> None:
    if keyword in {"dependentRequired", "dependencies"}:
        names = [each for each in value.values() if isinstance(each, list)]
        weight.visit_ns += 40 * (len(value) + sum(map(len, names)))
    elif keyword in _BY_NAME:
        weight.key_ns += 60


def _weigh_names(weight: Weight, patterns: list[Pattern]) -> None:
    for pattern in patterns:
        weight.key_ns += 60
        weight.key_character_ns += pattern.character_ns
        if pattern.trials:
            weight.key_patterns.append(pattern)
