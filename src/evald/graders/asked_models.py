"""Which models a grader asks."""

from typing import assert_never

from evald.graders.multi import named_graders
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


def models_asked(grader: Grader) -> frozenset[str]:
    """The names of the models whose chat completions the grader, or a grader in it, asks for."""
    match grader:
        case LabelModelGrader() | ScoreModelGrader():
            return frozenset({grader.model})
        case MultiGrader():
            parts = named_graders(grader).values()
            return frozenset().union(*map(models_asked, parts))
        case StringCheckGrader() | TextSimilarityGrader() | PythonGrader() | AzureEvaluatorGrader():
            return frozenset()
        case _:
            assert_never(grader)
