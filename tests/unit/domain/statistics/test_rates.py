"""Rates in both readings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.statistics.clusters import Cluster, clustered_wilson_interval
from evald.domain.statistics.intervals import Interval, wilson_interval
from evald.domain.statistics.rates import (
    ClusterCounts,
    Share,
    clustered_pass_rate,
    counted_clusters_rate,
    pass_rate,
)

counts = st.integers(min_value=0, max_value=200)


def test_the_three_numbers_by_hand() -> None:
    rate = pass_rate(8, 2, errored=10)

    assert rate.graded == Share(8, 10, wilson_interval(8, 10))
    assert rate.errors_failed == Share(8, 20, wilson_interval(8, 20))
    assert rate.errored == Share(10, 20, wilson_interval(10, 20))
    assert (rate.graded.value, rate.errors_failed.value, rate.errored.value) == (0.8, 0.4, 0.5)


def test_without_items_there_is_no_rate() -> None:
    rate = pass_rate(0, 0, errored=0)

    assert rate.graded == rate.errored == Share(0, 0, Interval(0.0, 1.0))
    assert rate.graded.value is None


def test_where_all_errored_only_the_reading_as_failed_has_a_rate() -> None:
    rate = pass_rate(0, 0, errored=5)

    assert (rate.graded.value, rate.errors_failed.value, rate.errored.value) == (None, 0.0, 1.0)


@given(counts, counts, counts)
def test_counting_errors_as_failed_never_raises_a_rate(p: int, f: int, e: int) -> None:
    rate = pass_rate(p, f, errored=e)

    if rate.graded.value is not None and rate.errors_failed.value is not None:
        assert rate.errors_failed.value <= rate.graded.value
        assert (rate.errors_failed.value == rate.graded.value) == (e == 0 or p == 0)


def test_the_level_is_that_of_every_interval() -> None:
    rate = pass_rate(1, 1, errored=1, level=0.9)

    assert {share.interval.level for share in (rate.graded, rate.errors_failed, rate.errored)} == {
        0.9
    }


def test_clusters_count_in_all_three_intervals() -> None:
    rate = clustered_pass_rate([True, None, True, False], ["a", "a", "b", "b"], level=0.9)

    graded = clustered_wilson_interval([Cluster(1, 1), Cluster(2, 1)], level=0.9)
    failed = clustered_wilson_interval([Cluster(2, 1), Cluster(2, 1)], level=0.9)
    errored = clustered_wilson_interval([Cluster(2, 1), Cluster(2, 0)], level=0.9)
    assert rate.graded == Share(2, 3, graded)
    assert rate.errors_failed == Share(2, 4, failed)
    assert rate.errored == Share(1, 4, errored)


@given(st.lists(st.tuples(st.sampled_from([True, False, None]), st.sampled_from("abc"))))
def test_counts_of_clusters_say_the_same_as_their_items(
    items: list[tuple[bool | None, str]],
) -> None:
    by_cluster = [[verdict for verdict, of in items if of == each] for each in "abc"]
    counts_of = [ClusterCounts(*map(each.count, (True, False, None))) for each in by_cluster]

    rate = counted_clusters_rate(counts_of, level=0.9)

    whole = clustered_pass_rate([each for each, _ in items], [of for _, of in items], level=0.9)
    for mine, theirs in (
        (rate.graded, whole.graded),
        (rate.errors_failed, whole.errors_failed),
        (rate.errored, whole.errored),
    ):
        assert (mine.count, mine.n) == (theirs.count, theirs.n)
        ends = (theirs.interval.low, theirs.interval.high)
        assert (mine.interval.low, mine.interval.high) == pytest.approx(ends)


def test_every_verdict_has_a_label() -> None:
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        clustered_pass_rate([True, False], ["a"])
