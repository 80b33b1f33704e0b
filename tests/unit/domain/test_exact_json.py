"""JSON in which every number keeps its text."""

import hashlib
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.exact_json import (
    MAX_DEPTH,
    MAX_VALUES,
    ExactFloat,
    canonical,
    content_hash,
    dump,
    is_dense,
    parse,
    parse_bytes,
    refuse_many,
)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize(
    "text",
    [
        "15",
        "15.0",
        "0.10",
        "1e400",
        "-0",
        "-0.0",
        "1E+2",
        "123456789012345678901234567890",
        "9" * 5_000,
        '"\\ud800"',
        '"ü"',
        "[]",
        "{}",
        '{"b":1,"a":[true,false,null]}',
    ],
)
def test_what_is_parsed_is_written_as_it_was(text: str) -> None:
    assert dump(parse(text)) == text


def test_an_integer_and_a_float_stay_different() -> None:
    assert canonical(parse('{"a": 15}')) != canonical(parse('{"a": 15.0}'))


def test_the_canonical_form_of_a_worked_example() -> None:
    value = parse('{ "b": 1.0, "a": "ü", "c": [ 1, {"z": null, "y": 2} ] }')

    assert canonical(value) == '{"a":"ü","b":1.0,"c":[1,{"y":2,"z":null}]}'
    assert content_hash(value) == hashlib.sha256(canonical(value).encode()).hexdigest()


@pytest.mark.parametrize(
    "text", ["NaN", "[Infinity]", "-Infinity", "", "{", "[1,]", '{"a" 1}', "1 2"]
)
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse(text)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_nesting_ends_where_walking_it_would_fail(opening: str) -> None:
    closing = "]" if opening == "[" else "}"
    just = opening * MAX_DEPTH + "1" + closing * MAX_DEPTH

    assert parse(just) is not None
    for levels in (MAX_DEPTH + 1, 100_000):
        with pytest.raises(ValueError, match="nested"):
            parse(opening * levels + "1" + closing * levels)


def test_a_wide_value_is_not_a_deep_one() -> None:
    assert parse("[" + "[]," * 1_000 + "[]]") == [[]] * 1_001


@pytest.mark.slow
@pytest.mark.parametrize(
    ("unit", "values"),
    [("[],", 2), ("{},", 2), ("1,", 1), ('"",', 1), ('"a\\"b,[{",', 1), ("[1,2],", 3)],
)
def test_so_many_values_may_stand_in_a_text_and_no_more(unit: str, values: int) -> None:
    count = (MAX_VALUES - 2) // values

    assert parse("[" + unit * count + "1]")
    with pytest.raises(ValueError, match="holds more than 250,000 values"):
        parse("[" + unit * (count + 1) + "1]")


def test_signs_within_strings_are_no_values() -> None:
    text = '{"a":"' + "[{," * MAX_VALUES + '\\""}'

    assert is_dense(text)
    assert parse(text)


@pytest.mark.parametrize("end", ['"', "\\", '\\"', ""])
def test_a_string_without_end_is_gone_through_once(end: str) -> None:
    text = '["' + '\\"' * 1_000_000 + end

    refuse_many(text, 0)


def test_only_the_value_that_begins_there_counts() -> None:
    many = "[" + "1," * MAX_VALUES + "1]"

    refuse_many(f'{{"a":[1]}},{many}', 0)
    with pytest.raises(ValueError, match="values"):
        refuse_many(f'{{"a":[1]}},{many}', len('{"a":[1]},'))


def test_the_last_of_two_equal_keys_counts() -> None:
    assert parse('{"a": 1, "a": 2}') == {"a": 2}


def test_an_exact_float_counts_as_its_number() -> None:
    number = parse("0.10")

    assert isinstance(number, ExactFloat)
    assert math.isclose(number, 0.1)


@given(VALUES)
def test_dumped_text_is_json_of_the_same_value(value: object) -> None:
    assert json.loads(dump(value)) == value  # type: ignore[arg-type]


@given(VALUES)
def test_dumped_text_can_be_encoded(value: object) -> None:
    assert dump(value).encode()  # type: ignore[arg-type]


@given(st.dictionaries(st.text(), st.integers()))
def test_the_order_of_keys_does_not_change_the_canonical_form(pairs: dict[str, int]) -> None:
    turned = dict(reversed(pairs.items()))

    assert canonical(dict(turned)) == canonical(dict(pairs))


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1.50}',
        "[1e2,1E+2]",
        "-0",
        "[-0, -0.0]",
        "123456789012345678901234567890",
        "[9223372036854775808]",
        '{"a":1,"a":2}',
        '"\\ud800"',
        '"1.5 and -0"',
        "\ufeff[1]",
        "[" * MAX_DEPTH + "]" * MAX_DEPTH,
    ],
)
def test_bytes_are_read_as_their_text_is(text: str) -> None:
    assert dump(parse_bytes(text.encode())) == dump(parse(text.removeprefix("\ufeff")))


@given(VALUES | st.floats(allow_nan=False, allow_infinity=False))
def test_bytes_are_read_as_any_text_is(value: object) -> None:
    text = json.dumps(value)

    assert dump(parse_bytes(text.encode())) == dump(parse(text))


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"",
        b"NaN",
        b"[Infinity]",
        b'"\xff"',
        b"[1.5,]",
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
        b"[" + b"1," * MAX_VALUES + b"1]",
    ],
)
def test_bytes_that_are_no_json_text_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - as `parse` has it
        parse_bytes(content)
