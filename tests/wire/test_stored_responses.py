"""Stored responses: get, follow, delete, cancel, input items, list; and those in the background.

Rests on: documented (calls and shapes, which the official client checks); the list, and what is
done where no provider keeps a response, are ours.
"""

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx2
import openai
import pytest

from tests.support.kept_logs import keep_logs
from tests.support.kept_logs import response as kept_response
from tests.support.raw_server import Request
from tests.support.running_server import RunningServer
from tests.support.said_responses import USAGE, answering, message, new_id, response, streamed
from tests.support.scripted_provider import Reply, ScriptedProvider, json_reply

_numbers = itertools.count(1)


def new_model(kind: str) -> str:
    """A model of this kind that only one test asks."""
    return f"{kind}-stored-{next(_numbers)}"


def in_background(whole: dict[str, Any]) -> Callable[[Request], Reply]:
    """A reply of a response that has only been queued."""
    queued = {**whole, "background": True, "status": "queued", "output": [], "usage": None}
    return lambda _: json_reply(queued)


def finished(model: str, **changes: Any) -> dict[str, Any]:
    """A response that was made in the background, as it ends."""
    asked = json.dumps({"model": model, "background": True}).encode()
    return response(Request("", {}, asked), message("Done."), **changes)


def left_running(
    gateway: openai.OpenAI, provider: ScriptedProvider, **changes: Any
) -> tuple[str, dict[str, Any]]:
    """The id of a response that was kept as queued, and what it will be in the end."""
    model = new_model("storing")
    whole = finished(model, **changes)
    provider.replies[model] = in_background(whole)
    made = gateway.responses.create(model=model, input="Hi", background=True, metadata={"a": "b"})
    assert made.status == "queued"
    return made.id, whole


def calls_of(provider: ScriptedProvider, path: str) -> list[str]:
    """The methods by which the provider was called at this path."""
    lines = [request.line.split() for request in provider.seen]
    return [method for method, target, _ in lines if target == f"/v1/{path}"]


def test_what_is_not_there_is_a_404_everywhere(plain: httpx2.Client) -> None:
    answers = [
        plain.get("/v1/responses/resp_none"),
        plain.get("/v1/responses/resp_none?stream=true"),
        plain.delete("/v1/responses/resp_none"),
        plain.post("/v1/responses/resp_none/cancel"),
        plain.get("/v1/responses/resp_none/input_items"),
    ]

    assert {each.status_code for each in answers} == {404}
    assert {each.json()["error"]["code"] for each in answers} == {"not_found"}


@pytest.mark.parametrize("kind", ["native", "storing", "chat"])
def test_a_response_of_another_project_is_nowhere(
    kind: str, plain: httpx2.Client, responses_server: RunningServer
) -> None:
    """A provider that stores is not asked to resolve it either."""
    (foreign,) = keep_logs(
        responses_server.folder, [kept_response("Hi", "Hello.", project_id="proj_other")]
    )

    followed = plain.post(
        "/v1/responses",
        json={"model": new_model(kind), "input": "On.", "previous_response_id": foreign},
    )

    assert followed.json()["error"]["code"] == "previous_response_not_found"
    assert plain.get(f"/v1/responses/{foreign}").status_code == 404
    assert plain.delete(f"/v1/responses/{foreign}").status_code == 404


def test_a_response_that_was_imported_without_its_request_has_no_input(
    plain: httpx2.Client, responses_server: RunningServer
) -> None:
    (imported,) = keep_logs(
        responses_server.folder, [replace(kept_response("Hi", "Hello."), request=None)]
    )

    followed = plain.post(
        "/v1/responses",
        json={"model": new_model("native"), "input": "On.", "previous_response_id": imported},
    )

    assert plain.get(f"/v1/responses/{imported}").json()["output"][0]["type"] == "message"
    assert plain.get(f"/v1/responses/{imported}/input_items").status_code == 404
    assert followed.json()["error"]["code"] == "previous_response_not_found"


def test_a_deleted_response_is_gone_here_and_at_a_provider_that_keeps_it(
    gateway: openai.OpenAI, plain: httpx2.Client, responses_provider: ScriptedProvider
) -> None:
    model, response_id = new_model("storing"), new_id()
    responses_provider.replies[model] = answering(message("Hi."), id=response_id)
    responses_provider.replies[f"responses/{response_id}"] = json_reply({"deleted": True})
    gateway.responses.create(model=model, input="Hi")

    gone = plain.delete(f"/v1/responses/{response_id}")

    assert gone.json() == {"id": response_id, "object": "response", "deleted": True}
    assert calls_of(responses_provider, f"responses/{response_id}") == ["DELETE"]
    assert plain.get(f"/v1/responses/{response_id}").status_code == 404


def test_a_response_that_its_provider_does_not_delete_is_here_still(
    gateway: openai.OpenAI, plain: httpx2.Client, responses_provider: ScriptedProvider
) -> None:
    model, response_id = new_model("storing"), new_id()
    responses_provider.replies[model] = answering(message("Hi."), id=response_id)
    responses_provider.replies[f"responses/{response_id}"] = json_reply({}, status=500)
    gateway.responses.create(model=model, input="Hi")

    answer = plain.delete(f"/v1/responses/{response_id}")

    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "provider_broken")
    assert gateway.responses.retrieve(response_id).output_text == "Hi."


def test_a_response_is_deleted_here_where_its_provider_knows_it_no_longer(
    gateway: openai.OpenAI, responses_provider: ScriptedProvider
) -> None:
    model, response_id = new_model("storing"), new_id()
    responses_provider.replies[model] = answering(message("Hi."), id=response_id)
    responses_provider.replies[f"responses/{response_id}"] = json_reply({}, status=404)
    gateway.responses.create(model=model, input="Hi")

    gateway.responses.delete(response_id)

    with pytest.raises(openai.NotFoundError):
        gateway.responses.retrieve(response_id)


def test_a_queued_response_is_asked_for_again_until_it_has_ended(
    gateway: openai.OpenAI, responses_provider: ScriptedProvider
) -> None:
    response_id, whole = left_running(gateway, responses_provider)
    path = f"responses/{response_id}"
    responses_provider.replies[path] = json_reply({**whole, "status": "in_progress", "output": []})

    assert gateway.responses.retrieve(response_id).status == "in_progress"
    responses_provider.replies[path] = json_reply(whole)
    ended = gateway.responses.retrieve(response_id)
    again = gateway.responses.retrieve(response_id)

    assert (ended.status, ended.output_text, ended.metadata) == ("completed", "Done.", {"a": "b"})
    assert again == ended
    assert calls_of(responses_provider, path) == ["GET", "GET"]


def test_a_queued_response_is_shown_as_it_was_where_its_provider_is_at_a_loss(
    gateway: openai.OpenAI, responses_provider: ScriptedProvider
) -> None:
    response_id, _ = left_running(gateway, responses_provider)
    responses_provider.replies[f"responses/{response_id}"] = json_reply({}, status=503)

    assert gateway.responses.retrieve(response_id).status == "queued"


def test_a_streamed_response_in_the_background_is_kept_before_its_client_leaves(
    gateway: openai.OpenAI, responses_provider: ScriptedProvider
) -> None:
    model = new_model("storing")
    whole = finished(model)
    responses_provider.replies[model] = lambda _: streamed(whole, end="hang")
    responses_provider.replies[f"responses/{whole['id']}"] = json_reply(whole)

    with gateway.responses.create(model=model, input="Hi", stream=True, background=True) as events:
        assert next(iter(events)).type == "response.created"

    assert gateway.responses.retrieve(whole["id"]).output_text == "Done."


def test_a_streamed_response_in_the_background_that_ends_is_kept_as_it_ended(
    gateway: openai.OpenAI, responses_provider: ScriptedProvider
) -> None:
    model = new_model("storing")
    whole = finished(model)
    responses_provider.replies[model] = lambda _: streamed(whole)

    list(gateway.responses.create(model=model, input="Hi", stream=True, background=True))

    assert gateway.responses.retrieve(whole["id"]).output_text == "Done."
    assert calls_of(responses_provider, f"responses/{whole['id']}") == []


def test_a_response_is_streamed_again_where_its_provider_keeps_it(
    gateway: openai.OpenAI, responses_provider: ScriptedProvider
) -> None:
    """The last event brings what is kept up to date."""
    response_id, whole = left_running(gateway, responses_provider)
    target = f"responses/{response_id}?starting_after=1&stream=true"
    responses_provider.replies[target] = streamed(whole)

    events: list[Any] = list(gateway.responses.retrieve(response_id, stream=True, starting_after=1))

    assert events[-1].response.output_text == "Done."
    assert gateway.responses.retrieve(response_id).output_text == "Done."
    assert calls_of(responses_provider, f"responses/{response_id}") == []


def test_a_response_that_no_provider_keeps_cannot_be_streamed_again(
    gateway: openai.OpenAI, responses_provider: ScriptedProvider
) -> None:
    model = new_model("native")
    responses_provider.replies[model] = answering(message("Hi."))
    made = gateway.responses.create(model=model, input="Hi")

    with pytest.raises(openai.BadRequestError) as refused:
        gateway.responses.retrieve(made.id, stream=True)

    assert (refused.value.code, refused.value.param) == ("unsupported_parameter", "stream")


def test_a_response_in_the_background_is_canceled_at_its_provider(
    gateway: openai.OpenAI, responses_provider: ScriptedProvider
) -> None:
    response_id, whole = left_running(gateway, responses_provider)
    path = f"responses/{response_id}/cancel"
    responses_provider.replies[path] = json_reply({**whole, "status": "cancelled"})

    first = gateway.responses.cancel(response_id)
    second = gateway.responses.cancel(response_id)

    assert (first.status, second.status) == ("cancelled", "cancelled")
    assert first.metadata == {"a": "b"}
    assert calls_of(responses_provider, path) == ["POST"]


def test_a_response_that_was_answered_at_once_cannot_be_canceled(
    gateway: openai.OpenAI, responses_provider: ScriptedProvider
) -> None:
    model = new_model("native")
    responses_provider.replies[model] = answering(message("Hi."))
    made = gateway.responses.create(model=model, input="Hi")

    with pytest.raises(openai.BadRequestError) as refused:
        gateway.responses.cancel(made.id)

    assert refused.value.code == "response_not_in_background"


def test_a_response_that_has_not_ended_cannot_be_followed_elsewhere(
    gateway: openai.OpenAI, responses_provider: ScriptedProvider
) -> None:
    response_id, whole = left_running(gateway, responses_provider)
    responses_provider.replies[f"responses/{response_id}"] = json_reply(
        {**whole, "status": "queued"}
    )

    with pytest.raises(openai.BadRequestError) as refused:
        gateway.responses.create(
            model=new_model("native"), input="On.", previous_response_id=response_id
        )

    assert (refused.value.code, refused.value.param) == (
        "response_unfinished",
        "previous_response_id",
    )


def test_input_items_come_last_first_and_page_by_page(
    gateway: openai.OpenAI, plain: httpx2.Client, responses_provider: ScriptedProvider
) -> None:
    model = new_model("native")
    responses_provider.replies[model] = answering(message("Hi."))
    asked = [{"role": "user", "content": str(number)} for number in range(5)]
    made = gateway.responses.create(model=model, input=asked)  # type: ignore[arg-type]

    listed: list[Any] = list(gateway.responses.input_items.list(made.id, limit=2))
    page = plain.get(f"/v1/responses/{made.id}/input_items?limit=2&order=asc").json()
    unknown = plain.get(f"/v1/responses/{made.id}/input_items?after=msg_none")

    assert [each.content[0].text for each in listed] == ["4", "3", "2", "1", "0"]
    assert len({each.id for each in listed}) == 5
    assert (page["first_id"], page["last_id"], page["has_more"]) == (
        listed[4].id,
        listed[3].id,
        True,
    )
    assert unknown.json()["error"]["code"] == "invalid_cursor"


def test_responses_are_listed_by_model_metadata_and_time(
    gateway: openai.OpenAI, plain: httpx2.Client, responses_provider: ScriptedProvider
) -> None:
    """By the model that was asked for as well as by the one that answered."""
    model = new_model("native")
    responses_provider.replies[model] = answering(message("Hi."), model=f"{model}-2025-01-01")
    made = [
        gateway.responses.create(model=model, input="Hi", metadata={"turn": str(turn % 2)}).id
        for turn in range(3)
    ]

    def listed(query: str) -> list[str]:
        answer = plain.get(f"/v1/evald/responses?model={model}{query}")
        return [each["id"] for each in answer.json()["data"]]

    assert listed("") == made[::-1]
    assert listed("-2025-01-01&order=asc") == made
    assert listed("&order=asc&metadata[turn]=0") == [made[0], made[2]]
    assert listed(f"&order=asc&limit=1&after={made[0]}") == [made[1]]
    assert listed("&created_after=1000000000&created_before=9999999999") == made[::-1]
    assert listed("&created_before=1000000000") == []


def test_what_a_response_used_is_in_the_ledger(
    gateway: openai.OpenAI, plain: httpx2.Client, responses_provider: ScriptedProvider
) -> None:
    model = new_model("native")
    responses_provider.replies[model] = answering(message("Hi."), usage=USAGE)
    gateway.responses.create(model=model, input="Hi")

    entries = plain.get("/v1/evald/usage").json()["data"]

    mine = [each for each in entries if each["model"] == model]
    assert [(each["route"], each["calls"], each["input_tokens"]) for each in mine] == [
        ("responses", 1, 5)
    ]
