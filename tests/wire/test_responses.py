"""Responses through the gateway, of providers that have them: made, followed, streamed.

Rests on: documented (the shapes, which the official client checks); what is kept, and what of it is
ours to say, is ours.
"""

import itertools
import json
from typing import Any

import httpx2
import openai
import pytest

from tests.support.raw_server import Request
from tests.support.running_server import RunningServer
from tests.support.said_responses import (
    answering,
    asked_of,
    message,
    new_id,
    response,
    streamed,
)
from tests.support.scripted_provider import Reply, ScriptedProvider, json_reply

_numbers = itertools.count(1)


def new_model(kind: str) -> str:
    """A model of this kind that only one test asks."""
    return f"{kind}-{next(_numbers)}"


def test_a_response_comes_back_as_its_provider_gave_it_and_is_kept(
    gateway: openai.OpenAI, plain: httpx2.Client, responses_provider: ScriptedProvider
) -> None:
    """Metadata and `store` are ours: the provider is told to store nothing."""
    model = new_model("native")
    responses_provider.replies[model] = answering(message("Hello."))

    raw = gateway.responses.with_raw_response.create(
        model=model, input="Hi", metadata={"use": "chat"}
    )

    made = raw.parse()
    assert (made.output_text, made.metadata, made.top_p) == ("Hello.", {"use": "chat"}, 0.98)
    assert responses_provider.body_of(model) == {"model": model, "input": "Hi", "store": False}
    kept = plain.get(f"/v1/responses/{made.id}")
    assert kept.content == raw.content
    assert (kept.json()["store"], kept.json()["unheard_of"]) == (True, 0.1)


def test_what_is_not_to_be_stored_is_passed_on_byte_for_byte(
    plain: httpx2.Client, responses_provider: ScriptedProvider
) -> None:
    model = new_model("native")
    sent = b'{ "object" : "response",  "id":"resp_bytes", "x": 1.10 }'
    responses_provider.replies[model] = Reply([sent])

    answer = plain.post("/v1/responses", json={"model": model, "input": "Hi", "store": False})

    assert (answer.status_code, answer.content) == (200, sent)
    assert plain.get("/v1/responses/resp_bytes").status_code == 404


def test_a_provider_that_may_store_is_asked_in_the_callers_own_bytes(
    plain: httpx2.Client, responses_provider: ScriptedProvider
) -> None:
    model = new_model("storing")
    responses_provider.replies[model] = answering(message("Hello."))
    content = b'{"model": "%b", "metadata": {"a": "b"}, "input": "Hi", "x": 1.50}' % model.encode()

    answer = plain.post(
        "/v1/responses", content=content, headers={"content-type": "application/json"}
    )

    assert responses_provider.request_of(model).body == content
    assert answer.json()["metadata"] == {"a": "b"}
    assert plain.get(f"/v1/responses/{answer.json()['id']}").json() == answer.json()


def test_a_stream_comes_event_by_event_and_its_response_is_kept(
    gateway: openai.OpenAI, responses_provider: ScriptedProvider
) -> None:
    model = new_model("native")
    responses_provider.replies[model] = answering(message("Hello."))

    events = list(
        gateway.responses.create(model=model, input="Hi", stream=True, metadata={"a": "b"})
    )

    assert [each.type.removeprefix("response.") for each in events] == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    last: Any = events[-1]
    assert last.response.metadata == {"a": "b"}
    assert gateway.responses.retrieve(last.response.id).output_text == "Hello."


def test_the_clients_streaming_helper_gets_the_final_response(
    gateway: openai.OpenAI, responses_provider: ScriptedProvider
) -> None:
    model = new_model("native")
    responses_provider.replies[model] = answering(message("Hello."))

    with gateway.responses.stream(model=model, input="Hi") as stream:
        final = stream.get_final_response()

    assert final.output_text == "Hello."


async def test_the_async_client_is_answered_whole_and_streamed(
    responses_server: RunningServer, responses_provider: ScriptedProvider
) -> None:
    model = new_model("native")
    responses_provider.replies[model] = answering(message("Hello."))

    async with openai.AsyncOpenAI(
        base_url=f"{responses_server.url}/v1", api_key="sk-any"
    ) as client:
        whole = await client.responses.create(model=model, input="Hi")
        async with client.responses.stream(model=model, input="Hi") as stream:
            final = await stream.get_final_response()
        kept = await client.responses.retrieve(final.id)

    assert (whole.output_text, kept.output_text) == ("Hello.", "Hello.")


def test_a_conversation_is_expanded_for_a_provider_that_stores_nothing(
    gateway: openai.OpenAI, responses_provider: ScriptedProvider
) -> None:
    """Also over a link that was deleted since: each response has the whole conversation."""
    model = new_model("native")
    responses_provider.replies[model] = answering(message("One."))
    first = gateway.responses.create(model=model, input="Count.")
    second = gateway.responses.create(model=model, input="On.", previous_response_id=first.id)
    gateway.responses.delete(first.id)

    third = gateway.responses.create(
        model=model, input=[{"role": "user", "content": "More."}], previous_response_id=second.id
    )

    asked = responses_provider.body_of(model)
    said = {"type": "message", "role": "assistant", "content": message("One.")["content"]}
    assert "previous_response_id" not in asked
    assert asked["input"] == [
        {"type": "message", "role": "user", "content": "Count."},
        said,
        {"type": "message", "role": "user", "content": "On."},
        said,
        {"role": "user", "content": "More."},
    ]
    assert third.previous_response_id == second.id
    items = gateway.responses.input_items.list(third.id, order="asc")
    assert [each.role for each in items] == ["user", "assistant", "user", "assistant", "user"]  # type: ignore[union-attr]


def test_a_provider_that_stores_resolves_the_previous_response_itself(
    gateway: openai.OpenAI, responses_provider: ScriptedProvider
) -> None:
    model = new_model("storing")
    responses_provider.replies[model] = answering(message("One."))
    first = gateway.responses.create(model=model, input="Count.")

    second = gateway.responses.create(model=model, input="On.", previous_response_id=first.id)

    asked = responses_provider.body_of(model)
    assert (asked["previous_response_id"], asked["input"]) == (first.id, "On.")
    assert len(gateway.responses.input_items.list(second.id).data) == 3


def test_a_conversation_that_changes_its_provider_is_expanded(
    gateway: openai.OpenAI, responses_provider: ScriptedProvider
) -> None:
    model, other = new_model("storing"), new_model("other")
    for each in (model, other):
        responses_provider.replies[each] = answering(message("One."))
    first = gateway.responses.create(model=model, input="Count.")

    second = gateway.responses.create(model=other, input="On.", previous_response_id=first.id)

    asked = responses_provider.body_of(other)
    assert "previous_response_id" not in asked
    assert [each["role"] for each in asked["input"]] == ["user", "assistant", "user"]
    assert second.previous_response_id == first.id


@pytest.mark.parametrize("kind", ["native", "chat"])
def test_a_previous_response_that_is_not_here_is_refused_by_name(
    kind: str, gateway: openai.OpenAI
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        gateway.responses.create(
            model=new_model(kind), input="On.", previous_response_id="resp_none"
        )

    assert (refused.value.code, refused.value.param) == (
        "previous_response_not_found",
        "previous_response_id",
    )


@pytest.mark.parametrize(
    ("kind", "asked", "code", "param"),
    [
        ("native", {"background": True}, "unsupported_parameter", "background"),
        ("native", {"conversation": "conv_1"}, "unsupported_parameter", "conversation"),
        ("chat", {"background": True}, "unsupported_parameter", "background"),
        ("chat", {"truncation": "auto"}, "unsupported_parameter", "truncation"),
        ("chat", {"tools": [{"type": "web_search"}]}, "unsupported_parameter", "tools[0].type"),
        ("deaf", {}, "unsupported_api", "model"),
        ("native", {"metadata": {"a": 1}}, "invalid_type", "metadata.a"),
        ("native", {"store": "yes"}, "invalid_type", "store"),
    ],
)
def test_what_the_provider_does_not_have_is_a_400_that_names_the_field(
    kind: str, asked: dict[str, Any], code: str, param: str, plain: httpx2.Client
) -> None:
    answer = plain.post("/v1/responses", json={"model": new_model(kind), "input": "Hi", **asked})

    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, code, param)


@pytest.mark.parametrize("kind", ["native", "chat"])
def test_a_number_that_no_response_could_repeat_is_refused(kind: str, plain: httpx2.Client) -> None:
    content = b'{"model":"%b","input":"Hi","temperature":1e999}' % new_model(kind).encode()

    answer = plain.post(
        "/v1/responses", content=content, headers={"content-type": "application/json"}
    )

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "temperature")


def test_a_client_that_leaves_closes_the_connection_to_the_provider(
    gateway: openai.OpenAI, responses_provider: ScriptedProvider
) -> None:
    """Also while nothing comes."""
    model, left = new_model("native"), responses_provider.left

    def begun(request: Request) -> Reply:
        return streamed(response(request, message("Hi.")), end="hang")

    responses_provider.replies[model] = begun

    with gateway.responses.create(model=model, input="Hi", stream=True) as events:
        next(iter(events))

    assert responses_provider.until(lambda provider: provider.left > left)


def test_a_file_of_ours_goes_to_the_provider_as_data_and_is_kept_by_its_id(
    gateway: openai.OpenAI, responses_provider: ScriptedProvider
) -> None:
    file = gateway.files.create(file=("a.txt", b"abc"), purpose="user_data")
    part: Any = {"type": "input_file", "file_id": file.id}
    asked: Any = [{"role": "user", "content": [part]}]
    sent = {}
    for kind in ("native", "chat"):
        model = new_model(kind)
        responses_provider.replies[model] = json_reply({"choices": [{"message": {"content": ""}}]})

        gateway.responses.create(model=model, input=asked)

        body = responses_provider.body_of(model)
        (sent[kind],) = body["messages" if kind == "chat" else "input"][0]["content"]

    data = {"filename": "a.txt", "file_data": "data:text/plain;base64,YWJj"}
    assert sent == {
        "native": {"type": "input_file", **data},
        "chat": {"type": "file", "file": data},
    }


def test_a_model_must_be_named(plain: httpx2.Client) -> None:
    answer = plain.post("/v1/responses", json={"input": "Hi"})

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "model")


def test_a_conversation_passes_where_the_provider_keeps_it(
    gateway: openai.OpenAI, responses_provider: ScriptedProvider
) -> None:
    model = new_model("storing")
    responses_provider.replies[model] = answering(message("Hi."), conversation={"id": "conv_1"})

    made = gateway.responses.create(model=model, input="Hi", conversation="conv_1")

    assert responses_provider.body_of(model)["conversation"] == "conv_1"
    assert made.conversation is not None


def test_an_id_that_is_taken_is_replaced_in_all_that_is_answered(
    gateway: openai.OpenAI, responses_provider: ScriptedProvider
) -> None:
    model, taken = new_model("native"), new_id()
    responses_provider.replies[model] = answering(message("Hi."), id=taken)

    first = gateway.responses.create(model=model, input="1")
    second = gateway.responses.create(model=model, input="2")
    events: list[Any] = list(gateway.responses.create(model=model, input="3", stream=True))

    third = {each.response.id for each in events if hasattr(each, "response")}
    assert len(third) == 1
    assert first.id == taken
    assert len({first.id, second.id, *third}) == 3
    assert gateway.responses.retrieve(second.id).id == second.id


def test_a_providers_error_keeps_its_status_and_body(
    gateway: openai.OpenAI, responses_provider: ScriptedProvider
) -> None:
    model = new_model("native")
    error = {"message": "Too long.", "type": "x", "param": "input", "code": "too_long"}
    responses_provider.replies[model] = json_reply({"error": error}, status=413)

    with pytest.raises(openai.APIStatusError) as refused:
        gateway.responses.create(model=model, input="Hi")

    assert (refused.value.status_code, refused.value.body) == (413, error)


def test_a_stream_that_breaks_ends_with_an_error_and_is_not_kept(
    plain: httpx2.Client, responses_provider: ScriptedProvider
) -> None:
    model, response_id = new_model("native"), new_id()

    def broken(request: Request) -> Reply:
        return streamed(response(request, message("Hi."), id=response_id), end="break")

    responses_provider.replies[model] = broken

    answer = plain.post("/v1/responses", json={"model": model, "input": "Hi", "stream": True})

    events = answer.text.strip().split("\n\n")
    name, data = events[-1].split("\n")
    last = json.loads(data.removeprefix("data: "))
    assert (name, last["type"], last["code"]) == ("event: error", "error", "provider_broken")
    assert last["sequence_number"] == len(events) - 1
    assert plain.get(f"/v1/responses/{response_id}").status_code == 404


def test_unknown_fields_and_numbers_reach_the_provider_as_they_are(
    plain: httpx2.Client, responses_provider: ScriptedProvider
) -> None:
    model = new_model("native")
    responses_provider.replies[model] = answering(message("Hi."))
    content = b'{"model":"%b","input":"Hi","odd":{"a":[0.10,1e2]}}' % model.encode()

    plain.post("/v1/responses", content=content, headers={"content-type": "application/json"})

    request = responses_provider.request_of(model)
    assert b'"odd":{"a":[0.10,1e2]}' in request.body
    assert asked_of(request)["store"] is False
