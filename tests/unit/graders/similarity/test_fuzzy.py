from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import fuzz

from evald.graders.similarity.choices import FuzzyChoice, FuzzyFunction, FuzzyProcessor
from evald.graders.similarity.fuzzy import fuzzy_match, is_quick
from tests.unit.graders.similarity.pairs import CAT, FUZZY, PARIS, any_texts

FUNCTIONS: tuple[FuzzyFunction, ...] = get_args(FuzzyFunction)
USUAL = FuzzyChoice()


@pytest.mark.parametrize(
    ("pair", "function", "processor", "score"),
    [
        (FUZZY, "wratio", "none", 0.7556),
        (FUZZY, "ratio", "none", 0.7556),
        (FUZZY, "token_sort_ratio", "none", 0.5778),
        (CAT, "wratio", "none", 0.8636),
        (CAT, "wratio", "default_process", 0.9302),
        (CAT, "ratio", "none", 0.8636),
        (PARIS, "wratio", "none", 0.9),
        (PARIS, "ratio", "none", 0.4),
        (("", ""), "wratio", "none", 1.0),
        (("", ""), "ratio", "none", 1.0),
        (("", "x"), "partial_ratio", "none", 0.0),
        (("?!", "?!"), "wratio", "default_process", 1.0),
        (("?!", "..."), "wratio", "default_process", 0.0),
        (("ЁЛКА", "ёлка!"), "wratio", "default_process", 1.0),
    ],
)
def test_values_of_reference(
    pair: tuple[str, str], function: FuzzyFunction, processor: FuzzyProcessor, score: float
) -> None:
    assert fuzzy_match(*pair, choice=FuzzyChoice(function, processor)) == pytest.approx(
        score, abs=5e-5
    )


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_that_can_be_chosen_is_that_of_rapidfuzz(function: FuzzyFunction) -> None:
    names = {name.lower(): name for name in dir(fuzz)}
    theirs = getattr(fuzz, names[function])

    assert fuzzy_match(*PARIS, choice=FuzzyChoice(function, "none")) == theirs(*PARIS) / 100


@given(any_texts, any_texts, st.sampled_from(FUNCTIONS))
def test_it_lies_between_zero_and_one_and_is_symmetric(
    one: str, other: str, function: FuzzyFunction
) -> None:
    choice = FuzzyChoice(function)

    score = fuzzy_match(one, other, choice=choice)

    assert 0.0 <= score <= 1.0
    assert score == pytest.approx(fuzzy_match(other, one, choice=choice))


@given(any_texts, st.sampled_from(FUNCTIONS))
def test_a_text_is_like_itself(text: str, function: FuzzyFunction) -> None:
    assert fuzzy_match(text, text, choice=FuzzyChoice(function)) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("function", "one", "other", "quick"),
    [
        ("wratio", 300, 300, True),
        ("wratio", 300, 650, True),
        ("wratio", 2_000, 2_100, True),  # of one length: no looking within
        ("wratio", 2_000, 5_700, False),
        ("partial_ratio", 2_000, 2_100, False),
        ("ratio", 2_000, 5_000, True),
        ("ratio", 10_000, 10_000, False),
        ("wratio", 1, 400_000, True),
    ],
)
def test_what_is_quick(function: FuzzyFunction, one: int, other: int, quick: bool) -> None:
    assert is_quick(FuzzyChoice(function), one, other) is quick
    assert is_quick(FuzzyChoice(function), other, one) is quick
