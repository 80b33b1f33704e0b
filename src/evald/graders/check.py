"""What makes a grader unusable whatever it is shown: found when an eval is created."""

from collections.abc import Sequence
from typing import assert_never

from evald.domain.errors import InvalidValue, MissingParameter
from evald.wire.graders import (
    Grader,
    LabelModelGrader,
    MultiGrader,
    PythonGrader,
    ScoreModelGrader,
    StringCheckGrader,
    TextSimilarityGrader,
)

MAX_SOURCE_BYTES = 256 * 1024
"""How long the source of a python grader may be. Source: OpenAI, "Graders" guide ("256 kB")."""


def check_criteria(graders: Sequence[Grader]) -> None:
    """Nothing, for graders that an eval may carry.

    Raises:
        MissingParameter: a grader lacks what it needs in an eval.
        InvalidValue: one holds what it may not hold.
    """
    for place, grader in enumerate(graders):
        check_grader(grader, param=f"testing_criteria[{place}]")


def check_grader(grader: Grader, *, param: str) -> None:
    """Nothing, for a grader that an eval may carry.

    Args:
        grader: the grader.
        param: the JSON path under which a caller gave it.

    Raises:
        MissingParameter: it lacks what it needs in an eval.
        InvalidValue: it holds what it may not hold.
    """
    match grader:
        case TextSimilarityGrader():
            _check_text_similarity(grader, param)
        case LabelModelGrader():
            _check_label_model(grader, param)
        case ScoreModelGrader():
            _check_score_model(grader, param)
        case PythonGrader():
            _check_python(grader, param)
        case StringCheckGrader() | MultiGrader():
            return
        case _:
            assert_never(grader)


def _check_text_similarity(grader: TextSimilarityGrader, param: str) -> None:
    if grader.pass_threshold is None:
        raise MissingParameter(
            f"Grader '{grader.name}' needs 'pass_threshold': the score from which on it passes.",
            param=f"{param}.pass_threshold",
        )


def _check_label_model(grader: LabelModelGrader, param: str) -> None:
    if not grader.labels:
        raise InvalidValue(
            f"Grader '{grader.name}' has no labels to choose from.", param=f"{param}.labels"
        )
    for label in grader.passing_labels:
        if label not in grader.labels:
            raise InvalidValue(
                f"The passing label '{label}' of grader '{grader.name}' is not among its labels.",
                param=f"{param}.passing_labels",
            )


def _check_score_model(grader: ScoreModelGrader, param: str) -> None:
    if grader.range is not None and grader.range[0] > grader.range[1]:
        raise InvalidValue(
            f"The range of grader '{grader.name}' begins at {grader.range[0]}, above its end, "
            f"{grader.range[1]}.",
            param=f"{param}.range",
        )


def _check_python(grader: PythonGrader, param: str) -> None:
    size_bytes = len(grader.source.encode())
    if size_bytes > MAX_SOURCE_BYTES:
        raise InvalidValue(
            f"The source of grader '{grader.name}' has {size_bytes} bytes; at most "
            f"{MAX_SOURCE_BYTES} are allowed.",
            param=f"{param}.source",
        )
