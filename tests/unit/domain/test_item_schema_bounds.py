"""That no schema and no row can hold the server: hostile ones, and how long they take. All ours.

Seconds are those of the thread's own processor time, so that a busy machine does not count.
"""

import random
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from pydantic import JsonValue

from evald.domain.item_schema import (
    ItemSchema,
    RowMisfit,
    RowUndecided,
    SchemaInvalid,
    compile_item_schema,
)

pytestmark = pytest.mark.slow  # a second and more in all; `make test` has a minute

MOST_SECONDS = 1.0  # at most a third of it where the module was measured

Wrap = Callable[[JsonValue], JsonValue]


def nested(levels: int, wrap: Wrap, value: JsonValue) -> JsonValue:
    for _ in range(levels):
        value = wrap(value)
    return value


def in_a_row(length: int, step: Wrap, last: JsonValue, *, of_items: bool = False) -> JsonValue:
    """A schema whose definitions a0, a1, … each refer to the next as `step` makes them."""
    definitions: dict[str, JsonValue] = {
        f"a{number}": step({"$ref": f"#/$defs/a{number + 1}"}) for number in range(length)
    }
    definitions[f"a{length}"] = last
    first: JsonValue = {"$ref": "#/$defs/a0"}
    return {"items" if of_items else "allOf": first if of_items else [first], "$defs": definitions}


def itself(**keywords: JsonValue) -> JsonValue:
    return {"$ref": "#/$defs/T", "$defs": {"T": keywords}}


def brackets(number: int) -> JsonValue:
    """Lists without anything in them, different for each number of the same length."""
    value: JsonValue = []
    for bit in f"{number:b}"[1:]:
        value = [value, []] if bit == "1" else [[], value]
    return value


def letters(length: int) -> str:
    return "".join(random.Random(length).choices("ab", k=length))


T: JsonValue = {"$ref": "#/$defs/T"}
WITH_C: JsonValue = {"type": "object", "required": ["c"], "properties": {"c": T}}
LONG_LIST: JsonValue = {"type": "array", "minItems": 10**6, "items": {"type": "integer"}}
MANY: JsonValue = {f"p{number}": "x" for number in range(1_000)}
DEEP_OBJECT = nested(20, lambda inner: {"x": inner}, "leaf")
WIDE_TREE = nested(6, lambda inner: {"c": [inner] * 4, "k": 9}, {"k": 1})


def seconds_of(schema: JsonValue, item: JsonValue) -> tuple[float, float, str]:
    """How long compiling and checking took, and what came of it."""
    start = time.thread_time()
    try:
        compiled = compile_item_schema(schema)
    except SchemaInvalid:
        return time.thread_time() - start, 0.0, "refused"
    middle = time.thread_time()
    found = compiled.misfit(item)
    end = time.thread_time()
    return middle - start, end - middle, type(found).__name__


HOSTILE: dict[str, tuple[JsonValue, JsonValue, str]] = {
    "any of two, 26 deep": (
        in_a_row(26, lambda ref: {"anyOf": [ref, ref]}, {"type": "integer"}), "x", "refused",
    ),
    "any of two, 18 deep": (
        in_a_row(18, lambda ref: {"anyOf": [ref, ref]}, {"type": "integer"}), "x", "RowMisfit",
    ),
    "any of two, 18 deep, for each of 500": (
        in_a_row(18, lambda ref: {"anyOf": [ref, ref]}, {"type": "integer"}, of_items=True),
        ["x"] * 500,
        "RowUndecided",
    ),
    "conditions, 26 deep": (
        in_a_row(26, lambda ref: {"if": ref, "then": ref, "not": ref}, {"type": "string"}),
        "x",
        "refused",
    ),
    "thousands of literal alternatives": (
        nested(11, lambda inner: {"anyOf": [inner, inner]}, {"type": "integer"}), "x", "RowMisfit",
    ),
    "the same property twice, 20 deep": (
        in_a_row(20, lambda ref: {"allOf": [{"properties": {"x": ref}}] * 2}, {"type": "integer"}),
        DEEP_OBJECT,
        "RowUndecided",
    ),
    "itself twice": (
        itself(allOf=[{"items": T}] * 2), nested(40, lambda inner: [inner], 1), "NoneType",
    ),
    "itself twice, and wrong": (
        itself(anyOf=[{"type": "array", "items": T}, {"type": "array", "items": T}]),
        nested(40, lambda inner: [inner], 1),
        "RowMisfit",
    ),
    "itself six times, in a wide tree": (
        itself(anyOf=[{"properties": {"c": {"items": T}, "k": {"const": n}}} for n in range(6)]),
        WIDE_TREE,
        "RowUndecided",
    ),
    "itself above long lists": (
        itself(anyOf=[*[WITH_C] * 3, *[LONG_LIST] * 50]),
        nested(10, lambda inner: {"c": inner}, list(range(20_000))),
        "RowUndecided",
    ),
    "itself 250 deep": (
        itself(items=T), nested(250, lambda inner: [inner], 1), "RowUndecided",
    ),
    "unevaluated, any of two, 14 deep": (
        in_a_row(14, lambda ref: {"anyOf": [ref, ref], "unevaluatedProperties": False}, {}),
        {"a": 1},
        "refused",
    ),
    "unevaluated, 60 deep": (
        nested(60, lambda inner: {"allOf": [inner], "unevaluatedItems": {"type": "string"}}, {}),
        [1] * 3_000,
        "refused",
    ),
    "unevaluated beside a thousand": (
        {
            "allOf": [{"properties": {f"p{n}": True}} for n in range(1_000)],
            "unevaluatedProperties": False,
        },
        MANY,
        "RowUndecided",
    ),
    "a chain of 5,000 references": (in_a_row(5_000, lambda ref: ref, {}), 1, "refused"),
    "a chain of 100 references": (in_a_row(100, lambda ref: ref, {}), 1, "refused"),
    "a chain of 90 references": (in_a_row(90, lambda ref: ref, {}), 1, "NoneType"),
    "nested 1,000 deep": (nested(1_000, lambda inner: {"not": inner}, {}), 1, "refused"),
    "nested 10,000 deep": (nested(10_000, lambda inner: {"not": inner}, {}), 1, "refused"),
    "nested 150 deep": (nested(150, lambda inner: {"not": inner}, {}), 1, "NoneType"),
    "nested 150 deep, for a deep item": (
        nested(150, lambda inner: {"not": inner}, {}),
        nested(50, lambda inner: [inner], 1),
        "RowUndecided",
    ),
    "20,000 values": ({"enum": list(range(20_000))}, 1, "refused"),
    "2 MiB of text": ({"title": "x" * 2**21}, 1, "refused"),
    "9,000 values": (
        {"properties": {f"p{n}": {"type": "string"} for n in range(4_500)}}, {"p5": 5}, "RowMisfit",
    ),
    "501 patterns": ({"allOf": [{"pattern": f"^a{n}"} for n in range(501)]}, "a", "refused"),
    "500 patterns": ({"allOf": [{"pattern": f"^a{n}"} for n in range(500)]}, "a", "RowMisfit"),
    "patterns of 12 MiB": (
        {"allOf": [{"pattern": f"\\p{{L}}{{{n}}}"} for n in (40, 41, 42)]}, "a", "refused",
    ),
    "a pattern of 64 MiB": ({"pattern": "\\p{L}{1000}"}, "a", "refused"),
    "a pattern of 10,001 characters": ({"pattern": "a" * 10_001}, "a", "refused"),
    "a pattern made to backtrack": ({"pattern": "^(a+)+$"}, "a" * 100_000 + "!", "RowMisfit"),
    "a pattern of a thousand states": (
        {"pattern": "[ab]*a[ab]{1000}c"}, letters(100_000), "RowUndecided",
    ),
    "lookahead at each of 30,000": (
        {"pattern": "^(?:(?=[\\s\\S]*b)a)*b$"}, "a" * 30_000 + "b", "RowUndecided",
    ),
    "lookahead at each of 5,000": (
        {"pattern": "^(?:(?=[\\s\\S]*b)a)*b$"}, "a" * 5_000 + "b", "NoneType",
    ),
    "lookbehind at each of 3,000": ({"pattern": "(?<=a*)c"}, "a" * 3_000, "RowMisfit"),
    "back references in 200 items": (
        {"items": {"pattern": "(a+)+\\1c"}}, ["a" * (30 + n) for n in range(200)], "RowUndecided",
    ),
    "big integers with one hash": (
        {"uniqueItems": True}, [2**100 + n for n in range(5_000)], "RowUndecided",
    ),
    "integers of 62 bits with one hash": (
        {"uniqueItems": True}, [2**62 + n for n in range(5_000)], "RowUndecided",
    ),
    "lists with one hash": (
        {"uniqueItems": True}, [brackets(n) for n in range(2_048, 8_000)], "RowUndecided",
    ),
    "100 different lists": ({"uniqueItems": True}, [[n] for n in range(100)], "NoneType"),
    "itself by patterns of names": (
        itself(patternProperties={"^x": T, "y": T}), DEEP_OBJECT, "NoneType",
    ),
    "100 different objects": (
        {"uniqueItems": True}, [{"a": n} for n in range(100)], "NoneType",
    ),
    "300 integers of 4,200 digits": (
        {"items": {"multipleOf": 0.01}}, [10**4_200 + n for n in range(300)], "RowUndecided",
    ),
    "20 integers of 4,200 digits": (
        {"items": {"multipleOf": 0.01}}, [10**4_200 + n for n in range(20)], "NoneType",
    ),
    "a big integer among 5,000": ({"enum": list(range(5_000))}, 10**4_200, "RowUndecided"),
    "fractions for 50,000 numbers": (
        {"items": {"multipleOf": 0.5}}, list(range(49_900)), "RowUndecided",
    ),
    "200,000 numbers": ({"items": {"type": "number"}}, [1] * 200_000, "NoneType"),
    "200,000 numbers for two": (
        {"items": {"type": "number", "multipleOf": 0.5}}, [1] * 200_000, "RowUndecided",
    ),
    "objects to compare with": (
        {"items": {"enum": [{"a": n} for n in range(2_000)]}}, [{"a": -1}] * 1_000, "RowUndecided",
    ),
    "a hundred patterns for a thousand names": (
        {"patternProperties": {f"^{n}x+$": {"minLength": 1} for n in range(100)}}, MANY, "NoneType",
    ),
    "20 MB in the wrong place": ({"required": ["b"]}, {"a": "x" * 20_000_000}, "RowMisfit"),
    "4 MB in the wrong place": ({"required": ["b"]}, {"a": "é" * 3_900_000}, "RowMisfit"),
    "4 MB in 200 alternatives": (
        {"anyOf": [{"required": [f"z{n}"]} for n in range(200)]},
        {"a": "x" * 3_900_000},
        "RowMisfit",
    ),
    "1 MB wrong in 1,000 ways": (
        {"allOf": [{"required": [f"z{n}"]} for n in range(1_000)]},
        {"a": "x" * 1_000_000},
        "RowMisfit",
    ),
    "20,000 wrong items": (
        {"items": {"anyOf": [{"type": "string"}, {"type": "null"}]}}, [1] * 20_000, "RowMisfit",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_schema_or_row_is_done_with_soon(name: str) -> None:
    schema, item, outcome = HOSTILE[name]

    compiling_s, checking_s, found = seconds_of(schema, item)

    assert found == outcome
    assert compiling_s < MOST_SECONDS
    assert checking_s < MOST_SECONDS


ENDLESS = "^(?:a|a(?=a)|a)*b"  # takes 3 times as long for each "a"


@pytest.mark.parametrize(
    "schema",
    [
        {"pattern": ENDLESS},
        {"not": {"pattern": ENDLESS}},
        {"anyOf": [{"pattern": ENDLESS}, {"type": "integer"}]},
        {"oneOf": [{"pattern": ENDLESS}, {"type": "string"}]},
        {"if": {"pattern": ENDLESS}, "then": False},
        {"properties": {"a": {"pattern": ENDLESS}}},
        {"patternProperties": {ENDLESS: False}},
        {"propertyNames": {"pattern": ENDLESS}},
        {"items": {"propertyNames": {"not": {"pattern": ENDLESS}}}},
    ],
)
def test_a_pattern_that_runs_out_of_steps_leaves_the_row_undecided(schema: JsonValue) -> None:
    text = "a" * 60
    item: JsonValue = text
    if "roperty" in str(schema) or "patternP" in str(schema):
        item = {text: 1}
    elif "properties" in str(schema):
        item = {"a": text}
    if "items" in str(schema):
        item = [item]

    assert compile_item_schema(schema).misfit(item) == RowUndecided(
        "A pattern of the item schema ran out of steps for this item."
    )


@pytest.mark.parametrize(
    ("schema", "fits"),
    [
        ({"anyOf": [{"pattern": "^(?:a|a(?=a))*b"}, {"type": "string"}]}, True),
        ({"anyOf": [{"type": "string"}, {"pattern": "^(?:a|a(?=a))*b"}]}, True),
        ({"allOf": [{"pattern": "^(?:a|a(?=a))*b"}, {"type": "integer"}]}, False),
        ({"pattern": "^(?:a|a(?=a))*b"}, None),
        ({"not": {"pattern": "^(?:a|a(?=a))*b"}}, None),
    ],
)
def test_a_search_without_an_answer_does_not_matter_where_either_answer_would_do(
    schema: JsonValue, fits: bool | None
) -> None:
    found = compile_item_schema(schema).misfit("a" * 40)

    if fits is None:
        assert isinstance(found, RowUndecided)
    elif fits:
        assert found is None
    else:
        assert isinstance(found, RowMisfit)


def test_where_locating_takes_too_long_a_pattern_without_an_answer_may_be_the_reason() -> None:
    twice: JsonValue = {"type": "array", "items": T, "contains": {"pattern": "(?=x)y"}}
    schema = compile_item_schema(itself(anyOf=[twice, twice]))

    found = schema.misfit(nested(40, lambda inner: [inner], 1))

    assert found == RowUndecided(
        "The item may not fit its schema; to say more would take too long."
    )


def test_a_reference_into_an_alternative_makes_locating_dear() -> None:
    alternatives: JsonValue = [{"type": "string"}, {"type": "null"}]
    schema = compile_item_schema(
        {"items": {"anyOf": alternatives}, "$defs": {"x": {"$ref": "#/items/anyOf/0"}}}
    )

    assert schema.misfit([1]) == RowMisfit("/0", "must fit what `anyOf` asks for")
    assert schema.misfit([1] * 20_000) == RowMisfit(
        "", "must fit the item schema (saying where would take too long)"
    )


def test_a_deep_schema_does_not_take_down_the_process() -> None:
    """Rust ends the whole process when its stack is full, so this is tried in another one."""
    program = (
        f"import sys; sys.path[:0] = {sys.path!r}"
        """
import threading
from evald.domain.item_schema import SchemaInvalid, compile_item_schema

def nested(levels, wrap, value):
    for _ in range(levels):
        value = wrap(value)
    return value

def check():
    for levels in (50, 199, 10_000, 100_000):
        for keyword in ("not", "items", "additionalProperties", "propertyNames"):
            try:
                schema = compile_item_schema(nested(levels, lambda inner: {keyword: inner}, {}))
            except SchemaInvalid:
                continue
            for item in (nested(240, lambda inner: [inner], 1), nested(240, lambda i: {"a": i}, 1)):
                schema.misfit(item)
    chain = {f"a{n}": {"anyOf": [{"not": {"$ref": f"#/$defs/a{n + 1}"}}]} for n in range(40)}
    chain |= {"a40": {"items": {"$ref": "#/$defs/a0"}}}
    schema = compile_item_schema({"$ref": "#/$defs/a0", "$defs": chain})
    for levels in range(1, 250, 10):
        schema.misfit(nested(levels, lambda inner: [inner], 1))

threading.stack_size(4 * 1024 * 1024)  # half of what threads usually get
thread = threading.Thread(target=check)
thread.start()
thread.join()
print("alive")
"""
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=50
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "alive\n", "")


def test_an_ordinary_row_costs_little_beside_its_check() -> None:
    """Some 3 us were measured; ten times as many would be felt in a run of 1,000 rows a second."""
    names = ["text", "label", "a", "b", "c"]
    schema = compile_item_schema(
        {"type": "object", "properties": {name: {"type": "string"} for name in names}}
    )
    item: JsonValue = dict.fromkeys(names, "x" * 200)

    assert fastest_of_five(schema, item) < 30e-6


def fastest_of_five(schema: ItemSchema, item: JsonValue) -> float:
    times = []
    for _ in range(5):
        start = time.thread_time()
        for _ in range(2_000):
            schema.misfit(item)
        times.append((time.thread_time() - start) / 2_000)
    return min(times)
