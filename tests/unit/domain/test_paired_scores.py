"""What two runs say of the same items, summed up as it goes by."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain import paired_scores
from evald.domain.paired_scores import COARSE_PLACES, MOST_DIFFERENT, DifferenceTally, PassTally
from evald.domain.statistics.comparisons import Comparison, compare_scores
from evald.wire.output_items import OutputItemStatus

LEVEL = 0.95
OUTCOMES: Sequence[OutputItemStatus] = ("pass", "fail", "error")
a_pair = st.tuples(st.sampled_from(OUTCOMES), st.sampled_from(OUTCOMES))
a_score = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.7, 0.8, 0.9, 1.0])


def differences(pairs: Sequence[tuple[float, float]]) -> DifferenceTally:
    tally = DifferenceTally()
    for candidate, baseline in pairs:
        tally.add(candidate, baseline)
    return tally


def compared(tally: DifferenceTally | PassTally) -> Comparison:
    found = tally.compared(LEVEL)
    assert found is not None
    return found


@given(st.lists(a_pair))
def test_every_item_counts_once(pairs: list[tuple[OutputItemStatus, OutputItemStatus]]) -> None:
    tally = PassTally()
    for candidate, baseline in pairs:
        tally.add(candidate, baseline)

    judged = [pair for pair in pairs if "error" not in pair]
    found = tally.compared(LEVEL)
    assert tally.errored == len(pairs) - len(judged)
    assert (0 if found is None else found.n) == len(judged)
    if found is not None:
        assert found.won == judged.count(("pass", "fail"))
        assert found.lost == judged.count(("fail", "pass"))


def test_passes_that_are_both_errored_compare_with_nothing() -> None:
    tally = PassTally()
    tally.add("error", "pass")
    tally.add("fail", "error")

    assert (tally.errored, tally.compared(LEVEL)) == (2, None)


@given(st.lists(st.tuples(a_score, a_score), min_size=1, max_size=30))
def test_scores_compare_as_they_do_side_by_side(pairs: list[tuple[float, float]]) -> None:
    found = differences(pairs).compared(LEVEL)

    candidate, baseline = [one for one, _ in pairs], [other for _, other in pairs]
    whole = compare_scores(candidate, baseline, level=LEVEL)
    assert found == (None if whole.of_rates else whole)


def test_scores_of_0_and_1_say_no_more_than_passes() -> None:
    assert differences([(1.0, 0.0), (0.0, 0.0)]).compared(LEVEL) is None
    assert compared(differences([(1.0, 0.0), (0.5, 0.0)])).difference == 0.75


def test_no_scores_compare_with_nothing() -> None:
    assert DifferenceTally().compared(LEVEL) is None


@pytest.mark.slow
def test_a_million_different_scores_are_summed_up_to_four_places() -> None:
    count = 2 * MOST_DIFFERENT
    found = compared(differences([(number / count, 0.5) for number in range(count)]))

    assert found.n == count
    assert found.difference == pytest.approx(-0.5 / count, abs=10**-COARSE_PLACES)
    assert paired_scores.MOST_DIFFERENT > 10**COARSE_PLACES  # so once is enough on 0.0 to 1.0
