"""Values that have broken servers before, and JSON made of them."""

import json
import re

from hypothesis import strategies as st
from pydantic import JsonValue

STRINGS = [
    "",
    "\0",
    "a\0b",
    "\ud800",
    "\udfff\ud800",
    "\r\nX-Injected: yes",
    "../../../etc/passwd",
    "%2e%2e%2f",
    "{{ item.prompt }}",
    "{{ sample.output_text }}",
    "{{sample.output_json.a[0]}}",
    "{{ item",
    "{{ other.x }}",
    "{{" * 50,
    "' OR 1=1; --",
    "<script>alert(1)</script>",
    "\u202e\u2028𝕏",
    "null",
    "1e999",
    "k" * 64,
    "k" * 65,
    "v" * 512,
    "ü" * 513,
    "x" * 5_000,
    "[" * 300,
    '{"result": 1e400}',
]

NUMBERS = ["1e400", "-1e400", "-0", "1e-400", "1" + "0" * 400, "9" * 5_000, "0.1", "1E+2"]
"""As JSON writes them: most cannot be a Python number and be written so again."""

_MARK = "@@number:"
_MARKED = re.compile(f'"{_MARK}([^"]+)"')

TEXT = st.sampled_from(STRINGS) | st.text(max_size=12)
INTEGERS = st.sampled_from([0, 1, -1, 7, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 2**64, 10**400])
FLOATS = st.sampled_from([0.0, 1.0, -1.0, 0.5, 1e308, -1e308, 5e-324])
MARKED_NUMBERS = st.sampled_from(NUMBERS).map(lambda number: _MARK + number)
SCALARS = st.none() | st.booleans() | INTEGERS | FLOATS | TEXT | MARKED_NUMBERS
JSON: st.SearchStrategy[JsonValue] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
NO_JSON = st.sampled_from(
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"\x00",
        b'{"name": NaN}',
        b'{"name": "\xff"}',
        b'{"a":1,"a":2}',
        b'{"a":' * 300 + b"1" + b"}" * 300,
        b"[" * 100_000,
        b'{"metadata": {"a": "b"}, "metadata": 7}',
    ]
)
"""Bodies that are no JSON, no object, or odd ones."""


def json_bytes(value: JsonValue) -> bytes:
    """The value as JSON, its marked numbers as they are to be written."""
    return _MARKED.sub(r"\1", json.dumps(value)).encode()


def mutated(draw: st.DrawFn, value: JsonValue) -> JsonValue:
    """The value with something in it left out, doubled, or replaced by whatever there is."""
    if isinstance(value, dict) and value:
        key = draw(st.sampled_from(sorted(value)))
        what = draw(st.sampled_from(["inside", "inside", "inside", "gone", "other", "more"]))
        if what == "inside":
            return {**value, key: mutated(draw, value[key])}
        if what == "gone":
            return {name: inner for name, inner in value.items() if name != key}
        if what == "more":
            return {**value, draw(TEXT): draw(JSON)}
        return {**value, key: draw(JSON)}
    if isinstance(value, list) and value:
        at = draw(st.integers(0, len(value) - 1))
        inside = [mutated(draw, value[at]), value[at], draw(JSON)]
        return [*value[:at], *inside[: draw(st.integers(0, 3))], *value[at + 1 :]]
    return draw(JSON)
