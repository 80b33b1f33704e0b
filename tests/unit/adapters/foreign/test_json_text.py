"""JSON texts read value by value; what RFC 8259 allows is documented, the bounds are ours."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.adapters.foreign.json_text import JsonText, TextMalformed
from tests.support.examples import at_most

pytestmark = pytest.mark.slow  # a second and more in all; `make test` has a minute

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**16), 10**16)
    | st.floats(allow_nan=False)
    | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


def text_of(text: str, *, size: int = 2**16, most_values: int = 10**6) -> JsonText:
    whole = text.encode()
    pieces = (whole[start : start + size] for start in range(0, len(whole), size))
    return JsonText(pieces, most_values=most_values)


@at_most(40)
@given(st.lists(JSON, min_size=1, max_size=4), st.integers(1, 9), st.sampled_from([None, 1]))
def test_values_behind_one_another_are_read_as_they_are(
    values: list[object], size: int, indent: int | None
) -> None:
    text = text_of("\n ".join(json.dumps(each, indent=indent) for each in values), size=size)

    read = []
    while text.peek():
        read.append(text.plain(10_000))

    assert read == values


@at_most(30)
@given(st.lists(JSON, max_size=6), st.integers(1, 9))
def test_lines_are_counted(values: list[object], size: int) -> None:
    text = text_of("".join(json.dumps(each) + "\n" for each in values), size=size)

    lines = []
    while text.peek():
        lines.append(text.line)
        text.plain(10_000)

    assert lines == list(range(1, len(values) + 1))


@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_a_value_is_whole_up_to_as_many_characters_as_it_may_have(size: int) -> None:
    for most, is_whole in [(12, True), (11, False)]:
        whole = text_of('["12345678"] ', size=size).whole(most)

        assert (whole is not None) == is_whole


def test_a_value_of_too_many_values_is_not_read_on() -> None:
    """They would take many times as much memory as their text."""
    many = json.dumps([0] * 1_000)

    assert text_of(many, size=100, most_values=500).whole(10_000) is None
    assert text_of(many, size=100, most_values=2_000).whole(10_000) is not None


def test_a_whole_value_stays_where_it_is() -> None:
    text = text_of("[1] 2")

    assert text.whole(10) == text.whole(10)
    assert text.peek() == "["


def test_the_next_line_is_found_however_far_it_is() -> None:
    text = text_of("x" * 100_000 + "\n{}", size=1_000)

    assert text.next_line()
    assert (text.peek(), text.line) == ("{", 2)
    assert not text.next_line()


def test_another_character_than_belongs_there_is_refused() -> None:
    with pytest.raises(TextMalformed, match="lacks a ','"):
        text_of("}").pass_over(",")
    with pytest.raises(TextMalformed, match="ends too early"):
        text_of(" ").pass_over(",")
