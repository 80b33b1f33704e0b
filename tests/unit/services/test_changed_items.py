"""Which items changed between runs, and what a caller may ask of that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.errors import InvalidValue, MissingParameter
from evald.domain.item_matching import ABSENT
from evald.domain.outcome_patterns import Pattern
from evald.services.changed_items import ChangesAsked, find_changed, find_changes, read_change
from evald.services.compared_runs import read_candidate, read_compared
from evald.services.comparison_memory import KeptComparison
from evald.services.comparisons import RunsSideBySide
from evald.services.levels import read_level
from evald.services.run_matching import MatchedRuns

Rows = tuple[int | None, ...]


def side_by_side(*items: tuple[Rows, Pattern]) -> RunsSideBySide:
    """Runs with these items alone: where each stands in each run, and what came of it there."""
    matched = MatchedRuns(len(items[0][0]), [])
    for rows, pattern in items:
        numbers = matched.statuses.count([pattern])
        matched.statuses.keep(numbers)
        matched.occurrences.append(0)
        for column, row in zip(matched.rows, rows, strict=True):
            column.append(ABSENT if row is None else row)
    return RunsSideBySide([], [], matched, KeptComparison(matched))


def test_changed_items_come_by_row_in_pages() -> None:
    beside = side_by_side(*[((row, row + 1), ("pass", "fail")) for row in (7, 3, 9, 1)])
    asked = ChangesAsked("regressed", 1)

    first = find_changes(beside, asked, after=None, limit=3)
    second = find_changes(beside, asked, after=first.rows[-1].row, limit=3)

    assert ([each.row for each in first.rows], first.has_more) == ([1, 3, 7], True)
    assert ([each.rows for each in second.rows], second.has_more) == ([[9, 10]], False)


def test_a_page_ends_after_all_items_of_its_last_row() -> None:
    """The second has no row in the baseline, and counts by that of the candidate."""
    beside = side_by_side(
        ((4, 5, 6), ("pass", "fail", "pass")),
        ((None, 4, 8), (None, "fail", "pass")),
        ((None, None, 9), (None, None, "error")),
        ((5, None, None), ("fail", None, None)),
    )

    page = find_changes(beside, ChangesAsked("disagreed", 1), after=None, limit=1)

    assert ([each.rows for each in page.rows], page.has_more) == ([[4, 5, 6], [None, 4, 8]], False)


@pytest.mark.parametrize(
    ("row", "found", "around"), [(3, True, (1, 9)), (4, False, (3, 9)), (9, True, (3, None))]
)
def test_an_item_is_found_with_those_around_it(
    row: int, found: bool, around: tuple[int | None, int | None]
) -> None:
    beside = side_by_side(*[((row, row), ("pass", "fail")) for row in (9, 3, 1)])

    item, neighbours = find_changed(beside, ChangesAsked("regressed", 1), row=row)

    assert (item is not None, (neighbours.previous, neighbours.next)) == (found, around)


def test_runs_are_told_by_their_ids_the_baseline_first() -> None:
    runs = read_compared(" evalrun_1,evalrun_2, ,evalrun_3")

    assert runs == ["evalrun_1", "evalrun_2", "evalrun_3"]
    assert (read_candidate(None, runs), read_candidate("evalrun_3", runs)) == (1, 2)


@pytest.mark.parametrize("text", [None, "", " , "])
def test_a_comparison_of_no_runs_is_refused(text: str | None) -> None:
    with pytest.raises(MissingParameter, match="'runs'"):
        read_compared(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a", "names 1 runs; 2 to 8"),
        (",".join("abcdefghi"), "names 9 runs; 2 to 8"),
        ("a,b,a", "names a run twice"),
    ],
)
def test_a_comparison_of_too_few_or_many_runs_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(InvalidValue, match=sentence):
        read_compared(text)


def test_a_candidate_is_one_of_the_runs_after_the_baseline() -> None:
    with pytest.raises(InvalidValue, match="'candidate' is 'a'"):
        read_candidate("a", ["a", "b"])


@given(st.floats(min_value=0.5, max_value=1, exclude_min=True, exclude_max=True))
def test_a_level_is_read_as_it_is_written(level: float) -> None:
    assert read_level(repr(level)) == level


@pytest.mark.parametrize("text", ["0.5", "1", "95", "-1", "nan", "inf", "x", ""])
def test_a_level_beyond_its_bounds_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="above 0\\.5 and below 1"):
        read_level(text)


def test_a_change_is_one_of_six() -> None:
    assert read_change(None) == "regressed"
    assert read_change("new") == "new"
    with pytest.raises(InvalidValue, match="regressed, improved, errored"):
        read_change("worse")
