"""What two runs say of the same items, summed up by cluster."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.clustered_pairs import UNCLUSTERED, ClusterTally
from evald.domain.outcome_patterns import Outcome
from evald.domain.statistics.comparisons import compare_scores
from evald.domain.statistics.means import Method

LEVEL = 0.95
a_cluster = st.integers(0, 4)
a_score = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.7, 0.8, 0.9, 1.0])


def test_passes_by_hand() -> None:
    """Six clusters of 2 items, of which the candidate has 2, 1, 1, 0, 1, 1 more: as by hand there.

    Items that one of the runs errs on or has not, and those in no cluster, do not count.
    """
    tally = ClusterTally(7)
    mended: tuple[Outcome, Outcome] = ("pass", "fail")
    same: tuple[Outcome, Outcome] = ("pass", "pass")
    for cluster, count in enumerate([2, 1, 1, 0, 1, 1]):
        tally.add_passes([(cluster, *mended)] * count + [(cluster, *same)] * (2 - count))
    tally.add_passes([(0, "error", "pass"), (1, "fail", None), (UNCLUSTERED, "fail", "pass")])

    found = tally.compared(LEVEL, of_rates=True)

    assert found is not None
    assert (found.won, found.lost, found.tied, found.units) == (6, 0, 6, 6)
    assert (found.difference, found.method) == (0.5, Method.CLUSTERED_T)
    assert found.standard_error == pytest.approx((2 * 6 / 5) ** 0.5 / 12)


@given(st.lists(st.tuples(a_cluster, a_score, a_score), min_size=1, max_size=30))
def test_scores_compare_as_they_do_side_by_side(items: list[tuple[int, float, float]]) -> None:
    tally = ClusterTally(5)
    tally.add_scores(items[:3])
    tally.add_scores(items[3:])

    found = tally.compared(LEVEL, of_rates=False)

    wanted = compare_scores(
        [one for _, one, _ in items],
        [other for _, _, other in items],
        labels=[str(cluster) for cluster, _, _ in items],
        level=LEVEL,
    )
    assert found is not None
    assert (found.won, found.lost, found.tied) == (wanted.won, wanted.lost, wanted.tied)
    assert found.difference == pytest.approx(wanted.difference)
    assert found.standard_error == pytest.approx(wanted.standard_error, abs=1e-9)
    assert found.p_value == pytest.approx(wanted.p_value, abs=0.01)


def test_nothing_is_compared_where_no_item_counts() -> None:
    tally = ClusterTally(1)
    tally.add_passes([(0, "error", "pass")])
    tally.add_scores([(0, None, 1.0), (UNCLUSTERED, 0.5, 1.0)])

    assert tally.compared(LEVEL, of_rates=False) is None
