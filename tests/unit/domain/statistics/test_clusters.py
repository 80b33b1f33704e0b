"""Standard errors and rates of items that come in clusters."""

from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.statistics.clusters import (
    Cluster,
    clustered_mean,
    clustered_wilson_interval,
    clusters_of,
    design_effect,
    expected_design_effect,
)
from evald.domain.statistics.estimates import Estimate, mean_estimate
from evald.domain.statistics.intervals import Interval, wilson_interval
from evald.domain.statistics.scores import NoScores, scores_of

SCORES = [0, 0, 1, 1, 1, 0]
THREE = clusters_of(SCORES, list("aabbcc"))
binary = st.lists(st.integers(min_value=0, max_value=1), min_size=2, max_size=40)


def test_items_are_gathered_by_label_wherever_they_stand() -> None:
    assert clusters_of([1, 0, 1], ["a", "b", "a"]) == (Cluster(2, 2.0), Cluster(1, 0.0))


def test_the_clustered_standard_error_by_hand() -> None:
    assert astuple(clustered_mean(THREE)) == pytest.approx((0.5, 12**-0.5, 2, 6))


def test_the_clustered_interval_of_a_rate_by_hand() -> None:
    found = clustered_wilson_interval(THREE)

    assert (found.low, found.high) == pytest.approx((0.0363, 0.9637), abs=2e-4)


def test_the_design_effect_by_hand() -> None:
    effect = design_effect(clustered_mean(THREE), mean_estimate(scores_of(SCORES)))

    assert effect == pytest.approx(5 / 3)
    assert expected_design_effect(5, 0.3) == pytest.approx(2.2)


@given(binary)
def test_a_cluster_of_each_item_alone_is_no_clustering(values: list[int]) -> None:
    alone = clusters_of(values, [str(place) for place, _ in enumerate(values)])
    clustered, plain = clustered_mean(alone), mean_estimate(scores_of(values))

    assert clustered.value == pytest.approx(plain.value)
    assert clustered.standard_error == pytest.approx(plain.standard_error)
    assert clustered.degrees_of_freedom == plain.degrees_of_freedom


@given(binary, st.integers(min_value=2, max_value=5))
def test_asking_the_same_again_adds_no_certainty(values: list[int], times: int) -> None:
    labels = [str(place) for place, _ in enumerate(values)]
    once = clustered_mean(clusters_of(values, labels))
    often = clustered_mean(clusters_of(values * times, labels * times))

    assert often.standard_error == pytest.approx(once.standard_error)


@given(binary)
def test_the_order_of_items_plays_no_part(values: list[int]) -> None:
    labels = [str(place % 3) for place, _ in enumerate(values)]
    forward = clustered_wilson_interval(clusters_of(values, labels))
    backward = clustered_wilson_interval(clusters_of(values[::-1], labels[::-1]))

    assert (forward.low, forward.high) == pytest.approx((backward.low, backward.high))


@given(binary)
def test_clusters_never_make_a_rate_surer_than_independent_items(values: list[int]) -> None:
    labels = [str(place // 3) for place, _ in enumerate(values)]
    clustered = clustered_wilson_interval(clusters_of(values, labels))
    plain = wilson_interval(sum(values), len(values))

    assert clustered.low <= plain.low + 1e-12
    assert plain.high <= clustered.high + 1e-12


def test_where_all_passed_as_much_is_known_as_there_are_clusters() -> None:
    found = clustered_wilson_interval([Cluster(100, 100.0)] * 5)

    assert found.high == 1.0
    assert found.low == pytest.approx(5 / (5 + 2.7764451**2))


def test_clusters_that_are_all_alike_are_worth_their_items() -> None:
    found = clustered_wilson_interval([Cluster(2, 1.0)] * 8)

    assert found.low > clustered_wilson_interval([Cluster(1, 1.0), Cluster(1, 0.0)] * 4).low


def test_one_cluster_says_nothing_about_others() -> None:
    assert clustered_mean([Cluster(8, 6.0)]) == Estimate(0.75, None, 0, 8)
    assert clustered_wilson_interval([Cluster(9, 6.0)]) == Interval(0.0, 1.0)
    assert clustered_wilson_interval([]) == Interval(0.0, 1.0)


def test_no_design_effect_without_spread() -> None:
    plain, alike = mean_estimate(scores_of(SCORES)), mean_estimate(scores_of([1.0] * 6))

    assert design_effect(clustered_mean([Cluster(6, 3.0)]), plain) is None
    assert design_effect(clustered_mean(THREE), alike) is None


def test_what_is_refused() -> None:
    with pytest.raises(NoScores):
        clustered_mean([])
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        clusters_of([0.1, 0.2], ["a"])
    with pytest.raises(ValueError, match="cannot have passed"):
        clustered_wilson_interval([Cluster(2, 3.0), Cluster(1, 1.0)])
    with pytest.raises(ValueError, match="no clusters"):
        expected_design_effect(0.5, 0.1)
    with pytest.raises(ValueError, match="no clusters"):
        expected_design_effect(2, 1.1)
