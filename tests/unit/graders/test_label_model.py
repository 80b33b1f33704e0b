"""The `label_model` grader. Labels and passing ones are documented; scores and errors are ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.template import UnknownVariable, Variables
from evald.graders.grade import Fault, Grade
from evald.graders.label_model import grade_label_model
from evald.wire.graders import LabelModelGrader
from tests.support.grading import grader_tools
from tests.support.model_graders import chat, label_grader, result, scripted

VARIABLES = Variables(item={}, sample={"output_text": "4"})
LABELS = st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=4, unique=True)


async def graded(text: str, grader: LabelModelGrader | None = None) -> Grade:
    tools = grader_tools(model=scripted(chat(text), chat(text)))
    return await grade_label_model(grader or label_grader(), VARIABLES, tools)


@pytest.mark.parametrize(
    ("text", "score", "passed"),
    [
        (result("good"), 1.0, True),
        (result("bad"), 0.0, False),
        (result("3"), 0.0, False),
        (result(3), 0.0, False),  # a label that looks like a number, said as one
        ("good", 1.0, True),
        (" bad\n", 0.0, False),
        ("3", 0.0, False),
        ('"good"', 1.0, True),
    ],
)
async def test_a_passing_label_scores_one_and_another_zero(
    text: str, score: float, passed: bool
) -> None:
    grade = await graded(text)

    assert (grade.score, grade.passed, grade.error, grade.fault) == (score, passed, None, None)


@pytest.mark.parametrize("said", ["Good", "good ", "fine", "", None, 7, ["good"]])
async def test_a_label_outside_the_list_is_asked_for_once_more_and_then_an_error(
    said: object,
) -> None:
    grade = await graded(result(said))  # type: ignore[arg-type]

    assert (grade.score, grade.passed, grade.fault) == (0.0, False, Fault.MODEL_PARSE)
    assert grade.error is not None
    assert grade.error.code == "label_unknown"
    assert "'Tone'" in grade.error.message
    assert sum(each.invocations for each in grade.usage.values()) == 2


async def test_the_second_label_counts() -> None:
    model = scripted(chat(result("fine")), chat(result("good")))

    grade = await grade_label_model(label_grader(), VARIABLES, grader_tools(model=model))

    assert (grade.passed, grade.error) == (True, None)


async def test_words_are_no_label() -> None:
    grade = await graded("I think it is good.")

    assert grade.error is not None
    assert grade.error.code == "grader_unparsable"


async def test_a_variable_that_is_not_there_is_no_call() -> None:
    grader = label_grader(input=[{"role": "user", "content": "{{ item.gone }}"}])
    model = scripted()

    with pytest.raises(UnknownVariable):
        await grade_label_model(grader, VARIABLES, grader_tools(model=model))

    assert model.asked == []


@given(LABELS, st.data())
async def test_what_is_chosen_from_the_list_passes_if_it_is_among_those_that_pass(
    labels: list[str], data: st.DataObject
) -> None:
    passing = data.draw(st.lists(st.sampled_from(labels), unique=True))
    chosen = data.draw(st.sampled_from(labels))

    grade = await graded(result(chosen), label_grader(labels=labels, passing_labels=passing))

    assert grade.error is None
    assert grade.passed is (chosen in passing)
    assert grade.score == float(grade.passed)
