import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.word_diff import MOST_CHARACTERS, Piece, word_diff

WORDS = st.lists(st.sampled_from(["a", "b", "desk", " ", "  ", "\n", ",", "電", "é"])).map("".join)


def written(pieces: list[Piece] | None) -> str:
    """`[-…-]` is removed and `{+…+}` added."""
    signs = {"same": ("", ""), "removed": ("[-", "-]"), "added": ("{+", "+}")}
    return "".join([each.text.join(signs[each.kind]) for each in pieces or []])


@pytest.mark.parametrize(
    ("before", "after", "difference"),
    [
        ("", "", ""),
        ("the same", "the same", "the same"),
        ("", "new", "{+new+}"),
        ("old", "", "[-old-]"),
        ("a red fox", "a blue fox", "a [-red-]{+blue+} fox"),
        ("one two three", "four five three", "[-one two-]{+four five+} three"),
        ("end", "end.", "end{+.+}"),
        ("Paris ", "Paris", "Paris[- -]"),
        ("naïve café", "naïve cafe", "naïve [-café-]{+cafe+}"),
        ("電話番号", "電報番号", "電[-話-]{+報+}番号"),
        ("a b c d", "b c d e", "[-a -]b c d{+ e+}"),
    ],
)
def test_words_are_removed_and_added_between_those_that_stay(
    before: str, after: str, difference: str
) -> None:
    assert written(word_diff(before, after)) == difference


@given(WORDS, WORDS)
def test_the_pieces_make_both_texts(before: str, after: str) -> None:
    pieces = word_diff(before, after) or []

    assert "".join(each.text for each in pieces if each.kind != "added") == before
    assert "".join(each.text for each in pieces if each.kind != "removed") == after
    assert all(each.text for each in pieces)


@given(WORDS, WORDS)
def test_neighbours_are_of_different_kinds_and_removed_comes_first(before: str, after: str) -> None:
    kinds = [each.kind for each in word_diff(before, after) or []]

    assert all(
        one != other and (one, other) != ("added", "removed") for one, other in pairwise(kinds)
    )


@given(st.text("木水火", max_size=8), st.text("木水火", max_size=8))
def test_as_many_words_as_possible_stay(before: str, after: str) -> None:
    pieces = word_diff(before, after) or []

    stayed = "".join(each.text for each in pieces if each.kind == "same")
    assert len(stayed) == _longest(before, after)


def _longest(one: str, other: str) -> int:
    if not one or not other:
        return 0
    if one[-1] == other[-1]:
        return 1 + _longest(one[:-1], other[:-1])
    return max(_longest(one[:-1], other), _longest(one, other[:-1]))


def test_what_is_too_large_is_not_compared() -> None:
    assert word_diff("a" * MOST_CHARACTERS, "b") is None
    assert word_diff("a b " * 20_000, "c d " * 20_000) is None


@pytest.mark.slow
def test_the_largest_texts_that_are_compared_take_no_time_to_speak_of() -> None:
    before = " ".join(str(each * 7 % 997) for each in range(4_000))
    after = " ".join(str(each * 11 % 997) for each in range(4_000))

    began = time.process_time()
    pieces = word_diff(before, after)

    assert pieces is not None
    assert time.process_time() - began < 2
