import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.log_reading.entries import Entry
from evald.domain.log_reading.read_entries import Bad, Found, Passed, read_entry
from evald.domain.logs.read_log import ReadLog

COMPLETION: dict[str, Any] = {
    "id": "chatcmpl-1",
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}}],
}


def found_in(value: Any) -> list[Found]:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return read_entry(Entry(1, text), most_bytes=100)


def reason_of(value: Any) -> str:
    (bad,) = found_in(value)
    assert isinstance(bad, Bad)
    return bad.reason


def test_a_list_and_a_page_of_one_hold_many_logs() -> None:
    page = {"object": "list", "data": [COMPLETION, COMPLETION], "has_more": False}

    assert [type(each) for each in found_in(page)] == [ReadLog, ReadLog]
    assert [type(each) for each in found_in([COMPLETION, 1, [COMPLETION]])] == [ReadLog, Bad, Bad]
    assert found_in([]) == []


def test_an_export_holds_logs_and_other_spans() -> None:
    attributes = [
        {"key": "gen_ai.request.model", "value": {"stringValue": "m"}},
        {"key": "gen_ai.prompt.0.content", "value": {"stringValue": "Hello"}},
        {"key": "gen_ai.completion.0.content", "value": {"stringValue": "Hi"}},
    ]
    spans = [{"name": "GET"}, {"attributes": attributes}, {"attributes": attributes[:1]}]
    export = {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}

    assert [type(each) for each in found_in(export)] == [Passed, ReadLog, Bad]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "is not JSON"),
        (b"\0" * 100, "is not JSON"),
        (b'"\xff"', r"is not UTF-8 \(byte 1\)"),
        (b"null", "is no object"),
        (b"NaN", "is not JSON: NaN"),
        (b"[" * 100_000, "is nested deeper"),
        (b"[" * 300 + b"]" * 300, "is nested deeper"),
        (b"[" + b"1," * 300_000 + b"1]", "holds more than 250,000 values"),
        (b'{"a":1} {"a":2}', "is not JSON: Extra data"),
    ],
)
def test_hostile_text_is_a_sentence(text: bytes, reason: str) -> None:
    assert re.match(reason, reason_of(text))


def test_what_is_too_long_says_how_long_it_may_be() -> None:
    (bad,) = read_entry(Entry(1, None), most_bytes=1_000_000)

    assert bad == Bad("has more than 1,000,000 bytes, the most that is read as one")


def test_half_a_character_is_refused_wherever_it_stands() -> None:
    said = {**COMPLETION, "choices": [{"message": {"content": "\ud83d"}}]}
    named = {**COMPLETION, "id": "\udc00"}
    inside = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "\ud83d"}]}])
    attributes = [
        {"key": "gen_ai.request.model", "value": {"stringValue": "m"}},
        {"key": "gen_ai.input.messages", "value": {"stringValue": inside}},
        {"key": "gen_ai.completion.0.content", "value": {"stringValue": "Hi"}},
    ]
    export = {"resourceSpans": [{"scopeSpans": [{"spans": [{"attributes": attributes}]}]}]}

    for each in (said, named, export):
        assert reason_of(each).startswith("holds an unpaired surrogate")
    whole = {**COMPLETION, "choices": [{"message": {"content": "\U0001f600"}}]}
    assert isinstance(found_in(whole)[0], ReadLog)


KEYS = [
    *("object", "data", "request", "response", "choices", "message", "output", "model", "id"),
    *("metadata", "created", "body", "status_code", "events", "name", "key", "value"),
    *("resourceSpans", "scopeSpans", "spans", "attributes", "stringValue"),
]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(ANYTHING)
def test_whatever_comes_is_a_log_or_a_reason(value: Any) -> None:
    assert all(isinstance(each, ReadLog | Bad | Passed) for each in found_in(value))
