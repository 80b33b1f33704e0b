"""Azure's evaluators that compare texts; documented by Azure, but for what is said otherwise."""

from typing import Any

import pytest
from pydantic import TypeAdapter

from evald.domain.errors import InvalidValue
from evald.domain.template import Variables
from evald.graders.azure_evaluator import BUILTINS
from evald.graders.by_type import grade
from evald.graders.check import check_grader
from evald.graders.text_similarity import MAX_CHARACTERS
from evald.wire.graders import Grader
from tests.support.grading import grader_tools

_GRADER: TypeAdapter[Grader] = TypeAdapter(Grader)
MAPPING = {"response": "{{ sample.output_text }}", "ground_truth": "{{ item.answer }}"}


def evaluator(name: str = "builtin.f1_score", **fields: Any) -> Grader:
    body = {"type": "azure_ai_evaluator", "name": "words", "evaluator_name": name}
    return _GRADER.validate_python({**body, "data_mapping": MAPPING, **fields})


def row(said: str, answer: str) -> Variables:
    return Variables(item={"answer": answer}, sample={"output_text": said})


@pytest.mark.parametrize("name", BUILTINS)
async def test_the_same_text_passes_and_another_fails(name: str) -> None:
    text = "the quick brown fox jumps over a lazy dog"

    same = await grade(evaluator(name), row(text, text), grader_tools())
    other = await grade(evaluator(name), row("nothing like it", text), grader_tools())

    assert (same.passed, other.passed) == (True, False)
    assert same.score > 0.9
    assert other.score < 0.1


async def test_the_result_has_azures_fields() -> None:
    parameters = {"threshold": 0.7, "deployment_name": "ignored"}
    check = evaluator(initialization_parameters=parameters)

    graded = await grade(
        check, row("The cat sat on the mat.", "a cat is on the mat"), grader_tools()
    )

    assert (graded.score, graded.passed) == (0.75, True)
    assert graded.details == {
        "type": "azure_ai_evaluator",
        "metric": "f1_score",
        "label": "pass",
        "reason": None,
        "threshold": 0.7,
    }


@pytest.mark.parametrize(
    ("kind", "score"), [("rouge1", 10 / 12), ("rouge2", 0.6), ("rougeL", 10 / 12)]
)
async def test_rouge_is_of_the_type_that_is_named(kind: str, score: float) -> None:
    """Values of text_similarity's own pages."""
    check = evaluator("builtin.rouge_score", initialization_parameters={"rouge_type": kind})

    graded = await grade(
        check, row("The cat sat on the mat.", "the cat is on the mat"), grader_tools()
    )

    assert graded.score == pytest.approx(score)


@pytest.mark.parametrize("name", ["builtin.f1_score", "builtin.gleu_score"])
async def test_a_text_that_is_too_long_is_an_errored_grade(name: str) -> None:
    graded = await grade(evaluator(name), row("x" * (MAX_CHARACTERS + 1), "x"), grader_tools())

    assert graded.error is not None
    assert graded.error.code == "text_too_long"


@pytest.mark.parametrize(
    ("fields", "param", "words"),
    [
        ({"evaluator_name": "builtin.coherence"}, "evaluator_name", "'score_model'"),
        ({"data_mapping": {"response": "x"}}, "data_mapping", "'ground_truth'"),
        (
            {"initialization_parameters": {"threshold": 3}},
            "initialization_parameters.threshold",
            "from 0 to 1",
        ),
        (
            {
                "evaluator_name": "builtin.rouge_score",
                "initialization_parameters": {"rouge_type": "rouge9"},
            },
            "initialization_parameters.rouge_type",
            "rougeL",
        ),
    ],
)
def test_what_cannot_grade_here_is_refused_with_what_would(
    fields: dict[str, Any], param: str, words: str
) -> None:
    """Ours: what hosted Azure alone can do is named with the nearest thing here."""
    with pytest.raises(InvalidValue, match=words) as refused:
        check_grader(evaluator(**fields), param="g")

    assert refused.value.param == f"g.{param}"
