"""How many items, and what they can show."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evald.domain.statistics.estimates import Estimate, mean_estimate
from evald.domain.statistics.power import (
    Aim,
    Repeated,
    difference_variance,
    items_needed,
    items_needed_paired,
    seen_smallest_difference,
    smallest_difference,
    smallest_paired_difference,
)
from evald.domain.statistics.scores import scores_of

effects = st.floats(min_value=0.01, max_value=1)
shares = st.floats(min_value=0, max_value=1)
STRICT = Aim(alpha=0.01, power=0.9)


def test_variances_by_hand() -> None:
    once, twice = Repeated(1 / 6), Repeated(1 / 6, repeats=2)

    assert difference_variance(1 / 9, candidate=once, baseline=once) == pytest.approx(4 / 9)
    assert difference_variance(1 / 9, candidate=twice, baseline=twice) == pytest.approx(5 / 18)


def test_means_by_hand() -> None:
    assert items_needed(0.03, 1 / 9) == 969
    assert smallest_difference(120, 1 / 9) == pytest.approx(0.0852, abs=5e-5)


def test_pass_rates_by_hand() -> None:
    assert items_needed_paired(0.1, 0.2) == 155
    assert smallest_paired_difference(155, 0.2) == pytest.approx(0.0999, abs=5e-5)
    assert smallest_paired_difference(120, 0.0) == pytest.approx(0.0641, abs=5e-5)


def test_what_could_have_been_seen_by_hand() -> None:
    found = seen_smallest_difference(mean_estimate(scores_of([1, 2, 3, 4, 5])))

    assert found == pytest.approx(2.6286, abs=5e-5)


def test_without_spread_nobody_can_tell_what_could_have_been_seen() -> None:
    assert seen_smallest_difference(Estimate(0.5, None, 0, 1)) is None
    assert seen_smallest_difference(Estimate(0.5, 0.0, 9, 10)) is None


@given(effects, st.floats(min_value=0.001, max_value=1))
def test_so_many_items_just_show_the_effect(effect: float, variance: float) -> None:
    n = items_needed(effect, variance)

    assert smallest_difference(n, variance) <= effect + 1e-9
    assert n == 1 or smallest_difference(n - 1, variance) > effect - 1e-9


@given(effects, shares, st.sampled_from([Aim(), STRICT]))
@example(1.0, 1.0, STRICT)
def test_so_many_pairs_just_show_the_effect(effect: float, share: float, aim: Aim) -> None:
    n = items_needed_paired(effect, share, aim=aim)

    assert smallest_paired_difference(n, share, aim=aim) <= effect + 1e-9
    assert n == 1 or smallest_paired_difference(n - 1, share, aim=aim) > effect - 1e-9


@given(st.integers(min_value=1, max_value=100_000), shares)
def test_more_pairs_show_smaller_effects(n: int, share: float) -> None:
    fewer, more = smallest_paired_difference(n, share), smallest_paired_difference(2 * n, share)

    assert 0 < more <= fewer <= 1


def test_a_surer_aim_and_a_smaller_effect_need_more_items() -> None:
    assert items_needed(0.1, 0.2, aim=STRICT) > items_needed(0.1, 0.2)
    assert items_needed(0.05, 0.2) > items_needed(0.1, 0.2)
    assert items_needed_paired(0.05, 0.2) > items_needed_paired(0.1, 0.2)
    assert items_needed_paired(0.1, 0.3) > items_needed_paired(0.1, 0.2)


def test_the_direction_of_a_change_plays_no_part() -> None:
    assert items_needed(-0.1, 0.2) == items_needed(0.1, 0.2)
    assert items_needed_paired(-0.1, 0.2) == items_needed_paired(0.1, 0.2)


def test_so_few_pairs_show_nothing_at_all() -> None:
    assert smallest_paired_difference(1, 0.5) == 1.0
    assert smallest_paired_difference(3, 0.0) == 1.0


def test_scores_that_do_not_vary_need_one_item() -> None:
    assert items_needed(0.1, 0.0) == 1


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="must be below"):
        Aim(alpha=0.5, power=0.5)
    with pytest.raises(ValueError, match="at least that"):
        Aim(power=0.4)
    with pytest.raises(ValueError, match="change of 0"):
        items_needed(0.0, 0.1)
    with pytest.raises(ValueError, match="below 0"):
        items_needed(0.1, -0.1)
    with pytest.raises(ValueError, match="Without items"):
        smallest_difference(0, 0.1)
    with pytest.raises(ValueError, match="Without items"):
        smallest_paired_difference(0, 0.1)
    with pytest.raises(ValueError, match="cannot change by"):
        items_needed_paired(1.5, 0.1)
    with pytest.raises(ValueError, match="no share"):
        items_needed_paired(0.5, 1.1)
    with pytest.raises(ValueError, match="at least once"):
        difference_variance(0.1, candidate=Repeated(0.1), baseline=Repeated(0.1, repeats=0))
