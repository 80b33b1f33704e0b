"""Samples of responses.

That calls are told chat-style is observed (2025); the fields read are those of OpenAI's OpenAPI
document (Response); finish reasons and odd answers are ours.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain import exact_json
from evald.domain.sample import Sample
from evald.domain.tally import Usage
from evald.ports.model import ModelAnswer, ModelRequest
from evald.sampling.answer import sample_of_answer
from evald.wire import output_items
from tests.unit.sampling.odd_json import anything, places_in, with_odd

MESSAGES: list[Any] = [{"role": "user", "content": "Which?"}]
TEXT = {"type": "output_text", "text": "Hardware", "annotations": []}
MESSAGE = {"type": "message", "id": "msg_1", "role": "assistant", "content": [TEXT]}
FUNCTION_CALL = {
    "type": "function_call",
    "id": "fc_1",
    "call_id": "c1",
    "name": "f",
    "arguments": '{"x":1}',
}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}}
MCP_CALL = {"type": "mcp_call", "id": "mcp_1", "name": "search", "arguments": "{}", "output": "ok"}
REASONING = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}],
}


def a_response(*output: Any, **changes: Any) -> dict[str, Any]:
    return {
        "object": "response",
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "model": "gpt-test-2026-01-01",
        "output": list(output),
        "usage": {
            "input_tokens": 9,
            "input_tokens_details": {"cached_tokens": 4},
            "output_tokens": 2,
            "output_tokens_details": {"reasoning_tokens": 1},
            "total_tokens": 11,
        },
        **changes,
    }


def sample_of(body: Any, **params: Any) -> Sample:
    body_sent = {"model": "gpt-test", **params, "input": MESSAGES}
    request = ModelRequest("responses", "gpt-test", body_sent, deadline=9.0)
    return sample_of_answer(request, ModelAnswer(body, seconds=0.1))


def variables_of(body: Any) -> Any:
    return sample_of(body).variables


def test_a_response_makes_the_sample_that_a_chat_completion_would() -> None:
    message = {"role": "assistant", "content": "Hardware", "refusal": None}

    sample = sample_of(a_response(MESSAGE))

    assert sample.variables == {
        "model": "gpt-test-2026-01-01",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "output_text": "Hardware",
        "output_tools": [],
    }
    assert sample.usage == {"gpt-test-2026-01-01": Usage(1, 9, 2, 11, 4)}
    assert sample.echo["output"] == [{"role": "assistant", "content": "Hardware"}]


def test_the_echo_says_how_the_model_was_asked() -> None:
    body = a_response(MESSAGE)

    echo = sample_of(body, max_output_tokens=20, reasoning={"effort": "high"}).echo

    assert echo["input"] == MESSAGES
    assert (echo["max_completion_tokens"], echo["max_completions_tokens"]) == (20, 20)
    assert echo["reasoning_effort"] == "high"


def test_text_is_joined_over_parts_and_messages() -> None:
    assert variables_of(a_response(MESSAGE, MESSAGE))["output_text"] == "HardwareHardware"


def test_calls_of_every_kind_are_output_tools_in_their_order() -> None:
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed"}

    variables = variables_of(
        a_response({"type": "mcp_list_tools"}, MCP_CALL, search, FUNCTION_CALL)
    )

    names = [tool["function"]["name"] for tool in variables["output_tools"]]
    assert names == ["search", "web_search_call", "f"]
    assert variables["output_tools"][2] == CALL
    assert variables["choices"][0]["message"]["tool_calls"] == variables["output_tools"]


def test_calls_without_a_word_have_no_content_and_the_empty_text() -> None:
    sample = sample_of(a_response(REASONING, FUNCTION_CALL))

    variables: Any = sample.variables
    assert variables["choices"][0]["message"]["content"] is None
    assert variables["output_text"] == ""
    assert sample.echo["output"] == [{"role": "assistant", "content": "", "tool_calls": [CALL]}]


def test_a_reasoning_summary_is_a_variable() -> None:
    variables = variables_of(a_response(REASONING, MESSAGE))

    assert variables["output_reasoning_summary"] == "a\n\nb"


def test_reasoning_without_a_summary_is_no_variable() -> None:
    variables = variables_of(a_response({**REASONING, "summary": []}, MESSAGE))

    assert "output_reasoning_summary" not in variables


def test_a_refusal_is_an_answer() -> None:
    refused = {**MESSAGE, "content": [{"type": "refusal", "refusal": "I cannot."}]}

    sample = sample_of(a_response(refused))

    assert sample.error is None
    variables: Any = sample.variables
    assert variables["output_text"] == ""
    assert variables["choices"][0]["message"]["refusal"] == "I cannot."
    assert sample.echo["output"] == [{"role": "assistant", "content": "", "refusal": "I cannot."}]


@pytest.mark.parametrize(
    ("body", "finish_reason"),
    [
        (a_response(MESSAGE), "stop"),
        (a_response(), "stop"),
        (a_response(MESSAGE, status=None), "stop"),
        (a_response(MESSAGE, FUNCTION_CALL), "tool_calls"),
        (a_response(FUNCTION_CALL, REASONING), "tool_calls"),
        (a_response(MCP_CALL, MESSAGE), "stop"),
        (a_response(status="incomplete"), "length"),
        (
            a_response(status="incomplete", incomplete_details={"reason": "max_output_tokens"}),
            "length",
        ),
        (
            a_response(status="incomplete", incomplete_details={"reason": "content_filter"}),
            "content_filter",
        ),
        (a_response(status="incomplete", incomplete_details={"reason": 5}), "length"),
    ],
)
def test_the_status_tells_why_it_ended(body: Any, finish_reason: str) -> None:
    sample = sample_of(body)

    assert sample.echo["finish_reason"] == finish_reason
    variables: Any = sample.variables
    assert variables["choices"][0]["finish_reason"] == finish_reason


def test_a_response_that_failed_is_an_error_with_its_code_and_message() -> None:
    error = {"code": "server_error", "message": "Something broke."}

    sample = sample_of(a_response(status="failed", error=error))

    assert sample.variables is None
    assert sample.error is not None
    assert sample.error.model_dump() == error
    assert sample.usage["gpt-test-2026-01-01"].invocations == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (a_response(status="failed"), 'has the status "failed"'),
        (a_response(status="queued"), 'has the status "queued"'),
        (a_response(status=["odd"]), r'has the status \["odd"\]'),
        (a_response() | {"output": None}, "has no output"),
        ({}, "has no output"),
    ],
)
def test_a_response_without_an_output_is_malformed(body: Any, message: str) -> None:
    sample = sample_of(body)

    assert sample.variables is None
    assert sample.error is not None
    assert sample.error.code == "malformed_answer"
    assert message.replace("\\", "") in sample.error.message


FULL = a_response(REASONING, MESSAGE, FUNCTION_CALL, MCP_CALL)


@given(st.sampled_from(places_in(FULL)[1:]), anything)
def test_a_response_odd_in_any_one_place_becomes_a_sample(place: tuple[Any, ...], odd: Any) -> None:
    sample = sample_of(with_odd(FULL, place, odd))

    output_items.Sample.model_validate(sample.echo)
    exact_json.dump([sample.echo, sample.variables])
