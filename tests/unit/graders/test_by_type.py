from dataclasses import replace

import pytest
from pydantic import JsonValue, TypeAdapter

from evald.domain.template import Variables
from evald.graders.by_type import grade, runs_code
from evald.graders.grade import FAIL, PASS
from evald.graders.tools import GraderDefaults
from evald.wire.graders import Grader
from tests.support.grading import grader_tools

ASK: JsonValue = [{"role": "user", "content": "Hm?"}]
GRADERS: dict[str, dict[str, JsonValue]] = {
    "string_check": {"input": "{{sample.output_text}}", "reference": "yes", "operation": "eq"},
    "text_similarity": {"input": "a", "reference": "a", "evaluation_metric": "bleu"},
    "label_model": {"model": "m", "input": ASK, "labels": ["a"], "passing_labels": ["a"]},
    "score_model": {"model": "m", "input": ASK},
    "python": {"source": "def grade(sample, item): return 1.0"},
    "multi": {"graders": {}, "calculate_output": "1"},
}


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


@pytest.mark.parametrize(("type", "said"), [("label_model", '"a"'), ("score_model", "1")])
async def test_a_grader_that_asks_a_model_grades_by_what_it_says(type: str, said: str) -> None:
    tools = grader_tools([f'{{"steps": [], "result": {said}}}'])

    graded = await grade(a_grader(type), Variables(item={}, sample={}), tools)

    assert (graded.score, graded.passed, graded.error) == (1.0, True, None)


async def test_without_a_sample_nothing_of_it_can_be_named() -> None:
    graded = await grade(
        a_grader("string_check"), Variables(item={"a": "yes"}, sample=None), grader_tools()
    )

    assert graded.error is not None
    assert "'sample.output_text'" in graded.error.message


async def test_a_multi_is_graded_by_the_graders_inside_of_it() -> None:
    inner = a_grader("string_check").model_dump()
    multi = a_grader("multi", graders={"a": inner, "b": inner}, calculate_output="a + b")

    graded = await grade(multi, Variables(item={}, sample={"output_text": "yes"}), grader_tools())

    assert (graded.score, graded.passed) == (2.0, True)


async def test_a_multi_passes_from_the_operators_threshold_on() -> None:
    multi = a_grader("multi", calculate_output="0.8")
    strict = replace(grader_tools(), defaults=GraderDefaults(multi_threshold=0.9))

    graded = await grade(multi, Variables(item={}, sample={}), strict)

    assert (graded.score, graded.passed) == (0.8, False)


@pytest.mark.parametrize("type", sorted(GRADERS.keys() - {"python"}))
def test_most_graders_need_no_sandbox(type: str) -> None:
    assert not runs_code(a_grader(type))


def test_a_multi_needs_the_sandbox_where_a_grader_inside_of_it_does() -> None:
    check, code = (a_grader(each).model_dump() for each in ("string_check", "python"))

    assert not runs_code(a_grader("multi", graders={"a": check}))
    assert runs_code(a_grader("multi", graders={"a": check, "b": code}))


async def test_code_is_graded_by_what_the_sandbox_says() -> None:
    graded = await grade(a_grader("python"), Variables(item={}, sample={}), grader_tools())

    assert graded.error is not None
    assert graded.error.message.endswith("This test has no sandbox.")
