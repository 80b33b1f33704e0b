"""Samples made again of what output items keep: shown as they were, and named as before. Ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from evald.domain.sample import Sample
from evald.ports.model import ModelAnswer, ModelRequest
from evald.sampling.answer import sample_of_answer
from evald.sampling.regraded import sample_of_echo
from evald.wire.errors import ApiError
from tests.unit.sampling.odd_json import anything

CALL: JsonValue = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def answered(content: str, *calls: JsonValue, tools: JsonValue = None) -> Sample:
    """The sample of a model that said this."""
    message: dict[str, JsonValue] = {"role": "assistant", "content": content}
    if calls:
        message["tool_calls"] = [*calls]
    choice: JsonValue = {"index": 0, "message": message, "finish_reason": "stop"}
    body: dict[str, JsonValue] = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    if tools:
        body["tools"] = tools
    request = ModelRequest(api="chat_completions", model="m", body=body, deadline=0.0)
    usage: JsonValue = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    answer: dict[str, JsonValue] = {"model": "m-2026", "choices": [choice], "usage": usage}
    return sample_of_answer(request, ModelAnswer(answer, seconds=0.1))


@pytest.mark.parametrize(
    "before",
    [answered("Paris"), answered(""), answered('{"a": 1.50}'), answered("", CALL, CALL)],
    ids=["text", "nothing", "json", "tool calls"],
)
def test_graders_see_what_they_saw_before_and_no_call_is_counted(before: Sample) -> None:
    again = sample_of_echo({"echo": before.echo})

    assert again == Sample(before.variables, before.echo, usage={})


def test_the_tools_that_were_offered_are_named_as_before() -> None:
    before = answered("", CALL, tools=[{"type": "function"}])

    again = sample_of_echo({"echo": before.echo, "input_tools": [{"type": "function"}]})

    assert again.variables == before.variables


def test_what_was_errored_is_so_again_for_the_same_reason() -> None:
    before = answered("Paris").echo
    shown: dict[str, JsonValue] = {**before, "error": {"code": "timeout", "message": "Too late."}}

    again = sample_of_echo({"echo": shown})

    assert again.error == ApiError(code="timeout", message="Too late.")
    assert (again.variables, again.echo) == (None, shown)


def test_an_item_that_never_had_a_sample_has_none_and_is_not_errored() -> None:
    empty: JsonValue = {"output": [], "error": None}

    assert sample_of_echo({"echo": empty}) == Sample(None, {"output": [], "error": None}, {})
    assert sample_of_echo({"echo": None}).variables is None


def test_of_several_messages_the_last_is_the_text() -> None:
    messages: JsonValue = [{"content": "Hm."}, {"content": "Paris"}]

    variables = sample_of_echo({"echo": {"output": messages}}).variables

    assert isinstance(variables, dict)
    assert variables["output_text"] == "Paris"
    assert variables["choices"] == [
        {"index": 0, "message": {"content": "Hm."}, "finish_reason": None},
        {"index": 1, "message": {"content": "Paris"}, "finish_reason": None},
    ]


SHOWN = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("output", "error", "model", "usage", "finish_reason"), anything)
)


@given(
    anything | st.fixed_dictionaries({"echo": anything | SHOWN}, optional={"input_tools": anything})
)
def test_whatever_was_kept_makes_a_sample(kept: JsonValue) -> None:
    assert sample_of_echo(kept).usage == {}
