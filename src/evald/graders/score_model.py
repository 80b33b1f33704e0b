"""The `score_model` grader: a model gives a number within a range."""

from dataclasses import replace

from pydantic import JsonValue

from evald.domain.template import Variables
from evald.graders.grade import FAIL, Fault, Grade, scored
from evald.graders.model_call import NoVerdict, grade_by_model, unparsable
from evald.graders.structured import result_in
from evald.graders.tools import GraderTools
from evald.wire.graders import ScoreModelGrader


async def grade_score_model(
    grader: ScoreModelGrader, variables: Variables, tools: GraderTools
) -> Grade:
    """The model's number, clipped to the range; it passes from the threshold on.

    Score and threshold are on the range's own scale. JSON whose result is no number scores 0.0 and
    fails, whatever range and threshold.

    Raises:
        UnknownVariable: a message names what is not there.
    Source: OpenAI, "Graders" guide, Score model (clipping, 0 for what is no number); the scale
        is inferred from a range of 1 to 7 with a threshold of 5 (observed 2025).
    """
    return await grade_by_model(
        grader, variables, tools=tools, read=lambda text: _grade(grader, text, tools)
    )


def threshold_of(grader: ScoreModelGrader, *, fraction: float) -> float:
    """From which score on the grader passes: its own threshold, else so far into its range.

    Worked by hand: half of the way from 1 to 7 is 4.
    """
    if grader.pass_threshold is not None:
        return grader.pass_threshold
    low, high = range_of(grader)
    return low + fraction * (high - low)


def range_of(grader: ScoreModelGrader) -> tuple[float, float]:
    """The least and the greatest score; 0 and 1 where it says nothing."""
    low, high = grader.range or (0.0, 1.0)
    return low, high


def _grade(grader: ScoreModelGrader, text: str, tools: GraderTools) -> Grade | NoVerdict:
    found = result_in(text)
    if found is None:
        return unparsable(grader)
    score = _clipped(found.result, grader)
    if score is None:
        return replace(FAIL, fault=Fault.MODEL_PARSE)
    return scored(
        score, threshold=threshold_of(grader, fraction=tools.defaults.score_model_threshold)
    )


def _clipped(result: JsonValue, grader: ScoreModelGrader) -> float | None:
    if isinstance(result, bool) or not isinstance(result, int | float):
        return None
    low, high = range_of(grader)
    # Clipped before it is a float: an integer may be beyond every float.
    return float(min(max(result, low), high))
