"""The `score_model` grader.

Clipping, and 0 for what is no number, are documented; scale and comparison inferred; the default
threshold ours.
"""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.template import Variables
from evald.graders.grade import Fault, Grade
from evald.graders.score_model import grade_score_model, threshold_of
from evald.graders.tools import GraderDefaults
from evald.wire.graders import ScoreModelGrader
from tests.support.grading import grader_tools
from tests.support.model_graders import chat, result, score_grader, scripted

VARIABLES = Variables(item={}, sample={"output_text": "4"})
FLOATS = st.floats(-1e6, 1e6)
RANGES = st.tuples(FLOATS, FLOATS).map(sorted)


async def graded(
    text: str, grader: ScoreModelGrader | None = None, *, fraction: float = 0.5
) -> Grade:
    defaults = GraderDefaults(score_model_threshold=fraction)
    tools = replace(grader_tools(model=scripted(chat(text))), defaults=defaults)
    return await grade_score_model(grader or score_grader(), VARIABLES, tools)


@pytest.mark.parametrize(
    ("given_range", "threshold", "said", "score", "passed"),
    [
        (None, None, 0.5, 0.5, True),  # at the threshold
        (None, None, 0.49, 0.49, False),
        (None, None, 1.5, 1.0, True),  # clipped
        (None, None, -3, 0.0, False),
        (None, 0.9, 0.8, 0.8, False),
        ([1, 7], 5.0, 5, 5.0, True),  # on the range's own scale
        ([1, 7], 5.0, 4.9, 4.9, False),
        ([1, 7], None, 4, 4.0, True),  # half of the way from 1 to 7
        ([1, 7], None, 3.9, 3.9, False),
        ([1, 7], 5.0, 0.9, 1.0, False),
        ([1, 7], 5.0, 700, 7.0, True),
        ([-1, 1], None, 0, 0.0, True),
        ([-1, 1], None, -5, -1.0, False),
        ([2, 2], None, 9, 2.0, True),
        ([0, 100], None, 10**400, 100.0, True),
    ],
)
async def test_scores_are_clipped_and_compared_on_the_ranges_own_scale(
    given_range: list[float] | None,
    threshold: float | None,
    said: float,
    score: float,
    passed: bool,
) -> None:
    grader = score_grader(range=given_range, pass_threshold=threshold)

    grade = await graded(result(said), grader)

    assert (grade.score, grade.passed) == (score, passed)
    assert isinstance(grade.score, float)
    assert (grade.error, grade.fault) == (None, None)


@pytest.mark.parametrize("said", ["high", "0.8", None, True, [0.8], {"score": 0.8}])
@pytest.mark.parametrize("given_range", [None, [-1.0, 1.0]])
async def test_a_result_that_is_no_number_scores_zero_and_fails(
    said: object, given_range: list[float] | None
) -> None:
    """Also where 0 is enough to pass: it is not the model that said 0."""
    grader = score_grader(range=given_range, pass_threshold=0)

    grade = await graded(result(said), grader)  # type: ignore[arg-type]

    assert (grade.score, grade.passed, grade.error) == (0.0, False, None)
    assert grade.fault is Fault.MODEL_PARSE
    assert grade.sample is not None
    assert grade.sample["error"] is None


async def test_a_number_alone_is_a_score() -> None:
    """Ours, for models that follow a prompt which says to return the number only."""
    assert (await graded("0.75\n")).score == 0.75


@pytest.mark.parametrize(("fraction", "passed"), [(0.0, True), (0.4, True), (0.6, False)])
async def test_the_operator_sets_how_far_into_its_range_a_score_passes(
    fraction: float, passed: bool
) -> None:
    grade = await graded(result(5.0), score_grader(range=[0, 10]), fraction=fraction)

    assert grade.passed is passed


@given(RANGES, FLOATS)
async def test_a_score_is_within_its_range_and_the_number_itself_if_that_is(
    given_range: list[float], said: float
) -> None:
    low, high = given_range

    score = (await graded(result(said), score_grader(range=given_range))).score

    assert low <= score <= high
    if low <= said <= high:
        assert score == said


@given(RANGES, FLOATS, FLOATS)
async def test_a_better_number_never_grades_worse(
    given_range: list[float], one: float, other: float
) -> None:
    worse, better = sorted([one, other])
    grader = score_grader(range=given_range)

    low, high = await graded(result(worse), grader), await graded(result(better), grader)

    assert low.score <= high.score
    assert low.passed <= high.passed


@given(RANGES)
def test_the_threshold_lies_within_the_range(given_range: list[float]) -> None:
    grader = score_grader(range=given_range)

    threshold = threshold_of(grader, fraction=0.5)

    assert given_range[0] <= threshold <= given_range[1]
    assert math.isfinite(threshold)


def test_a_threshold_of_its_own_comes_first() -> None:
    assert threshold_of(score_grader(range=[1, 7], pass_threshold=6.5), fraction=0.5) == 6.5
