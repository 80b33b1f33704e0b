"""Bootstrap intervals of means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.statistics.bootstrap import (
    acceleration,
    bca_interval,
    percentile_interval,
    quantile,
    resampled_means,
)
from evald.domain.statistics.scores import NoScores, Scores, counted_scores, scores_of
from tests.support.examples import at_most

SKEWED = scores_of(place**3 / 27_000 for place in range(31))
FEW = 200  # resamples, where their number plays no part
some_scores = st.lists(st.floats(min_value=0, max_value=1), min_size=2, max_size=20)


def test_what_the_docstrings_work_by_hand() -> None:
    assert acceleration(scores_of([0, 0, 0, 0, 1])) == pytest.approx(0.1118, abs=5e-5)
    assert quantile([10, 20, 30], 0.25) == 15
    assert quantile([float(place) for place in range(2_001)], 0.025) == 50
    assert quantile([float(place) for place in range(2_001)], 0.975) == 1_950


@pytest.mark.parametrize(("p", "value"), [(0.0, 10), (1.0, 30), (0.5, 20)])
def test_the_quantiles_of_the_ends_are_the_ends(p: float, value: float) -> None:
    assert quantile([10, 20, 30], p) == value


@pytest.mark.parametrize("interval", [percentile_interval, bca_interval])
class TestBoth:
    """What holds for both intervals."""

    @at_most(10)
    @given(values=some_scores)
    def test_the_order_of_items_plays_no_part(self, interval: object, values: list[float]) -> None:
        assert callable(interval)
        forward = interval(scores_of(values), resamples=FEW)

        assert forward == interval(scores_of(values[::-1]), resamples=FEW)

    @at_most(10)
    @given(values=some_scores)
    def test_it_stays_on_the_scale_and_in_order(
        self, interval: object, values: list[float]
    ) -> None:
        assert callable(interval)
        found = interval(scores_of(values), resamples=FEW)

        if found is not None:
            assert min(values) - 1e-12 <= found.low <= found.high <= max(values) + 1e-12

    def test_the_seed_decides(self, interval: object) -> None:
        assert callable(interval)
        assert interval(SKEWED, seed=1) == interval(SKEWED, seed=1)
        assert interval(SKEWED, seed=1) != interval(SKEWED, seed=2)

    def test_a_higher_level_makes_a_wider_interval(self, interval: object) -> None:
        assert callable(interval)
        inner, outer = interval(SKEWED, level=0.8), interval(SKEWED, level=0.99)

        assert outer.low < inner.low < inner.high < outer.high
        assert (inner.level, outer.level) == (0.8, 0.99)

    @pytest.mark.parametrize("values", [[0.7], [0.7] * 20])
    def test_what_does_not_differ_has_no_interval(
        self, interval: object, values: list[float]
    ) -> None:
        assert callable(interval)
        assert interval(scores_of(values), resamples=FEW) is None

    def test_no_scores_have_no_interval(self, interval: object) -> None:
        assert callable(interval)
        with pytest.raises(NoScores):
            interval(scores_of([]))

    def test_a_level_is_between_0_and_1(self, interval: object) -> None:
        assert callable(interval)
        with pytest.raises(ValueError, match="no probability"):
            interval(SKEWED, level=1.0)


def mirrored(scores: Scores) -> Scores:
    return scores_of(1 - value for value in scores.values)


def test_bca_moves_toward_the_long_tail() -> None:
    plain, corrected = percentile_interval(SKEWED), bca_interval(SKEWED)
    turned, turned_corrected = percentile_interval(mirrored(SKEWED)), bca_interval(mirrored(SKEWED))

    assert plain is not None
    assert corrected is not None
    assert corrected.low > plain.low
    assert corrected.high > plain.high
    assert turned is not None
    assert turned_corrected is not None
    assert turned_corrected.low < turned.low
    assert turned_corrected.high < turned.high


@pytest.mark.parametrize("values", [[0.0] * 9 + [1.0], [1.0] * 9 + [0.0]])
def test_where_the_correction_turns_over_the_outermost_resample_is_taken(
    values: list[float],
) -> None:
    found = bca_interval(scores_of(values), level=1 - 1e-15, resamples=FEW)
    means = resampled_means(scores_of(values), resamples=FEW)

    assert found is not None
    assert (found.low, found.high)[values[0] == 0.0] == means[-(values[0] == 0.0)]


def test_equal_scores_have_no_acceleration() -> None:
    assert acceleration(scores_of([0.5] * 3)) == 0.0
    assert acceleration(scores_of([0.0, 1.6e-145])) == 0.0


def test_resampled_means_are_ordered_and_as_many_as_asked_for() -> None:
    means = resampled_means(SKEWED, resamples=FEW)

    assert len(means) == FEW
    assert means == sorted(means)


def test_many_scores_of_few_values_spread_as_one_by_one_draws_do() -> None:
    counted = counted_scores({0.0: 600, 0.5: 300, 1.0: 100})

    means = resampled_means(counted)

    error = (counted.deviations(2) / 1_000 / 1_000) ** 0.5
    middle = sum(means) / len(means)
    spread = (sum((mean - middle) ** 2 for mean in means) / len(means)) ** 0.5
    assert middle == pytest.approx(0.25, abs=5 * error / 2_000**0.5)
    assert spread == pytest.approx(error, rel=0.1)
