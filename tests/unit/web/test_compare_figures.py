"""What a comparison says, as words and as geometry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.score_tables import BINS
from evald.web.compare_charts import AXIS_WIDTH, SCATTER_SIZE, axis, reach_of, scatter
from evald.web.compare_figures import finding_lines, p_value
from evald.wire.comparisons import (
    ComparedCandidate,
    ComparedCriterion,
    ComparedScores,
    Comparison,
    Finding,
    RunScores,
)
from evald.wire.reports import ReportedInterval


def finding(difference: float, low: float, high: float) -> Finding:
    interval = ReportedInterval(low=low, high=high, level=0.95, method="newcombe_paired")
    return Finding(
        n=40,
        better=1_200,
        worse=3,
        same=36,
        clusters=None,
        difference=difference,
        standard_error=0.05,
        interval=interval,
        p_value=0.2,
        p_adjusted=0.0004,
        detectable_difference=None,
        verdict="no_detectable_change",
        sentence="No detectable change.",
    )


@pytest.mark.parametrize(
    ("low", "high", "reach"),
    [(-0.03, 0.04, 0.05), (-0.2, 0.1, 0.2), (-0.21, 0.1, 0.5), (-0.9, 0.6, 1.0), (0.0, 1.0, 1.0)],
)
def test_an_axis_ends_at_a_round_number(low: float, high: float, reach: float) -> None:
    assert reach_of([finding(0.0, low, high), None]) == pytest.approx(reach)


def test_an_axis_of_nothing_is_as_long_as_it_may_be() -> None:
    assert (reach_of([None]), reach_of([])) == (1.0, 1.0)


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1))
def test_whatever_is_drawn_lies_on_the_axis(one: float, two: float, three: float) -> None:
    low, at, high = sorted([one, two, three])
    drawn = axis(finding(at, low, high), "", reach=reach_of([finding(at, low, high)]))

    assert drawn.low is not None
    assert drawn.high is not None
    assert 0 < drawn.low <= drawn.at <= drawn.high < AXIS_WIDTH
    assert drawn.zero == AXIS_WIDTH / 2


def scores(pairs: list[tuple[int, int, int]] | None) -> ComparedScores:
    run = RunScores(n=1, mean=0.5, bins=[0] * BINS)
    return ComparedScores(id="a", name="A", low=0.0, high=1.0, runs=[run, run], pairs=pairs)


def test_items_lie_on_a_grid_of_both_scores() -> None:
    drawn = scatter(scores([(0, BINS - 1, 4), (BINS - 1, 0, 1), (3, 3, 2)]))

    assert drawn is not None
    first, second, _ = drawn.path.split("z")[:-1]
    # Four items take twice the side of one; the baseline goes to the right, the candidate upwards.
    assert [part[:-1].split("v")[0] for part in (first, second)] == [
        "M4.0 4.0h11.6",
        f"M{SCATTER_SIZE - 12.7:.1f} {SCATTER_SIZE - 12.7:.1f}h5.8",
    ]
    assert "1 lie higher in B, 1 higher in A" not in drawn.words
    assert "4 lie higher in B, 1 higher in A, 2 in the same bin" in drawn.words


@pytest.mark.parametrize("pairs", [None, []])
def test_of_more_runs_or_no_common_scores_nothing_is_drawn(
    pairs: list[tuple[int, int, int]] | None,
) -> None:
    assert scatter(scores(pairs)) is None


@pytest.mark.parametrize(
    ("value", "words"), [(0.0004, "< 0.001"), (0.001, "0.001"), (0.0496, "0.050"), (1.0, "1.000")]
)
def test_p_values_have_three_decimals(value: float, words: str) -> None:
    assert p_value(value) == words


def test_a_criterion_has_a_line_for_passes_and_one_for_scores() -> None:
    criteria = [
        ComparedCriterion(id="a", name="A", passes=None, scores=None),
        ComparedCriterion(
            id="b", name="B", passes=finding(-0.025, -0.11, 0.056), scores=finding(0, -0.2, 0.1)
        ),
    ]
    candidate = ComparedCandidate(
        run_id="r", matched=40, errored=0, missing=0, new=0, passes=None, criteria=criteria
    )
    comparison = Comparison(
        runs=[], clusters=None, candidates=[candidate], scores=[], disagreed=0, has_verdicts=True
    )

    lines = finding_lines(comparison)

    assert [(each.criterion, each.of, each.sign.word, each.difference) for each in lines] == [
        ("A", "passes", "nothing to compare", "–"),
        ("B", "passes", "no detectable change", "−2.5 points (95 %: −11.0 to 5.6)"),
        ("B", "scores", "no detectable change", "0 (95 %: −0.2 to 0.1)"),
    ]
    assert (lines[1].counts, lines[1].p_value) == ("1,200 / 3 / 36", "< 0.001")
    assert [each.axis is not None for each in lines] == [False, True, False]
