"""Intervals of differences."""

from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.statistics.clusters import clustered_mean, clusters_of
from evald.domain.statistics.differences import (
    Passes,
    mean_difference,
    newcombe_interval,
    newcombe_paired_interval,
    paired_differences,
)
from evald.domain.statistics.intervals import Interval
from evald.domain.statistics.paired import PairedPasses
from evald.domain.statistics.scores import NoScores

counts = st.integers(min_value=0, max_value=60)
tables = st.builds(PairedPasses, counts, counts, counts, counts)


def test_newcombe_by_hand() -> None:
    """Newcombe 1998, table II, example (a), method 10."""
    found = newcombe_interval(Passes(56, 70), Passes(48, 80))

    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


@pytest.mark.parametrize(
    ("pairs", "low", "high"),
    [
        (
            PairedPasses(14, 5, 0, 22),
            0.0115,
            0.2265,
        ),  # D. Altman et al., "Statistics with confidence"
        (PairedPasses(1, 1, 7, 12), -0.5069, -0.0256),  # Fagerland, Lydersen and Laake 2014
    ],
)
def test_newcombe_on_the_same_items_by_hand(pairs: PairedPasses, low: float, high: float) -> None:
    found = newcombe_paired_interval(pairs)

    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


@given(tables)
def test_changing_places_mirrors_the_interval(pairs: PairedPasses) -> None:
    turned = PairedPasses(pairs.both, pairs.lost, pairs.won, pairs.neither)
    one, other = newcombe_paired_interval(pairs), newcombe_paired_interval(turned)

    assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1e-9)


@given(tables)
def test_the_interval_covers_the_difference_within_what_is_possible(pairs: PairedPasses) -> None:
    found = newcombe_paired_interval(pairs)

    assert -1 <= found.low <= pairs.difference + 1e-12
    assert pairs.difference - 1e-12 <= found.high <= 1


@given(tables)
def test_a_higher_level_makes_a_wider_interval(pairs: PairedPasses) -> None:
    inner, outer = (newcombe_paired_interval(pairs, level=level) for level in (0.8, 0.99))

    assert outer.low <= inner.low + 1e-12
    assert inner.high <= outer.high + 1e-12


def test_runs_that_agree_are_compared_more_sharply_on_the_same_items() -> None:
    same = newcombe_paired_interval(PairedPasses(60, 8, 2, 30))
    other = newcombe_interval(Passes(68, 100), Passes(62, 100))

    assert other.low < same.low < same.high < other.high


def test_runs_that_disagree_are_compared_less_sharply() -> None:
    same = newcombe_paired_interval(PairedPasses(10, 45, 40, 5))
    other = newcombe_interval(Passes(55, 100), Passes(50, 100))

    assert same.low < other.low < other.high < same.high


@pytest.mark.parametrize("pairs", [PairedPasses(40, 0, 0, 40), PairedPasses(80, 0, 0, 0)])
def test_without_a_single_change_the_interval_still_has_a_width(pairs: PairedPasses) -> None:
    found = newcombe_paired_interval(pairs)

    assert found.low < -0.02
    assert found.high > 0.02


def test_without_items_nothing_is_excluded() -> None:
    assert newcombe_paired_interval(PairedPasses(0, 0, 0, 0)) == Interval(-1.0, 1.0)
    assert newcombe_interval(Passes(0, 0), Passes(50, 100)) == Interval(-1.0, 1.0)
    assert newcombe_interval(Passes(50, 100), Passes(0, 0)) == Interval(-1.0, 1.0)


def test_all_against_none_of_few() -> None:
    found = newcombe_interval(Passes(3, 3), Passes(0, 3))

    assert (found.low, found.high) == pytest.approx((0.2059, 1.0), abs=5e-5)


def test_the_mean_difference_by_hand() -> None:
    differences = paired_differences([1, 0.5, 1, 0.25], [0, 0.5, 0, 0.25])

    assert differences == [1, 0, 1, 0]
    assert astuple(mean_difference(differences)) == pytest.approx((0.5, 12**-0.5, 3, 4))


def test_differences_that_are_the_same_are_the_same_float() -> None:
    assert paired_differences([0.9, 0.8, 0.3], [0.8, 0.7, 0.2]) == [0.1, 0.1, 0.1]


def test_labels_make_its_standard_error_that_of_clusters() -> None:
    labels = ["a", "a", "b", "b"]

    assert mean_difference([1, 0, 1, 0.5], labels) == clustered_mean(
        clusters_of([1, 0, 1, 0.5], labels)
    )


def test_what_is_refused() -> None:
    with pytest.raises(NoScores):
        mean_difference([])
    with pytest.raises(ValueError, match="argument 2 is longer"):
        paired_differences([0.5], [0.5, 0.6])
    with pytest.raises(ValueError, match="cannot have passed"):
        newcombe_interval(Passes(5, 4), Passes(1, 4))
