"""How many runs of tokens two texts share."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.graders.similarity.ngrams import shared_ngrams

TOKENS = st.lists(st.sampled_from("abcde"), max_size=30)
FEW = st.lists(st.sampled_from("abc"), max_size=10)


def naive(one: list[str], other: list[str], n: int) -> int:
    """As the definition has it: the runs of both as multisets, and what is in both."""
    runs = [
        Counter(tuple(text[at : at + n]) for at in range(len(text) - n + 1))
        for text in (one, other)
    ]
    return (runs[0] & runs[1]).total()


@given(TOKENS, TOKENS)
def test_it_is_what_the_definition_says(one: list[str], other: list[str]) -> None:
    assert shared_ngrams(one, other, most=5) == [naive(one, other, n) for n in range(1, 6)]


@given(FEW, FEW, FEW, FEW)
def test_runs_within_the_same_ends_are_counted_too(
    head: list[str], one: list[str], other: list[str], tail: list[str]
) -> None:
    texts = (head + one + tail, head + other + tail)

    assert shared_ngrams(*texts, most=4) == [naive(*texts, n) for n in range(1, 5)]


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ("a b a b", "b a b a", [4, 2, 2, 0]),
        ("a a a", "a a", [2, 1, 0, 0]),
        ("a b", "c d", [0, 0, 0, 0]),
        ("", "a", [0, 0, 0, 0]),
    ],
)
def test_by_hand(one: str, other: str, found: list[int]) -> None:
    assert shared_ngrams(one.split(), other.split(), most=4) == found
