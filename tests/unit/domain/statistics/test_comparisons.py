"""One run against another."""

import pytest

from evald.domain.statistics import comparisons
from evald.domain.statistics.clusters import Cluster
from evald.domain.statistics.comparisons import (
    Comparison,
    ItemWins,
    compare_clusters,
    compare_passes,
    compare_scores,
)
from evald.domain.statistics.differences import (
    mean_difference,
    newcombe_paired_interval,
    paired_differences,
)
from evald.domain.statistics.estimates import t_interval, t_test
from evald.domain.statistics.intervals import Interval
from evald.domain.statistics.means import Method
from evald.domain.statistics.paired import PairedPasses, mcnemar_exact, sign_flip_test
from evald.domain.statistics.power import Aim, seen_smallest_difference, smallest_paired_difference
from evald.domain.statistics.scores import NoScores, scores_of

BETTER = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4]
WORSE = [0.5, 0.5, 0.5, 0.5, 0.4, 0.3]


def test_passes_by_hand() -> None:
    pairs = PairedPasses(30, 12, 2, 56)
    found = compare_passes(pairs, level=0.9)

    assert found == Comparison(
        won=12,
        lost=2,
        tied=86,
        units=100,
        difference=0.1,
        standard_error=found.standard_error,
        interval=newcombe_paired_interval(pairs, level=0.9),
        p_value=mcnemar_exact(pairs),
        detectable=smallest_paired_difference(100, 0.14, aim=Aim(alpha=1 - 0.9)),
        method=Method.NEWCOMBE_PAIRED,
        level=0.9,
        of_rates=True,
    )
    assert found.n == 100
    # As Miller has it of 12 differences of 1 and 2 of -1, whose squares have the mean 0.14.
    assert found.standard_error == pytest.approx(((0.14 - 0.1**2) / 99) ** 0.5)
    assert found.p_value == pytest.approx(2 * (1 + 14 + 91) / 2**14)


def test_scores_by_hand() -> None:
    found = compare_scores(BETTER, WORSE)

    estimate = mean_difference(paired_differences(BETTER, WORSE))
    assert (found.won, found.lost, found.tied, found.units) == (6, 0, 0, 6)
    assert found.difference == pytest.approx(0.2)
    assert found.p_value == 2 / 64
    assert (found.interval, found.method) == (t_interval(estimate), Method.STUDENT_T)
    assert found.detectable == pytest.approx(seen_smallest_difference(estimate))
    assert not found.of_rates


def test_clusters_are_compared_and_flipped_as_wholes() -> None:
    labels = ["a", "a", "b", "b", "c", "c"]
    found = compare_scores(BETTER, WORSE, labels=labels)

    estimate = mean_difference([0.4, 0.3, 0.2, 0.1, 0.1, 0.1], labels)
    wanted = t_interval(estimate)
    assert wanted is not None
    assert found.interval is not None
    assert (found.interval.low, found.interval.high) == pytest.approx((wanted.low, wanted.high))
    assert (found.units, found.n, found.method) == (3, 6, Method.CLUSTERED_T)
    assert found.p_value == sign_flip_test(scores_of([0.7, 0.3, 0.2])) == 2 / 8


def test_clusters_by_hand() -> None:
    """Six of 2 items: the sums less 2 * 0.5 are 1, 0, 0, -1, 0, 0."""
    clusters = [Cluster(2, total) for total in (2, 1, 1, 0, 1, 1)]

    found = compare_clusters(clusters, ItemWins(6, 0, 6), of_rates=True)

    error = (2 * 6 / 5) ** 0.5 / 12
    assert (found.difference, found.n, found.units) == (0.5, 12, 6)
    assert found.standard_error == pytest.approx(error)
    assert found.interval is not None
    # Student's t of 5 degrees of freedom at 97.5 %.
    assert found.interval.low == pytest.approx(0.5 - 2.570582 * error)
    assert found.interval.high == pytest.approx(0.5 + 2.570582 * error)
    assert found.p_value == 2 / 2**5


def test_no_two_rates_are_further_apart_than_all() -> None:
    """By hand: 1/3, sums less 2/3 are 4/3, 4/3 and -8/3, so SE = sqrt(96/9 * 3/2) / 6 = 2/3."""
    clusters = [Cluster(2, total) for total in (2, 2, -2)]

    of_rates = compare_clusters(clusters, ItemWins(4, 2, 0), of_rates=True).interval
    of_scores = compare_clusters(clusters, ItemWins(4, 2, 0)).interval

    assert of_rates == Interval(-1.0, 1.0)
    assert of_scores is not None
    assert (of_scores.low, of_scores.high) == pytest.approx(
        (1 / 3 - 4.302653 * 2 / 3, 1 / 3 + 4.302653 * 2 / 3)
    )


def test_passes_in_clusters_are_still_passes() -> None:
    assert compare_scores([1, 0, 1], [0, 0, 1], labels=["a", "b", "c"]).of_rates


def test_one_item_and_one_cluster_have_no_interval() -> None:
    one = compare_scores([0.9], [0.5])
    cluster = compare_scores(BETTER, WORSE, labels=["a"] * 6)

    assert (one.interval, one.detectable, one.p_value) == (None, None, 1.0)
    assert (cluster.interval, cluster.detectable, cluster.p_value) == (None, None, 1.0)


def test_runs_that_are_equal_on_every_item() -> None:
    found = compare_scores(BETTER, BETTER)

    assert (found.difference, found.interval, found.detectable) == (0.0, None, None)
    assert (found.tied, found.p_value) == (6, 1.0)


def test_without_pairs() -> None:
    found = compare_passes(PairedPasses(0, 0, 0, 0))

    assert (found.n, found.difference, found.p_value) == (0, 0.0, 1.0)
    assert found.interval == Interval(-1.0, 1.0)
    with pytest.raises(NoScores):
        compare_scores([], [])


def test_very_many_scores_that_differ_are_tested_by_t() -> None:
    n = comparisons.FLIPPED_UP_TO + 1
    candidate = [place / n + (0.001 if place % 3 else -0.0015) * (place + 1) for place in range(n)]
    baseline = [place / n for place in range(n)]

    found = compare_scores(candidate, baseline)

    estimate = mean_difference([a - b for a, b in zip(candidate, baseline, strict=True)])
    assert found.p_value == pytest.approx(t_test(estimate))


def test_very_many_scores_that_do_not_differ_are_not() -> None:
    alike = [0.5] * (comparisons.FLIPPED_UP_TO + 1)

    found = compare_scores([0.6, 0.7, 0.8, *alike], [0.5, 0.5, 0.5, *alike])

    assert found.p_value == 0.25


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        compare_scores([0.5, 0.6], [0.5])
    with pytest.raises(ValueError, match="Alpha"):
        compare_passes(PairedPasses(1, 1, 1, 1), level=0.1)
