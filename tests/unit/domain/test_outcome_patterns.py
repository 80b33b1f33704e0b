"""What several runs said of the same items."""

from collections import Counter
from collections.abc import Sequence
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.outcome_patterns import Outcome, OutcomeColumn, Pattern, has_changed
from evald.wire.comparisons import ItemChange

CHANGES: Sequence[ItemChange] = get_args(ItemChange)
an_outcome = st.sampled_from(["pass", "fail", "error", None])
patterns = st.lists(st.tuples(an_outcome, an_outcome, an_outcome))


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ("pass", "pass", set()),
        ("fail", "fail", set()),
        ("pass", "fail", {"regressed", "disagreed"}),
        ("fail", "pass", {"improved", "disagreed"}),
        ("error", "pass", {"errored"}),
        ("fail", "error", {"errored"}),
        ("error", "error", {"errored"}),
        ("pass", None, {"missing"}),
        ("error", None, {"missing"}),
        (None, "fail", {"new"}),
        (None, None, set()),
    ],
)
def test_what_became_of_an_item(before: Outcome, after: Outcome, changes: set[ItemChange]) -> None:
    found = {change for change in CHANGES if has_changed((before, after), change, candidate=1)}

    assert found == changes


def test_runs_disagree_whichever_of_them_do() -> None:
    assert has_changed((None, "pass", "error", "fail"), "disagreed", candidate=1)
    assert not has_changed((None, "pass", "error", "pass"), "disagreed", candidate=1)


def column_of(given_patterns: Sequence[Pattern], *, are_verdicts: bool = False) -> OutcomeColumn:
    """A column in which all that differ are kept, taken in two parts."""
    column = OutcomeColumn(are_verdicts=are_verdicts)
    half = len(given_patterns) // 2
    for some in (given_patterns[:half], given_patterns[half:]):
        numbers = column.count(some)
        column.keep([numbers[place] for place in column.differing(numbers)])
    return column


@given(patterns)
def test_every_pattern_is_counted(given_patterns: list[Pattern]) -> None:
    assert dict(column_of(given_patterns).counts) == Counter(given_patterns)


@given(patterns, st.sampled_from(CHANGES), st.integers(1, 2))
def test_whatever_changed_is_kept_and_counted(
    given_patterns: list[Pattern], change: ItemChange, candidate: int
) -> None:
    column = column_of(given_patterns)
    changed = [each for each in given_patterns if has_changed(each, change, candidate=candidate)]

    found = column.changed(change, candidate=candidate)

    assert [column.pattern(item) for item in found] == changed
    assert column.change_count(change, candidate=candidate) == len(changed)


@given(patterns)
def test_what_is_the_same_everywhere_is_not_kept(given_patterns: list[Pattern]) -> None:
    differing = [each for each in given_patterns if len({*each}) > 1 or "error" in each]

    assert column_of(given_patterns).size == 2 * len(differing)


def test_verdicts_that_a_run_has_not_make_no_difference() -> None:
    column = column_of([("pass", None), ("pass", "fail"), (None, "error")], are_verdicts=True)

    assert column.size == 2 * 2
