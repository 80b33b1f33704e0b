"""The one fork in the road: which function grades for which grader."""

from typing import assert_never

from evald.domain.template import UnknownVariable, Variables
from evald.graders.azure_evaluator import grade_azure_evaluator
from evald.graders.grade import Fault, Grade, errored
from evald.graders.label_model import grade_label_model
from evald.graders.multi import grade_multi, named_graders
from evald.graders.python_code import grade_python
from evald.graders.score_model import grade_score_model
from evald.graders.string_check import grade_string_check
from evald.graders.text_similarity import grade_text_similarity
from evald.graders.tools import GraderTools
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


async def grade(grader: Grader, variables: Variables, tools: GraderTools) -> Grade:
    """The grader's verdict on one row.

    A template that names a variable which is not there makes an errored grade,
    `unresolved_variable`.
    """
    try:
        match grader:
            case StringCheckGrader():
                return grade_string_check(grader, variables)
            case LabelModelGrader():
                return await grade_label_model(grader, variables, tools)
            case ScoreModelGrader():
                return await grade_score_model(grader, variables, tools)
            case TextSimilarityGrader():
                return await grade_text_similarity(grader, variables, tools)
            case PythonGrader():
                return await grade_python(grader, variables, tools)
            case AzureEvaluatorGrader():
                return await grade_azure_evaluator(grader, variables, tools)
            case MultiGrader():
                return await grade_multi(
                    grader,
                    lambda part: grade(part, variables, tools),
                    default_threshold=tools.defaults.multi_threshold,
                )
            case _:
                assert_never(grader)
    except UnknownVariable as unknown:
        return errored(
            "unresolved_variable",
            f"The variable '{unknown.name}' in criterion '{grader.name}' is not there.",
            fault=Fault.VARIABLE,
        )


def runs_code(grader: Grader) -> bool:
    """Whether the grader, or one inside of it, needs the sandbox."""
    match grader:
        case StringCheckGrader() | TextSimilarityGrader() | AzureEvaluatorGrader():
            return False
        case LabelModelGrader() | ScoreModelGrader():
            return False
        case PythonGrader():
            return True
        case MultiGrader():
            return any(runs_code(part) for part in named_graders(grader).values())
        case _:
            assert_never(grader)
