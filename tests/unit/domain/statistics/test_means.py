"""Which interval is chosen for a mean."""

import pytest

from evald.domain.statistics.bootstrap import bca_interval
from evald.domain.statistics.estimates import mean_estimate, t_interval
from evald.domain.statistics.intervals import Interval, wilson_interval
from evald.domain.statistics.means import Chosen, Method, difference_interval, mean_interval
from evald.domain.statistics.scores import NoScores, counted_scores, scores_of

EVEN = scores_of(place / 30 for place in range(31))
SKEWED = scores_of((place / 30) ** 4 for place in range(31))


def test_passes_have_wilsons_interval() -> None:
    assert mean_interval(counted_scores({1.0: 8, 0.0: 2})) == Chosen(
        wilson_interval(8, 10), Method.WILSON
    )


def test_even_scores_have_a_t_interval() -> None:
    assert mean_interval(EVEN) == Chosen(t_interval(mean_estimate(EVEN)), Method.STUDENT_T)


def test_skewed_scores_have_a_bca_interval() -> None:
    assert mean_interval(SKEWED, seed=3) == Chosen(
        bca_interval(SKEWED, seed=3), Method.BCA_BOOTSTRAP
    )


@pytest.mark.parametrize(
    ("apart", "method"), [(9, Method.WILSON_BOUND), (10, Method.BCA_BOOTSTRAP)]
)
def test_nearly_perfect_scores_have_an_interval_that_does_not_trust_their_spread(
    apart: int, method: Method
) -> None:
    assert mean_interval(counted_scores({1.0: 90, 0.5: apart})).method == method


def test_scores_that_are_all_alike_have_one_that_is_too_wide_rather_than_none() -> None:
    chosen = mean_interval(counted_scores({0.7: 20}))

    assert chosen.method == Method.WILSON_BOUND
    assert chosen.interval is not None
    assert chosen.interval.low < 0.55
    assert chosen.interval.high > 0.8


def test_another_scale_stretches_the_interval() -> None:
    scale = Interval(1.0, 5.0)

    passes = mean_interval(counted_scores({5.0: 8, 1.0: 2}), scale=scale).interval
    wilson = wilson_interval(8, 10)

    assert passes is not None
    assert (passes.low, passes.high) == pytest.approx((1 + 4 * wilson.low, 1 + 4 * wilson.high))


def test_a_score_off_the_scale_has_the_interval_of_scores_without_scale() -> None:
    assert mean_interval(scores_of([0.5, 0.6, 1.5])).method == Method.STUDENT_T
    assert mean_interval(scores_of([-0.5, 0.6, 0.7])).method == Method.STUDENT_T


@pytest.mark.parametrize("n", [19, 10_001])
def test_too_few_and_too_many_items_are_not_resampled(n: int) -> None:
    skewed = counted_scores({0.0: n - 2, 0.5: 1, 1.0: 1})

    assert difference_interval(skewed).method == Method.STUDENT_T
    assert difference_interval(counted_scores({0.0: 18, 0.5: 1, 1.0: 1})).method == (
        Method.BCA_BOOTSTRAP
    )


def test_differences_that_are_all_alike_have_no_interval() -> None:
    assert difference_interval(scores_of([0.0] * 40)) == Chosen(None, Method.STUDENT_T)


def test_what_is_refused() -> None:
    with pytest.raises(NoScores):
        mean_interval(scores_of([]))
    with pytest.raises(NoScores):
        difference_interval(scores_of([]))
    with pytest.raises(ValueError, match="no scale"):
        mean_interval(EVEN, scale=Interval(1.0, 1.0))
