"""The one fork in the road: which function grades for which grader."""

from typing import assert_never

from evald.domain.template import UnknownVariable, Variables
from evald.graders.grade import Fault, Grade, errored
from evald.graders.string_check import grade_string_check
from evald.graders.tools import GraderTools
from evald.wire.graders import (
    Grader,
    LabelModelGrader,
    MultiGrader,
    PythonGrader,
    ScoreModelGrader,
    StringCheckGrader,
    TextSimilarityGrader,
)


class GraderNotBuilt(Exception):
    """A run came to a grader that this version does not have; creating it is refused before."""

    def __init__(self, type: str) -> None:
        super().__init__(f"Graders of type '{type}' cannot grade yet.")
        self.type = type


async def grade(grader: Grader, variables: Variables, tools: GraderTools) -> Grade:
    """The grader's verdict on one row.

    A template that names a variable which is not there makes an errored grade,
    `unresolved_variable`.

    Raises:
        GraderNotBuilt: this version has no such grader.
    """
    try:
        match grader:
            case StringCheckGrader():
                return grade_string_check(grader, variables)
            case (
                TextSimilarityGrader()
                | LabelModelGrader()
                | ScoreModelGrader()
                | PythonGrader()
                | MultiGrader()
            ):
                raise GraderNotBuilt(grader.type)
            case _:
                assert_never(grader)
    except UnknownVariable as unknown:
        return errored(
            "unresolved_variable",
            f"The variable '{unknown.name}' in criterion '{grader.name}' is not there.",
            fault=Fault.VARIABLE,
        )


def is_built(grader: Grader) -> bool:
    """Whether `grade` has a function for this grader."""
    match grader:
        case StringCheckGrader():
            return True
        case (
            TextSimilarityGrader()
            | LabelModelGrader()
            | ScoreModelGrader()
            | PythonGrader()
            | MultiGrader()
        ):
            return False
        case _:
            assert_never(grader)
