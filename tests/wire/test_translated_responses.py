"""Responses of a provider that speaks only chat completions, through the gateway and in runs.

Rests on: documented (the events and shapes, which the official client checks); the translation is
ours.
"""

import itertools
import json
from typing import Any

import httpx2
import openai
import pytest
from pydantic import BaseModel

from tests.support.said_responses import completing
from tests.support.scripted_provider import EVENTS, Reply, ScriptedProvider, json_reply
from tests.wire.bodies import an_eval, inline, responses, row
from tests.wire.runs import ended_run, items_of, said_by

_numbers = itertools.count(1)
CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "weather", "arguments": '{"city":"Ulm"}'},
}
TOOL: Any = {
    "type": "function",
    "name": "weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    "strict": True,
}


class City(BaseModel):
    """What a model is asked to say."""

    name: str


def new_model() -> str:
    """A model of the translating provider that only one test asks."""
    return f"chat-{next(_numbers)}"


def test_a_response_is_made_of_a_chat_completion_and_kept(
    gateway: openai.OpenAI, plain: httpx2.Client, responses_provider: ScriptedProvider
) -> None:
    model = new_model()
    responses_provider.replies[model] = completing("Hello.")

    raw = gateway.responses.with_raw_response.create(
        model=model, input="Hi", instructions="Be brief.", metadata={"a": "b"}, max_output_tokens=99
    )

    made = raw.parse()
    assert (made.output_text, made.status, made.metadata) == ("Hello.", "completed", {"a": "b"})
    assert made.usage is not None
    assert made.usage.total_tokens == 8
    assert responses_provider.request_of(model).line.split()[1] == "/v1/chat/completions"
    assert responses_provider.body_of(model) == {
        "model": model,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hi"},
        ],
        "max_completion_tokens": 99,
    }
    assert plain.get(f"/v1/responses/{made.id}").content == raw.content


@pytest.mark.parametrize("is_streamed", [False, True])
def test_a_tool_is_called_and_its_output_leads_to_an_answer(
    is_streamed: bool, gateway: openai.OpenAI, responses_provider: ScriptedProvider
) -> None:
    model = new_model()
    responses_provider.replies[model] = completing(None, tool_calls=[CALL])
    asked: Any = {"model": model, "tools": [TOOL]}
    if is_streamed:
        with gateway.responses.stream(**asked, input="Weather in Ulm?") as stream:
            first: Any = stream.get_final_response()
    else:
        first = gateway.responses.create(**asked, input="Weather in Ulm?")
    call = first.output[0]
    assert (call.type, call.call_id, call.arguments) == (
        "function_call",
        "call_1",
        '{"city":"Ulm"}',
    )
    responses_provider.replies[model] = completing("Rain.")

    output: Any = [{"type": "function_call_output", "call_id": call.call_id, "output": "rain"}]
    second = gateway.responses.create(**asked, input=output, previous_response_id=first.id)

    assert second.output_text == "Rain."
    assert responses_provider.body_of(model)["messages"] == [
        {"role": "user", "content": "Weather in Ulm?"},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
    ]


def test_a_stream_is_kept_as_its_last_event_has_it(
    gateway: openai.OpenAI, plain: httpx2.Client, responses_provider: ScriptedProvider
) -> None:
    model = new_model()
    responses_provider.replies[model] = completing("Hello.")

    answer = plain.post("/v1/responses", json={"model": model, "input": "Hi", "stream": True})

    events = [json.loads(each.split("data: ")[1]) for each in answer.text.strip().split("\n\n")]
    assert [each["sequence_number"] for each in events] == list(range(len(events)))
    assert answer.text.startswith("event: response.created\ndata: ")
    last = events[-1]["response"]
    assert responses_provider.body_of(model)["stream_options"] == {"include_usage": True}
    assert last["usage"]["total_tokens"] == 8
    assert plain.get(f"/v1/responses/{last['id']}").json() == last
    assert gateway.responses.retrieve(last["id"]).output_text == "Hello."


def test_what_is_not_to_be_stored_is_not_kept(
    gateway: openai.OpenAI, responses_provider: ScriptedProvider
) -> None:
    model = new_model()
    responses_provider.replies[model] = completing("Hello.")

    made = gateway.responses.create(model=model, input="Hi", store=False)

    with pytest.raises(openai.NotFoundError):
        gateway.responses.retrieve(made.id)


def test_structured_output_is_asked_for_and_parsed(
    gateway: openai.OpenAI, responses_provider: ScriptedProvider
) -> None:
    model = new_model()
    responses_provider.replies[model] = completing('{"name":"Ulm"}')

    parsed = gateway.responses.parse(model=model, input="Where?", text_format=City)

    assert parsed.output_parsed == City(name="Ulm")
    form = responses_provider.body_of(model)["response_format"]
    assert (form["type"], form["json_schema"]["name"]) == ("json_schema", "City")


def test_an_answer_that_was_cut_off_is_incomplete(
    gateway: openai.OpenAI, responses_provider: ScriptedProvider
) -> None:
    model = new_model()
    responses_provider.replies[model] = completing("Hel", finish_reason="length")

    events: list[Any] = list(gateway.responses.create(model=model, input="Hi", stream=True))

    last = events[-1]
    assert last.type == "response.incomplete"
    assert last.response.incomplete_details.reason == "max_output_tokens"


def chunk(**delta: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    return f"data: {json.dumps({'model': 'm', 'choices': [choice]})}\n\n".encode()


ENDED = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
ERROR = b'data: {"error":{"message":"Out of memory.","code":"oom"}}\n\n'


@pytest.mark.parametrize(
    ("steps", "last", "text"),
    [
        ([chunk(content="Hi"), ENDED], "response.completed", "Hi"),
        ([chunk(content="Hi") + ENDED + b"data: [DONE]\n\n"], "response.completed", "Hi"),
        ([b": ping\n\n", chunk(content="Hi"), ENDED], "response.completed", "Hi"),
        ([chunk(content="Hi") + ERROR], "response.failed", "Hi"),
        ([chunk(content="Hi")], "response.failed", "Hi"),
        ([chunk(content="Hi"), 0.1, "break"], "response.failed", "Hi"),
        ([chunk(content="Hi") + b"data: {odd\n\n" + ENDED], "response.failed", "Hi"),
        ([b"data: [DONE]\n\n"], "response.completed", ""),
    ],
)
def test_a_stream_ends_with_one_last_event_however_its_provider_ends_it(
    steps: list[Any],
    last: str,
    text: str,
    gateway: openai.OpenAI,
    responses_provider: ScriptedProvider,
) -> None:
    model = new_model()
    responses_provider.replies[model] = Reply(steps, headers=dict(EVENTS))

    events: list[Any] = list(gateway.responses.create(model=model, input="Hi", stream=True))

    assert [each.type for each in events][:2] == ["response.created", "response.in_progress"]
    assert (events[-1].type, events[-1].response.output_text) == (last, text)
    assert [each.sequence_number for each in events] == list(range(len(events)))
    assert sum(each.type == "response.output_item.done" for each in events) == bool(text)


def test_a_providers_error_keeps_its_status_and_body(
    gateway: openai.OpenAI, responses_provider: ScriptedProvider
) -> None:
    model = new_model()
    responses_provider.replies[model] = json_reply({"error": {"code": "slow_down"}}, status=429)

    with pytest.raises(openai.RateLimitError) as refused:
        gateway.responses.create(model=model, input="Hi")

    assert refused.value.code == "slow_down"


def test_an_answer_that_is_no_completion_is_a_502(
    plain: httpx2.Client, responses_provider: ScriptedProvider
) -> None:
    model = new_model()
    responses_provider.replies[model] = json_reply({"odd": True})

    answer = plain.post("/v1/responses", json={"model": model, "input": "Hi"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "provider_broken")


def test_a_python_provider_answers_responses_whole_and_streamed(gateway: openai.OpenAI) -> None:
    whole = gateway.responses.create(model="python-1", input="Hi")
    with gateway.responses.stream(model="python-1", input="Hi") as stream:
        final = stream.get_final_response()

    assert (whole.output_text, final.output_text) == ("Said: Hi", "Said: Hi")


def test_a_run_of_type_responses_works_on_such_a_provider(
    gateway: openai.OpenAI, responses_provider: ScriptedProvider
) -> None:
    model = new_model()
    responses_provider.replies[model] = completing("Ulm")
    source = responses(inline([row("Where?", "Ulm")]), model=model)

    run = ended_run(gateway, an_eval(), source)

    assert (run.status, run.result_counts.passed) == ("completed", 1)
    assert responses_provider.request_of(model).line.split()[1] == "/v1/chat/completions"
    assert said_by(items_of(gateway, run)[0]) == "Ulm"


def test_a_run_of_type_responses_fails_by_name_on_a_provider_without_them(
    gateway: openai.OpenAI,
) -> None:
    run = ended_run(gateway, an_eval(), responses(inline([row("a")]), model="deaf-1"))

    assert items_of(gateway, run)[0].sample.error.code == "unsupported_api"
