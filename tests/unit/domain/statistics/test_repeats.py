"""Items asked several times."""

import itertools
from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.statistics.intervals import wilson_interval
from evald.domain.statistics.rates import Share
from evald.domain.statistics.repeats import (
    Spread,
    flip_rate,
    item_means,
    pass_at_k,
    pass_hat_k,
    spread,
)
from evald.domain.statistics.scores import NoScores

attempts = st.integers(min_value=1, max_value=8).flatmap(
    lambda n: st.tuples(
        st.integers(min_value=0, max_value=n), st.just(n), st.integers(min_value=1, max_value=n)
    )
)


def test_what_the_docstrings_work_by_hand() -> None:
    assert pass_at_k(1, 5, k=2) == pytest.approx(0.4)
    assert pass_hat_k(4, 5, k=2) == pytest.approx(0.6)
    assert item_means([(0, 1), (1, 1)]) == [0.5, 1.0]


@given(attempts)
def test_both_are_shares_of_all_choices(case: tuple[int, int, int]) -> None:
    passed, n, k = case
    choices = list(itertools.combinations([True] * passed + [False] * (n - passed), k))

    assert pass_at_k(passed, n, k=k) == pytest.approx(sum(map(any, choices)) / len(choices))
    assert pass_hat_k(passed, n, k=k) == pytest.approx(sum(map(all, choices)) / len(choices))


def test_thousands_of_attempts_are_no_trouble() -> None:
    assert pass_at_k(1, 10_000, k=100) == pytest.approx(0.01, rel=1e-14)
    assert pass_at_k(9_999, 10_000, k=5_000) == 1.0
    assert pass_hat_k(9_999, 10_000, k=100) == pytest.approx(0.99, rel=1e-14)


def test_items_that_are_not_unanimous_flip() -> None:
    found = flip_rate([[True, True], [True, False], [False] * 3, [True], []])

    assert found == Share(1, 3, wilson_interval(1, 3))


def test_the_spread_by_hand() -> None:
    found = spread([(0, 1), (1, 1), (0, 0)])

    assert astuple(found) == pytest.approx((1 / 6, 1 / 6))


def test_items_that_differ_less_than_their_repeats_do_not_differ() -> None:
    assert spread([(0, 1), (1, 0), (0, 1)]) == Spread(between=0.0, within=0.5)


def test_repeats_that_agree_leave_all_variance_to_items() -> None:
    found = spread([(0, 0), (1, 1), (1, 1), (0, 0)])

    assert astuple(found) == pytest.approx((1 / 3, 0.0))


@pytest.mark.parametrize(("passed", "n", "k"), [(1, 5, 0), (1, 5, 6), (6, 5, 1), (-1, 5, 1)])
def test_impossible_attempts_are_refused(passed: int, n: int, k: int) -> None:
    with pytest.raises(ValueError, match="cannot"):
        pass_at_k(passed, n, k=k)
    with pytest.raises(ValueError, match="cannot"):
        pass_hat_k(passed, n, k=k)


def test_a_spread_needs_two_items_and_a_repeat() -> None:
    with pytest.raises(ValueError, match="the least"):
        spread([(0, 1)])
    with pytest.raises(ValueError, match="the least"):
        spread([(0,), (1,)])
    with pytest.raises(NoScores):
        item_means([(0, 1), ()])
