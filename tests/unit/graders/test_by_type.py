import pytest
from pydantic import JsonValue, TypeAdapter

from evald.domain.template import Variables
from evald.graders.by_type import GraderNotBuilt, grade, is_built
from evald.graders.grade import FAIL, PASS
from evald.wire.graders import Grader
from tests.support.grading import grader_tools

GRADERS: dict[str, dict[str, JsonValue]] = {
    "string_check": {"input": "{{sample.output_text}}", "reference": "yes", "operation": "eq"},
    "text_similarity": {"input": "a", "reference": "a", "evaluation_metric": "bleu"},
    "label_model": {"model": "m", "input": [], "labels": ["a"], "passing_labels": ["a"]},
    "score_model": {"model": "m", "input": []},
    "python": {"source": "def grade(sample, item): return 1.0"},
    "multi": {"graders": {}, "calculate_output": "1"},
}
NOT_BUILT = sorted(GRADERS.keys() - {"string_check"})


def a_grader(type: str, **fields: JsonValue) -> Grader:
    adapter: TypeAdapter[Grader] = TypeAdapter(Grader)
    return adapter.validate_python({"type": type, "name": "Tone", **GRADERS[type], **fields})


async def test_a_string_check_is_graded() -> None:
    check = a_grader("string_check")

    assert (
        await grade(check, Variables(item={}, sample={"output_text": "yes"}), grader_tools())
        == PASS
    )
    assert (
        await grade(check, Variables(item={}, sample={"output_text": "no"}), grader_tools()) == FAIL
    )


async def test_a_variable_that_is_not_there_makes_an_errored_grade_naming_it() -> None:
    """Ours: nothing is documented, but that it never counts as text."""
    check = a_grader("string_check", reference="{{ item.tone }}")

    graded = await grade(check, Variables(item={}, sample={"output_text": "yes"}), grader_tools())

    assert (graded.score, graded.passed) == (0.0, False)
    assert graded.error is not None
    assert graded.error.code == "unresolved_variable"
    assert graded.error.message == "The variable 'item.tone' in criterion 'Tone' is not there."


async def test_without_a_sample_nothing_of_it_can_be_named() -> None:
    graded = await grade(
        a_grader("string_check"), Variables(item={"a": "yes"}, sample=None), grader_tools()
    )

    assert graded.error is not None
    assert "'sample.output_text'" in graded.error.message


def test_string_check_is_built() -> None:
    assert is_built(a_grader("string_check"))


@pytest.mark.parametrize("type", NOT_BUILT)
def test_the_others_are_not_built_yet(type: str) -> None:
    assert not is_built(a_grader(type))


@pytest.mark.parametrize("type", NOT_BUILT)
async def test_a_grader_that_is_not_built_never_grades(type: str) -> None:
    with pytest.raises(GraderNotBuilt, match=type):
        await grade(a_grader(type), Variables(item={}, sample={}), grader_tools())
