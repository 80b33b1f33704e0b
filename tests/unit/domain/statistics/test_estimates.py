"""Means with their standard errors, and t."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.statistics.estimates import Estimate, mean_estimate, t_interval, t_test
from evald.domain.statistics.scores import NoScores, scores_of

FIVE = mean_estimate(scores_of([1, 2, 3, 4, 5]))
scores = st.lists(st.floats(min_value=0, max_value=1), min_size=2, max_size=30)


def test_the_mean_and_its_standard_error_by_hand() -> None:
    assert pytest.approx(0.5**0.5) == FIVE.standard_error
    assert Estimate(3.0, FIVE.standard_error, 4, 5) == FIVE


def test_the_t_interval_by_hand() -> None:
    found = t_interval(FIVE)

    assert found is not None
    assert (found.low, found.high) == pytest.approx((1.0368, 4.9632), abs=5e-5)


def test_the_t_test_by_hand() -> None:
    assert t_test(FIVE) == pytest.approx(0.0132, abs=5e-5)


def test_one_item_says_nothing_about_others() -> None:
    one = mean_estimate(scores_of([0.7]))

    assert one == Estimate(0.7, None, 0, 1)
    assert t_interval(one) is None
    assert t_test(one) == 1.0


def test_equal_items_have_no_interval_since_none_without_width_would_be_true() -> None:
    alike = mean_estimate(scores_of([0.7] * 20))

    assert alike.standard_error == 0.0
    assert t_interval(alike) is None


@pytest.mark.parametrize(("value", "p"), [(0.0, 1.0), (0.1, 0.0)])
def test_the_t_test_of_items_that_do_not_differ(value: float, p: float) -> None:
    assert t_test(mean_estimate(scores_of([value] * 9))) == p


def test_no_items_have_no_estimate() -> None:
    with pytest.raises(NoScores):
        mean_estimate(scores_of([]))


@given(scores)
def test_the_p_value_is_below_alpha_where_the_interval_leaves_out_0(values: list[float]) -> None:
    estimate = mean_estimate(scores_of(value - 0.5 for value in values))
    interval = t_interval(estimate, level=0.9)

    if interval is not None and abs(t_test(estimate) - 0.1) > 1e-9:
        assert (t_test(estimate) < 0.1) == (not interval.covers(0.0))


@given(scores)
def test_a_higher_level_makes_a_wider_interval(values: list[float]) -> None:
    estimate = mean_estimate(scores_of(values))
    inner, outer = t_interval(estimate, level=0.8), t_interval(estimate, level=0.99)

    if inner is not None and outer is not None:
        assert outer.low <= inner.low <= inner.high <= outer.high
