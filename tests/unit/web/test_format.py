import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from evald.domain import exact_json
from evald.web.format import (
    FOLDED_CHARS,
    NAME_CHARS,
    PREVIEW_CHARS,
    clip,
    counted,
    cut,
    duration,
    fold,
    indented,
    iso,
    number,
    one_line,
    plain,
    rate,
    score,
    spaced,
    took,
    utc,
    visible,
)

ANY_TEXT = st.text(st.characters(codec=None))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=3), inside),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (146, 200, "73.0 %"),
        (0, 0, "–"),
        (0, 5, "0.0 %"),
        (5, 5, "100.0 %"),
        (9_999, 10_000, "> 99.9 %"),
        (1, 10_000, "< 0.1 %"),
        (1, 1_000, "0.1 %"),
        (999, 1_000, "99.9 %"),
    ],
)
def test_a_rate_has_one_decimal_and_is_never_rounded_to_all_or_none(
    part: int, whole: int, shown: str
) -> None:
    assert rate(part, whole) == shown


@given(st.integers(1, 10**6), st.integers(0, 10**6))
def test_only_all_is_a_hundred_percent(whole: int, part: int) -> None:
    part = min(part, whole)

    assert (rate(part, whole) == "100.0 %") == (part == whole)
    assert (rate(part, whole) == "0.0 %") == (part == 0)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-1, "less than 1 s"),
        (0, "less than 1 s"),
        (12, "12 s"),
        (60, "1 min 0 s"),
        (185, "3 min 5 s"),
        (3_725, "1 h 2 min"),
        (3_600_000, "1,000 h 0 min"),
    ],
)
def test_a_duration_is_told_in_its_two_largest_units(seconds: int, shown: str) -> None:
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0, "0 ms"),
        (0.0424, "42 ms"),
        (1.0, "1.00 s"),
        (4.204, "4.20 s"),
        (59.9, "59.90 s"),
        (65.9, "1 min 5 s"),
    ],
)
def test_a_short_time_is_told_closely_and_a_long_one_roughly(seconds: float, shown: str) -> None:
    assert took(seconds) == shown


def test_times_are_told_in_utc() -> None:
    assert utc(1_750_000_000) == "2025-06-15 15:06:40 UTC"
    assert iso(1_750_000_000) == "2025-06-15T15:06:40Z"


def test_numbers_have_a_comma_at_each_thousand() -> None:
    assert number(1_234_567) == "1,234,567"
    assert score(0.5) == "0.500"


@pytest.mark.parametrize(("count", "shown"), [(0, "0 rows"), (1, "1 row"), (1_877, "1,877 rows")])
def test_only_one_is_told_without_an_s(count: int, shown: str) -> None:
    assert counted(count, "row") == shown


@given(ANY_TEXT.map(lambda text: text * 50))
def test_folding_loses_and_changes_nothing(text: str) -> None:
    folded = fold(text)

    assert text.startswith(folded.shown + folded.rest)
    assert len(folded.shown) + folded.hidden == len(text)


@pytest.mark.parametrize(
    ("size", "shown", "rest", "left_out"),
    [
        (PREVIEW_CHARS, PREVIEW_CHARS, 0, 0),
        (PREVIEW_CHARS + 60, PREVIEW_CHARS + 60, 0, 0),
        (PREVIEW_CHARS + 61, PREVIEW_CHARS, 61, 0),
        (PREVIEW_CHARS + FOLDED_CHARS + 7, PREVIEW_CHARS, FOLDED_CHARS, 7),
    ],
)
def test_a_long_text_is_folded_and_a_huge_one_is_cut(
    size: int, shown: int, rest: int, left_out: int
) -> None:
    folded = fold("x" * size)

    assert (len(folded.shown), len(folded.rest), folded.left_out) == (shown, rest, left_out)


def test_a_text_that_was_unfolded_is_whole_unless_it_is_huge() -> None:
    size = PREVIEW_CHARS + FOLDED_CHARS

    assert cut("x" * size).shown == "x" * size
    assert cut("x" * (size + 3)).left_out == 3


def test_a_name_is_clipped_to_one_line() -> None:
    assert clip("x" * NAME_CHARS) == "x" * NAME_CHARS
    assert clip("x" * (NAME_CHARS + 1)) == "x" * (NAME_CHARS - 1) + "…"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb\nc", "a\tb\nc"),
        ("a\r\nb", "a␍\nb"),
        ("\0", "␀"),
        ("\x1b[31m", "␛[31m"),
        ("\x7f", "␡"),
        ("\x85", "\\u0085"),
        ("\ud800", "\\ud800"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("שלום\u200f!", "שלום\u200f!"),
    ],
)
def test_what_has_no_sign_is_shown_by_one(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(ANY_TEXT)
def test_what_is_visible_can_be_sent_and_stays_as_it_is(text: str) -> None:
    shown = visible(text)

    assert shown.encode().decode() == shown
    assert visible(shown) == shown


@given(JSON)
def test_indenting_changes_no_value(value: JsonValue) -> None:
    assert exact_json.parse(indented(value)) == value


def test_json_is_indented_by_two_and_numbers_stay_as_given() -> None:
    value = exact_json.parse('{"a": [1.0, 0.10], "b": {}, "c": []}')

    assert indented(value) == '{\n  "a": [\n    1.0,\n    0.10\n  ],\n  "b": {},\n  "c": []\n}'


def test_a_string_is_shown_without_quotes_and_the_rest_as_json() -> None:
    assert plain('say "hi"') == 'say "hi"'
    assert plain({"a": [1, None]}) == '{"a":[1,null]}'


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\n\tb   c ", "a b c"),
        ("x" * 10, "x" * 10),
        ("x" * 11, "x" * 9 + "…"),
        ("x " * 100_000, "x x x x x…"),
        ("", ""),
    ],
)
def test_a_text_on_one_line_has_its_beginning(text: str, line: str) -> None:
    assert one_line(text, 10) == line


def test_spaces_have_signs_that_can_be_counted() -> None:
    assert spaced("a  b\tc\u00a0\n") == "a··b→\tc⍽⏎\n"


def test_a_text_is_folded_where_there_is_room_for_more_or_less() -> None:
    folded = fold("x" * 1_000, at_once=100, folded=300)

    assert (len(folded.shown), len(folded.rest), folded.left_out) == (100, 300, 600)


def test_what_lies_very_deep_stays_on_its_line() -> None:
    deep: JsonValue = 1
    for _ in range(200):
        deep = [deep]

    assert indented(deep).count("\n") == 102
