"""What makes a grader unusable whatever it is shown: found when an eval is created."""

from collections.abc import Sequence
from math import isfinite
from typing import assert_never

from evald.domain.conversation.messages import MessagesUnusable
from evald.domain.errors import InvalidValue, MissingParameter
from evald.domain.formula import FormulaInvalid
from evald.graders.azure_evaluator import EvaluatorUnusable, comparison_of
from evald.graders.call_plan import ModelGrader, chat_shape
from evald.graders.image_packages import IMAGE_TAG
from evald.graders.multi import formula_of, placed_graders
from evald.graders.score_model import range_of
from evald.wire.graders import (
    AzureEvaluatorGrader,
    Grader,
    LabelModelGrader,
    MultiGrader,
    PythonGrader,
    ScoreModelGrader,
    StringCheckGrader,
    TextSimilarityGrader,
)

IMAGE_TAGS = (IMAGE_TAG,)
"""The sets of packages that a python grader may name."""

MAX_SOURCE_BYTES = 256 * 1024
"""How long the source of a python grader may be. Source: OpenAI, "Graders" guide ("256 kB")."""


def check_criteria(graders: Sequence[Grader]) -> None:
    """Nothing, for graders that an eval may carry.

    Raises:
        MissingParameter: a grader lacks what it needs in an eval.
        InvalidValue: one holds what it may not hold.
    """
    for place, grader in enumerate(graders):
        param = f"testing_criteria[{place}]"
        if isinstance(grader, TextSimilarityGrader):
            _check_text_similarity(grader, param)
        check_grader(grader, param=param)
        check_formula(grader, param=param)


def check_formula(grader: Grader, *, param: str) -> None:
    """Nothing, for a grader whose formula can be worked out, or that has none.

    Raises:
        InvalidValue: `calculate_output` is no formula, or names a grader that is not there.
    """
    if not isinstance(grader, MultiGrader):
        return
    try:
        formula_of(grader)
    except FormulaInvalid as invalid:
        raise InvalidValue(
            f"The formula of grader '{grader.name}' cannot be used: it {invalid.reason}.",
            param=f"{param}.calculate_output",
        ) from None


def check_grader(grader: Grader, *, param: str) -> None:
    """Nothing, for a grader that can grade; formulas are `check_formula`'s.

    Args:
        grader: the grader.
        param: the JSON path under which a caller gave it.

    Raises:
        InvalidValue: it holds what it may not hold.
    """
    match grader:
        case LabelModelGrader():
            _check_label_model(grader, param)
            _check_messages(grader, param)
        case ScoreModelGrader():
            _check_score_model(grader, param)
            _check_messages(grader, param)
        case PythonGrader():
            _check_python(grader, param)
        case MultiGrader():
            _check_multi(grader, param)
        case AzureEvaluatorGrader():
            _check_azure_evaluator(grader, param)
        case StringCheckGrader() | TextSimilarityGrader():
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
    labels = set(grader.labels)  # of 100,000 labels, a look through the list for each took minutes
    for label in grader.passing_labels:
        if label not in labels:
            raise InvalidValue(
                f"The passing label '{label}' of grader '{grader.name}' is not among its labels.",
                param=f"{param}.passing_labels",
            )


def _check_score_model(grader: ScoreModelGrader, param: str) -> None:
    low, high = range_of(grader)
    if not (isfinite(low) and isfinite(high) and low <= high):
        raise InvalidValue(
            f"The range of grader '{grader.name}' is from {low} to {high}; two finite numbers are "
            "needed, the lower one first.",
            param=f"{param}.range",
        )


def _check_messages(grader: ModelGrader, param: str) -> None:
    try:
        chat_shape(grader.input)
    except MessagesUnusable as unusable:
        raise InvalidValue(
            f"The messages of grader '{grader.name}' cannot be sent: {unusable}.",
            param=f"{param}.input",
        ) from unusable


def _check_python(grader: PythonGrader, param: str) -> None:
    size_bytes = len(grader.source.encode())
    if size_bytes > MAX_SOURCE_BYTES:
        raise InvalidValue(
            f"The source of grader '{grader.name}' has {size_bytes} bytes; at most "
            f"{MAX_SOURCE_BYTES} are allowed.",
            param=f"{param}.source",
        )
    if grader.image_tag is not None and grader.image_tag not in IMAGE_TAGS:
        raise InvalidValue(
            f"The image_tag of grader '{grader.name}' is '{grader.image_tag[:100]}', which is not "
            f"known; leave it out, or use {' or '.join(IMAGE_TAGS)}.",
            param=f"{param}.image_tag",
        )


def _check_azure_evaluator(grader: AzureEvaluatorGrader, param: str) -> None:
    try:
        comparison_of(grader)
    except EvaluatorUnusable as unusable:
        raise InvalidValue(
            f"The {unusable.field} of grader '{grader.name}' cannot be used: {unusable}.",
            param=f"{param}.{unusable.field}",
        ) from None


def _check_multi(grader: MultiGrader, param: str) -> None:
    names: set[str] = set()
    for part in placed_graders(grader):
        name, place = part.grader.name, f"{param}.{part.path}"
        if isinstance(grader.graders, list) and name in names:
            raise InvalidValue(
                f"Grader '{grader.name}' has two graders named '{name}', which its formula could "
                "not tell apart.",
                param=f"{place}.name",
            )
        names.add(name)
        check_grader(part.grader, param=place)
