"""The call of a model grader: asked, asked once more, degraded, and shown.

That refusals and answers that cannot be parsed are errors is inferred from flags of the OpenAPI
document; asking once more, and the modes beneath structured outputs, are ours.
"""

import asyncio
from dataclasses import replace

import pytest
from pydantic import JsonValue

from evald.adapters.models.scripted import ScriptedModel
from evald.domain.tally import Usage
from evald.domain.template import Variables
from evald.graders.grade import Fault, Grade
from evald.graders.score_model import grade_score_model
from evald.graders.tools import GraderTools
from evald.ports.model import FailureKind, ModelAnswer, ModelFailure, ModelRequest
from evald.wire.graders import ScoreModelGrader
from tests.support.grading import grader_tools
from tests.support.model_graders import (
    NO_JSON,
    NO_SCHEMA,
    SNAPSHOT,
    chat,
    refusing,
    result,
    score_grader,
    scripted,
    speaking,
)

VARIABLES = Variables(item={}, sample={"output_text": "4"})
ONE = Usage(1, 7, 2, 9, 3)
GONE = ModelFailure(FailureKind.REFUSED, "server_error", "Out of order.", status=500)


async def graded(
    model: ScriptedModel, grader: ScoreModelGrader | None = None, tools: GraderTools | None = None
) -> Grade:
    return await grade_score_model(
        grader or score_grader(), VARIABLES, tools or grader_tools(model=model)
    )


def code_of(grade: Grade) -> str | None:
    return grade.error.code if grade.error else None


def formats(model: ScriptedModel) -> list[object]:
    """The response format of each call, by type."""
    asked = [request.body.get("response_format") for request in model.asked]
    return [each["type"] if isinstance(each, dict) else None for each in asked]


async def test_the_call_is_shown_key_for_key() -> None:
    """Observed 2025-07: keys, their order, and the values of what was not set; the time is ours."""
    content: list[JsonValue] = [
        {"type": "input_text", "text": "Is it like this?"},
        {"type": "input_image", "image_url": "https://x.test/a.png"},
    ]
    grader = score_grader(
        input=[{"role": "system", "content": "Be strict."}, {"role": "user", "content": content}]
    )

    grade = await graded(scripted(chat(result(0.25))), grader)

    assert grade.sample is not None
    assert list(grade.sample.items()) == [
        (
            "input",
            [
                {"role": "system", "content": "Be strict."},
                {
                    "role": "user",
                    "content": "Is it like this? <image>https://x.test/a.png</image>",
                },
            ],
        ),
        ("output", [{"role": "assistant", "content": result(0.25)}]),
        ("finish_reason", "stop"),
        ("model", SNAPSHOT),
        (
            "usage",
            {"total_tokens": 9, "completion_tokens": 2, "prompt_tokens": 7, "cached_tokens": 3},
        ),
        ("error", None),
        ("seed", None),
        ("temperature", 1.0),
        ("top_p", 1.0),
        ("reasoning_effort", None),
        ("max_completions_tokens", 4096),
        ("seconds", 0.1),
    ]
    assert grade.usage == {SNAPSHOT: ONE}
    assert grade.details == {}


async def test_parameters_that_were_set_are_shown() -> None:
    params: dict[str, JsonValue] = {
        "temperature": 0,
        "top_p": 0.5,
        "seed": 42,
        "max_completions_tokens": 99,
        "reasoning_effort": "low",
    }

    grade = await graded(scripted(chat(result(1))), score_grader(sampling_params=params))

    shown = grade.sample or {}
    assert {key: shown[key] for key in params} == params


@pytest.mark.parametrize(
    ("answer", "code", "fault"),
    [
        (chat(None, refusal="I will not."), "grader_refused", Fault.MODEL_REFUSAL),
        (chat(None, finish_reason="content_filter"), "grader_refused", Fault.MODEL_REFUSAL),
        (chat("It is fine."), "grader_unparsable", Fault.MODEL_PARSE),
        (chat(""), "grader_unparsable", Fault.MODEL_PARSE),
        (chat('{"score": 1}'), "grader_unparsable", Fault.MODEL_PARSE),
        (chat('{"steps": [', finish_reason="length"), "grader_truncated", Fault.MODEL_PARSE),
        (chat(None, finish_reason="length"), "grader_truncated", Fault.MODEL_PARSE),
    ],
)
async def test_an_answer_without_verdict_is_asked_for_once_more_and_then_an_error(
    answer: ModelAnswer, code: str, fault: Fault
) -> None:
    model = scripted(answer, answer)

    grade = await graded(model)

    assert len(model.asked) == 2
    assert (grade.score, grade.passed, grade.fault) == (0.0, False, fault)
    assert code_of(grade) == code
    assert grade.error is not None
    assert "'Worth'" in grade.error.message
    assert grade.sample is not None
    assert grade.sample["error"] == {"code": code, "message": grade.error.message}
    assert grade.usage == {SNAPSHOT: ONE + ONE}
    assert grade.sample["seconds"] == pytest.approx(2 * answer.seconds)


@pytest.mark.parametrize("first", [chat(None, refusal="No."), chat("Hm."), chat("{")])
async def test_a_second_answer_with_a_verdict_counts_and_both_are_paid_for(
    first: ModelAnswer,
) -> None:
    grade = await graded(scripted(first, chat(result(0.75))))

    assert (grade.score, grade.error, grade.fault) == (0.75, None, None)
    assert grade.usage == {SNAPSHOT: ONE + ONE}
    assert grade.sample is not None
    assert grade.sample["output"] == [{"role": "assistant", "content": result(0.75)}]
    assert grade.sample["usage"] == {
        "total_tokens": 18,
        "completion_tokens": 4,
        "prompt_tokens": 14,
        "cached_tokens": 6,
    }


async def test_the_refusal_is_told_and_shown() -> None:
    answer = chat(None, refusal="I would rather not.")

    grade = await graded(scripted(answer, answer))

    assert grade.error is not None
    assert "I would rather not." in grade.error.message
    assert grade.sample is not None
    assert grade.sample["output"] == [
        {"role": "assistant", "content": "", "refusal": "I would rather not."}
    ]


async def test_an_answer_that_was_cut_off_after_its_result_is_a_verdict() -> None:
    grade = await graded(scripted(chat(result(1), finish_reason="length")))

    assert (grade.score, grade.error) == (1.0, None)


async def test_a_providers_failure_is_the_error_at_once_in_its_words() -> None:
    model = scripted(GONE)

    grade = await graded(model)

    assert len(model.asked) == 1
    assert (code_of(grade), grade.fault) == ("server_error", Fault.MODEL_SERVER)
    assert grade.error is not None
    assert grade.error.message == "Out of order."
    assert grade.usage == {}
    shown = grade.sample or {}
    assert (shown["output"], shown["model"], shown["finish_reason"]) == ([], "m", None)
    assert shown["error"] == {"code": "server_error", "message": "Out of order."}
    assert shown["input"] == [{"role": "user", "content": "Grade 4."}]


async def test_a_failure_of_the_second_call_leaves_the_first_paid_for() -> None:
    grade = await graded(scripted(chat("Hm."), GONE))

    assert (code_of(grade), grade.fault) == ("server_error", Fault.MODEL_SERVER)
    assert grade.usage == {SNAPSHOT: ONE}


async def test_an_answer_without_choices_is_the_providers_failure() -> None:
    grade = await graded(scripted(ModelAnswer({"model": SNAPSHOT}, 0.1)))

    assert (code_of(grade), grade.fault) == ("malformed_answer", Fault.MODEL_SERVER)


@pytest.mark.parametrize(
    ("script", "asked", "noted"),
    [
        ([chat(result(1))], ["json_schema"], {}),
        (
            [NO_SCHEMA, chat(result(1))],
            ["json_schema", "json_object"],
            {"structured_output": "json_object"},
        ),
        (
            [NO_SCHEMA, NO_JSON, chat(f"Well: {result(1)}")],
            ["json_schema", "json_object", None],
            {"structured_output": "text"},
        ),
    ],
)
async def test_a_provider_without_structured_outputs_is_asked_for_less(
    script: list[ModelAnswer | ModelFailure], asked: list[object], noted: object
) -> None:
    model = scripted(*script)

    grade = await graded(model)

    assert formats(model) == asked
    assert (grade.score, grade.error, grade.details) == (1.0, None, noted)
    assert grade.usage == {SNAPSHOT: ONE}


async def test_the_refused_call_is_made_once_a_run() -> None:
    model = scripted(NO_SCHEMA, *[chat(result(1))] * 3)
    tools = grader_tools(model=model)
    grader = score_grader()

    for _ in range(3):
        grade = await graded(model, grader, tools)
        assert grade.details == {"structured_output": "json_object"}

    assert formats(model) == ["json_schema"] + ["json_object"] * 3


async def test_rows_at_once_all_come_to_their_verdict() -> None:
    def say(request: ModelRequest) -> ModelAnswer | ModelFailure:
        form = request.body.get("response_format")
        kind = form["type"] if isinstance(form, dict) else None
        return {"json_schema": NO_SCHEMA, "json_object": NO_JSON}.get(str(kind), chat(result(0.5)))

    tools = grader_tools(model=speaking(say))
    grader = score_grader()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(grade_score_model(grader, VARIABLES, tools)) for _ in range(9)]

    assert {task.result().details["structured_output"] for task in tasks} == {"text"}


async def test_a_provider_that_refuses_every_mode_is_not_held_against_it() -> None:
    """A refusal that only sounds like one of the format must not cost the other rows theirs."""
    model = scripted(NO_SCHEMA, NO_JSON, refusing("response_format again"), chat(result(1)))
    tools = grader_tools(model=model)
    grader = score_grader()

    lost = await graded(model, grader, tools)
    fine = await graded(model, grader, tools)

    assert (code_of(lost), lost.fault) == ("invalid_request_error", Fault.MODEL_SERVER)
    assert (fine.score, fine.details) == (1.0, {})


async def test_the_deadline_goes_along() -> None:
    model = scripted(chat(result(1)))
    tools = replace(grader_tools(model=model), deadline=1e12)

    await graded(model, tools=tools)

    assert model.asked[0].deadline == 1e12


async def test_messages_that_nobody_takes_are_an_error_and_cost_nothing() -> None:
    """Such a grader is refused at creation; an imported eval may have one."""
    model = scripted()

    grade = await graded(model, score_grader(input=[]))

    assert code_of(grade) == "invalid_input_messages"
    assert model.asked == []
