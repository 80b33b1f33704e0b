"""A stored chat completion as the API answers it, out of what was asked and answered."""

from collections.abc import Mapping

from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.conversation.reading import text_or_empty

Json = dict[str, JsonValue]


def completion_body(
    request: Mapping[str, JsonValue], answer: Mapping[str, JsonValue], *, metadata: dict[str, str]
) -> Json:
    """The completion in the form that lists have: settings of the request beside the answer.

    What the request left open is as OpenAI's documents have it by default. What an answer says
    that the form does not know stands at the end.

    Source: observed 2026-04 (keys and their order).
    """
    choices = answer.get("choices")
    body: Json = {
        "object": "chat.completion",
        "id": answer.get("id"),
        "model": text_or_empty(answer.get("model")) or text_or_empty(request.get("model")),
        "created": answer.get("created"),
        "request_id": None,
        "tool_choice": request.get("tool_choice"),
        "usage": answer.get("usage"),
        "seed": request.get("seed"),
        "top_p": _given(request, "top_p", 1.0),
        "temperature": _given(request, "temperature", 1.0),
        "presence_penalty": _given(request, "presence_penalty", 0.0),
        "frequency_penalty": _given(request, "frequency_penalty", 0.0),
        "system_fingerprint": answer.get("system_fingerprint"),
        "input_user": request.get("user"),
        "service_tier": answer.get("service_tier") or request.get("service_tier") or "default",
        "tools": request.get("tools"),
        "metadata": {**metadata},
        "choices": [_choice(each) for each in choices] if isinstance(choices, list) else [],
        "response_format": request.get("response_format"),
    }
    return body | {key: value for key, value in answer.items() if key not in body}


def completion_messages(log_id: str, request: Mapping[str, JsonValue]) -> list[Json]:
    """The messages of the request, each with an id of its own.

    A content of parts stands in `content_parts`. A provider may have accepted what is no message
    of OpenAI's: what must be a text and is none is shown as its JSON, and a role that is missing
    as an empty one, so that whoever reads the list finds texts. What is no object at all is the
    content of a message without a role: no message is left out.

    Source: observed 2026-04 (ids, keys); what is shown of odd messages is ours.
    """
    messages = request.get("messages")
    given = messages if isinstance(messages, list) else []
    return [
        _message(f"{log_id}-{index}", each if isinstance(each, dict) else {"content": each})
        for index, each in enumerate(given)
    ]


def _message(message_id: str, message: Json) -> Json:
    content = message.get("content")
    parts = [_part(each) for each in content] if isinstance(content, list) else None
    return {
        "id": message_id,
        "role": _as_text(message.get("role")) or "",
        "content": None if parts is not None else _as_text(content),
        "content_parts": parts,
        "name": _as_text(message.get("name")),
        **{key: value for key, value in message.items() if key not in _OF_EVERY_MESSAGE},
    }


def _part(given: JsonValue) -> JsonValue:
    return given if isinstance(given, dict) else {"type": "text", "text": _as_text(given) or ""}


def _as_text(value: JsonValue) -> str | None:
    return value if value is None or isinstance(value, str) else exact_json.dump(value)


_OF_EVERY_MESSAGE = ("id", "role", "content", "content_parts", "name")


def _choice(given: JsonValue) -> JsonValue:
    if not isinstance(given, dict):
        return given
    message = given.get("message")
    said = message if isinstance(message, dict) else {}
    shown: Json = {
        "content": said.get("content"),
        "role": said.get("role", "assistant"),
        "tool_calls": said.get("tool_calls"),
        "function_call": said.get("function_call"),
    }
    choice: Json = {
        "index": given.get("index", 0),
        "message": shown | {key: value for key, value in said.items() if key not in shown},
        "finish_reason": given.get("finish_reason"),
        "logprobs": given.get("logprobs"),
    }
    return choice | {key: value for key, value in given.items() if key not in choice}


def _given(request: Mapping[str, JsonValue], key: str, default: float) -> JsonValue:
    value = request.get(key)
    return default if value is None else value
