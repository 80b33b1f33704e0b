"""A stored chat completion as the API answers it, out of what was asked and answered."""

from collections.abc import Mapping

from pydantic import JsonValue

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
        "model": answer.get("model") or request.get("model"),
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

    A content of parts stands in `content_parts`. Source: observed 2026-04 (ids, keys).
    """
    messages = request.get("messages")
    given = messages if isinstance(messages, list) else []
    return [
        _message(f"{log_id}-{index}", each)
        for index, each in enumerate(given)
        if isinstance(each, dict)
    ]


def _message(message_id: str, message: Json) -> Json:
    content = message.get("content")
    is_parts = isinstance(content, list)
    return {
        "id": message_id,
        "role": message.get("role"),
        "content": None if is_parts else content,
        "content_parts": content if is_parts else None,
        "name": message.get("name"),
        **{key: value for key, value in message.items() if key not in _OF_EVERY_MESSAGE},
    }


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
