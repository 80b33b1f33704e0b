"""Scores: values with their counts."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.statistics.scores import NoScores, Scores, counted_scores, scores_of


def test_equal_scores_are_kept_once_with_their_count() -> None:
    assert scores_of([0.5, 1.0, 0.5]) == Scores((0.5, 1.0), (2, 1))
    assert counted_scores({1.0: 3, 0.0: 0}) == Scores((1.0,), (3,))


def test_what_the_docstrings_work_by_hand() -> None:
    scores = scores_of([1, 2, 3, 4, 5])

    assert (scores.n, scores.mean, scores.deviations(2)) == (5, 3, 10)


@given(st.lists(st.integers(min_value=-20, max_value=20), min_size=1))
def test_the_mean_is_exact_and_the_order_plays_no_part(values: list[int]) -> None:
    scores = scores_of(value / 8 for value in values)

    assert scores.mean == float(Fraction(sum(values), 8 * len(values)))
    assert scores == scores_of(value / 8 for value in sorted(values))


@given(st.floats(min_value=-1e6, max_value=1e6), st.integers(min_value=1, max_value=1_000))
def test_equal_scores_do_not_deviate(value: float, n: int) -> None:
    scores = counted_scores({value: n})

    assert (scores.mean, scores.deviations(2)) == (value, 0.0)


def test_no_scores_have_no_mean() -> None:
    with pytest.raises(NoScores, match="no mean"):
        _ = scores_of([]).mean
    with pytest.raises(NoScores):
        scores_of([]).deviations(2)


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_no_score(score: float) -> None:
    with pytest.raises(ValueError, match="no score"):
        scores_of([0.5, score])


def test_no_score_occurs_less_than_never() -> None:
    with pytest.raises(ValueError, match="cannot occur -1 times"):
        counted_scores({0.5: -1})
