from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.telemetry.attributes import attributes_of, decoded, spread_list


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ({"stringValue": "x"}, "x"),
        ({"boolValue": False}, False),
        ({"doubleValue": 0.5}, 0.5),
        ({"intValue": "-7"}, -7),
        ({"intValue": 7}, 7),
        ({"intValue": "9" * 30}, "9" * 30),
        ({"intValue": "x"}, "x"),
        ({"bytesValue": "AAA="}, "AAA="),
        ({"arrayValue": {"values": [{"stringValue": "x"}, {"intValue": "1"}]}}, ["x", 1]),
        ({"arrayValue": {}}, []),
        ({"arrayValue": None}, []),
        ({"kvlistValue": {"values": [{"key": "a", "value": {"boolValue": True}}]}}, {"a": True}),
        ({"kvlistValue": None}, {}),
        ({"otherValue": 1}, None),
        ({}, None),
        ("x", None),
    ],
)
def test_a_value_becomes_plain(value: Any, plain: Any) -> None:
    """Documented: the JSON form of OTLP; what is odd about values is ours."""
    assert attributes_of([{"key": "k", "value": value}]) == {"k": plain}


@pytest.mark.parametrize("given", [None, 1, "x", {}, [1, {"key": 2}, {"value": {}}]])
def test_what_are_no_attributes_are_none(given: Any) -> None:
    assert attributes_of(given) == {}


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ('[{"a": 1}]', [{"a": 1}]),
        (' {"a": 1}', {"a": 1}),
        ("[1", "[1"),
        ("text", "text"),
        ("1", "1"),
        ("", ""),
        ([1], [1]),
        (None, None),
    ],
)
def test_json_inside_of_a_text_is_read(value: Any, meant: Any) -> None:
    assert decoded(value) == meant


def test_a_list_spread_over_attributes_is_in_the_order_of_its_numbers() -> None:
    attributes: Any = {
        "p.10.role": "c",
        "p.2.role": "b",
        "p.2.content": "x",
        "p.2.tool_calls.0.name": "f",
        "p.2": "no field",
        "p.x.role": "no number",
        "p.99999.role": "too many",
        "p.²": 1,
        "q.0.role": "another",
    }

    assert spread_list(attributes, "p") == [
        {"role": "b", "content": "x", "tool_calls.0.name": "f"},
        {"role": "c"},
    ]


@given(st.dictionaries(st.text(alphabet="p.0129²x"), st.text()))
def test_whatever_attributes_are_called(attributes: Any) -> None:
    assert isinstance(spread_list(attributes, "p"), list)
