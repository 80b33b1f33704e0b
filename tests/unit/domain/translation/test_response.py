"""Chat completions as responses.

Rests on: documented (the fields, which the client's types check); what is put where is ours.
"""

from typing import Any

import pytest
from hypothesis import given
from openai.types.responses import Response

from evald.domain.translation.frame import Frame
from evald.domain.translation.response import response_of
from tests.unit.domain.translation.completions import FRAME, LATER, completions


def completion(message: dict[str, Any], finish_reason: str = "stop", **told: Any) -> dict[str, Any]:
    choice = {
        "index": 0,
        "message": {"role": "assistant", **message},
        "finish_reason": finish_reason,
    }
    return {"id": "chatcmpl-1", "model": "answered", "choices": [choice], **told}


@given(completions())
def test_a_response_is_what_the_client_knows(body: dict[str, Any]) -> None:
    Response.model_validate(response_of(FRAME, body, completed_at=LATER))


def test_a_response_has_every_field_of_the_clients_type() -> None:
    response: Any = response_of(FRAME, completion({"content": "Hi"}), completed_at=LATER)

    assert set(Response.model_fields) - set(response) == set()


def test_a_text_becomes_a_message_with_ids_that_follow_from_the_responses() -> None:
    response: Any = response_of(FRAME, completion({"content": "Hi"}), completed_at=LATER)

    assert (response["id"], response["object"], response["status"], response["model"]) == (
        "resp_68a1",
        "response",
        "completed",
        "answered",
    )
    assert (response["created_at"], response["completed_at"]) == (1_760_000_000, LATER)
    assert response["output"] == [
        {
            "id": "msg_68a100",
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Hi", "annotations": [], "logprobs": []}],
        }
    ]


def test_what_was_asked_is_echoed_with_the_defaults_in_force_for_the_rest() -> None:
    asked: dict[str, Any] = {
        "model": "asked",
        "input": "Hi",
        "instructions": "Be brief.",
        "temperature": 0.2,
        "tools": [{"type": "function", "name": "f"}],
        "metadata": {"a": "b"},
        "store": False,
        "previous_response_id": "resp_0",
        "top_p": None,
        "max_output_tokens": 99,
    }

    response: Any = response_of(
        Frame("resp_1", 1, asked), completion({"content": "Hi"}), completed_at=2
    )

    kept = {key: response[key] for key in asked if key not in ("input", "model", "top_p")}
    assert kept == {key: asked[key] for key in kept}
    assert (response["top_p"], response["tool_choice"]) == (1.0, "auto")
    assert (response["truncation"], response["background"]) == ("disabled", False)


def test_tokens_are_counted_as_responses_counts_them() -> None:
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 7,
        "total_tokens": 17,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 5},
    }

    response: Any = response_of(FRAME, completion({"content": "Hi"}, usage=usage), completed_at=2)

    assert response["usage"] == {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0},
        "output_tokens": 7,
        "output_tokens_details": {"reasoning_tokens": 5},
        "total_tokens": 17,
    }


@pytest.mark.parametrize(
    ("finish_reason", "status", "reason"),
    [
        ("stop", "completed", None),
        ("tool_calls", "completed", None),
        ("length", "incomplete", {"reason": "max_output_tokens"}),
        ("content_filter", "incomplete", {"reason": "content_filter"}),
    ],
)
def test_how_an_answer_ended(finish_reason: str, status: str, reason: Any) -> None:
    response: Any = response_of(FRAME, completion({"content": "Hi"}, finish_reason), completed_at=2)

    assert (response["status"], response["incomplete_details"]) == (status, reason)
    assert (response["completed_at"] is None) == (status == "incomplete")


def test_what_was_thought_and_refused_and_called_has_its_place() -> None:
    calls = [
        {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}},
        {"id": "", "type": "function", "function": {"name": "g", "arguments": ""}},
        {"id": "c3", "type": "custom", "custom": {"name": "odd"}},
    ]
    message = {"content": None, "refusal": "No.", "reasoning": "Hm.", "tool_calls": calls}

    response: Any = response_of(FRAME, completion(message), completed_at=2)

    thought, said, first, second = response["output"]
    assert thought["content"] == [{"type": "reasoning_text", "text": "Hm."}]
    assert said["content"] == [{"type": "refusal", "refusal": "No."}]
    assert (first["call_id"], first["name"]) == ("c1", "f")
    assert second["call_id"] == "call_fc_68a103"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (
            {"error": {"message": "Too long.", "code": "context_length_exceeded"}},
            "context_length_exceeded",
        ),
        ({"choices": []}, "malformed_answer"),
    ],
)
def test_a_completion_without_a_choice_is_a_failed_response(
    body: dict[str, Any], code: str
) -> None:
    response: Any = response_of(FRAME, body, completed_at=2)

    assert (response["status"], response["output"]) == ("failed", [])
    assert response["error"]["code"] == code
