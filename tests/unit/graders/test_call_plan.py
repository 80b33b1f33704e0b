"""What a model grader's provider is asked.

Parts, parameters and their names are documented (OpenAPI document); what is sent where a provider
does not see to the schema is ours.
"""

from typing import Any

import pytest
from pydantic import JsonValue

from evald.domain.conversation.messages import MessagesUnusable
from evald.domain.template import UnknownVariable, Variables
from evald.graders.call_plan import MOST_PLANS, CallPlans, ModelGrader, chat_shape, compile_call
from evald.graders.structured import OutputMode
from evald.wire.messages import EvalItem
from tests.support.model_graders import label_grader, score_grader

VARIABLES = Variables(
    item={"question": "2+2?", "photo": "https://x.test/a.png", "sound": "UklGRg==", "n": 1.0},
    sample={"output_text": "4"},
)


def body_of(grader: ModelGrader, mode: OutputMode = OutputMode.JSON_SCHEMA) -> dict[str, JsonValue]:
    plan = compile_call(grader)
    return plan.request(plan.messages(VARIABLES), mode, deadline=1.0).body


def messages_of(
    *messages: JsonValue, mode: OutputMode = OutputMode.JSON_SCHEMA
) -> list[dict[str, Any]]:
    sent: Any = body_of(score_grader(input=[*messages]), mode)["messages"]
    return list(sent)


@pytest.mark.parametrize(
    ("content", "sent"),
    [
        ("Is {{ sample.output_text }} right?", "Is 4 right?"),
        ({"type": "input_text", "text": "{{item.question}}"}, "2+2?"),
        ({"type": "output_text", "text": "{{item.n}}"}, "1.0"),
        (
            ["Look:", {"type": "input_image", "image_url": "{{ item.photo }}", "detail": "low"}],
            [
                {"type": "text", "text": "Look:"},
                {
                    "type": "image_url",
                    "image_url": {"url": "https://x.test/a.png", "detail": "low"},
                },
            ],
        ),
        (
            [{"type": "input_image", "image_url": "{{ item.photo }}", "file_id": None}],
            [{"type": "image_url", "image_url": {"url": "https://x.test/a.png"}}],
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "{{ item.sound }}", "format": "wav"}},
            [{"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}],
        ),
    ],
)
def test_contents_of_every_shape_are_filled_and_sent(content: JsonValue, sent: JsonValue) -> None:
    assert messages_of({"role": "user", "content": content}) == [{"role": "user", "content": sent}]


def test_what_was_filled_in_is_not_looked_at_again() -> None:
    plan = compile_call(score_grader())

    messages = plan.messages(Variables({"secret": "x"}, {"output_text": "{{ item.secret }}"}))

    assert messages == [{"role": "user", "content": "Grade {{ item.secret }}."}]


def test_a_variable_that_is_not_there_is_named() -> None:
    plan = compile_call(score_grader(input=[{"role": "user", "content": "{{ item.gone }}"}]))

    with pytest.raises(UnknownVariable) as caught:
        plan.messages(VARIABLES)

    assert caught.value.name == "item.gone"


def test_nothing_is_sent_but_what_was_set_and_what_is_needed() -> None:
    """Ours: reasoning models refuse a temperature, so the defaults that are shown are not sent."""
    assert body_of(score_grader()).keys() == {"model", "messages", "response_format"}


@pytest.mark.parametrize(
    ("params", "sent"),
    [
        ({"seed": 42, "top_p": 1, "temperature": 0.5}, None),
        ({"max_completions_tokens": 32768}, {"max_completion_tokens": 32768}),
        (
            {"max_completions_tokens": 9, "max_completion_tokens": 8},
            {"max_completion_tokens": 8},
        ),
        ({"max_tokens": 500}, None),
        ({"reasoning_effort": "medium"}, None),
        ({"reasoning_effort": None, "seed": None}, {}),
        ({"service_tier": "flex", "logit_bias": {"5": -100}}, None),
        ({"model": "other", "messages": [], "stream": True, "response_format": {}}, {}),
    ],
)
def test_parameters_are_sent_as_given(params: dict[str, JsonValue], sent: Any) -> None:
    body = body_of(score_grader(sampling_params=params))

    rest = {k: v for k, v in body.items() if k not in ("model", "messages", "response_format")}
    assert body["model"] == "m"
    assert rest == (params if sent is None else sent)


def schema_sent(grader: ModelGrader) -> Any:
    form: Any = body_of(grader)["response_format"]
    assert form["type"] == "json_schema"
    assert form["json_schema"]["strict"] is True
    return form["json_schema"]["schema"]["properties"]["result"]


def test_a_score_is_asked_for_as_a_number_and_a_label_as_one_of_its_labels() -> None:
    assert schema_sent(score_grader()) == {"type": "number"}
    assert schema_sent(label_grader(labels=["good", "bad", "good"])) == {
        "type": "string",
        "enum": ["good", "bad"],
    }


SYSTEM: JsonValue = {"role": "system", "content": "Be strict."}
DEVELOPER: JsonValue = {"role": "developer", "content": ["Be strict.", "Be fair."]}
USER: JsonValue = {"role": "user", "content": "Hm?"}


@pytest.mark.parametrize("mode", [OutputMode.JSON_OBJECT, OutputMode.TEXT])
def test_without_a_schema_the_system_tells_it(mode: OutputMode) -> None:
    alone = messages_of(USER, mode=mode)
    after = messages_of(SYSTEM, USER, mode=mode)
    parts = messages_of(DEVELOPER, USER, mode=mode)

    assert [each["role"] for each in alone] == ["system", "user"]
    told = alone[0]["content"]
    assert "JSON Schema" in told
    assert [each["content"] for each in after] == [f"Be strict.\n\n{told}", "Hm?"]
    assert [each["text"] for each in parts[0]["content"]] == ["Be strict.", "Be fair.", told]
    assert alone[1] == after[1] == parts[1] == {"role": "user", "content": "Hm?"}


def test_with_a_schema_the_messages_stay_as_they_are() -> None:
    """Observed 2025-07: the grader's call shows the caller's messages and no others."""
    assert messages_of(SYSTEM, USER) == [SYSTEM, USER]


@pytest.mark.parametrize("messages", [[], [{"role": "user", "content": []}]])
def test_messages_that_nobody_takes_are_refused(messages: list[Any]) -> None:
    with pytest.raises(MessagesUnusable):
        chat_shape([EvalItem.model_validate(each) for each in messages])


def test_a_grader_is_compiled_once() -> None:
    plans, grader = CallPlans(), score_grader()

    assert plans.plan_of(grader) is plans.plan_of(grader)


def test_graders_that_come_anew_each_row_are_no_leak_and_no_mistake() -> None:
    plans = CallPlans()
    for number in range(3 * MOST_PLANS):
        grader = score_grader(model=f"m{number}")
        assert plans.plan_of(grader).fixed == {"model": f"m{number}"}

    assert len(plans._plans) <= MOST_PLANS  # noqa: SLF001 - nothing else shows it


def test_what_a_provider_refuses_is_remembered_by_model_and_schema() -> None:
    plans = CallPlans()
    plan = plans.plan_of(score_grader())
    same, other_model, other_schema = (
        plans.plan_of(each)
        for each in (score_grader(name="again"), score_grader(model="n"), label_grader())
    )

    plans.note_answered(plan, OutputMode.TEXT)

    assert plans.mode_of(plan) is plans.mode_of(same) is OutputMode.TEXT
    assert plans.mode_of(other_model) is plans.mode_of(other_schema) is OutputMode.JSON_SCHEMA
    assert CallPlans().mode_of(plan) is OutputMode.JSON_SCHEMA
