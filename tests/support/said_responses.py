"""Responses and chat completions as a provider says them, whole and in pieces."""

import itertools
import json
from collections.abc import Callable
from typing import Any

from tests.support.raw_server import Request
from tests.support.scripted_provider import EVENTS, Reply, Step, json_reply, stream_reply

_numbers = itertools.count(1)

USAGE = {
    "input_tokens": 5,
    "input_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 0},
    "output_tokens": 3,
    "output_tokens_details": {"reasoning_tokens": 1},
    "total_tokens": 8,
}


def new_id(prefix: str = "resp") -> str:
    """An id that no other response has."""
    return f"{prefix}_{next(_numbers):016x}"


def asked_of(request: Request) -> Any:
    """What a request asks."""
    return json.loads(request.body)


def message(text: str, **changes: Any) -> dict[str, Any]:
    """An output item that says this."""
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {
        "id": new_id("msg"),
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [part],
        **changes,
    }


def response(request: Request, *output: Any, **changes: Any) -> dict[str, Any]:
    """The response to a request, as the hosted service echoes it, with a field that none knows."""
    asked = asked_of(request)
    return {
        "id": new_id(),
        "object": "response",
        "created_at": 1_750_000_000,
        "status": "completed",
        "background": asked.get("background", False),
        "error": None,
        "incomplete_details": None,
        "instructions": asked.get("instructions"),
        "metadata": asked.get("metadata") or {},
        "model": asked["model"],
        "output": list(output),
        "parallel_tool_calls": True,
        "previous_response_id": asked.get("previous_response_id"),
        "store": asked.get("store", True),
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": asked.get("tools", []),
        "top_p": 0.98,
        "usage": USAGE,
        "unheard_of": 0.10,
        **changes,
    }


def answering(*output: Any, **changes: Any) -> Callable[[Request], Reply]:
    """A provider's reply of this output, streamed where that is asked for."""

    def reply(request: Request) -> Reply:
        whole = response(request, *output, **changes)
        return streamed(whole) if asked_of(request).get("stream") else json_reply(whole)

    return reply


def streamed(whole: dict[str, Any], *, end: Step | None = None) -> Reply:
    """The response as a stream; with `end`, that instead of its last event."""
    begun = {**whole, "status": "in_progress", "output": [], "usage": None}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
    ]
    for index, item in enumerate(whole["output"]):
        events += _told(item, index)
    if end is None:
        events.append({"type": f"response.{whole['status']}", "response": whole})
    numbered = [{**each, "sequence_number": number} for number, each in enumerate(events)]
    steps: list[Step] = [
        f"event: {each['type']}\ndata: {json.dumps(each)}\n\n".encode() for each in numbered
    ]
    return Reply([*steps, *([] if end is None else [end])], headers=dict(EVENTS))


def _told(item: dict[str, Any], index: int) -> list[dict[str, Any]]:
    begun = {**item, "status": "in_progress", "content": []}
    at = {"item_id": item["id"], "output_index": index, "content_index": 0}
    events: list[dict[str, Any]] = [
        {"type": "response.output_item.added", "output_index": index, "item": begun}
    ]
    for part in item.get("content", []):
        events.append({"type": "response.content_part.added", **at, "part": {**part, "text": ""}})
        events += [
            {"type": "response.output_text.delta", **at, "delta": piece, "logprobs": []}
            for piece in (part["text"][:2], part["text"][2:])
        ]
        said = {"text": part["text"], "logprobs": []}
        events.append({"type": "response.output_text.done", **at, **said})
        events.append({"type": "response.content_part.done", **at, "part": part})
    return [*events, {"type": "response.output_item.done", "output_index": index, "item": item}]


def completing(text: str | None, **said: Any) -> Callable[[Request], Reply]:
    """A provider's reply with a chat completion that says this, streamed where that is asked."""

    def reply(request: Request) -> Reply:
        head = {"id": new_id("chatcmpl"), "created": 1_750_000_000, "model": "chat-2025-01-01"}
        reason = said.get("finish_reason", "tool_calls" if "tool_calls" in said else "stop")
        words = {"role": "assistant", "content": text}
        words |= {key: value for key, value in said.items() if key != "finish_reason"}
        usage = {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}
        if not asked_of(request).get("stream"):
            choice = {"index": 0, "message": words, "finish_reason": reason}
            whole = {**head, "object": "chat.completion", "choices": [choice], "usage": usage}
            return json_reply(whole)
        deltas = [*_deltas(words), ({}, reason)]
        chunks = [
            {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": end}]}
            for delta, end in deltas
        ]
        return stream_reply(*chunks, {**head, "choices": [], "usage": usage})

    return reply


def _deltas(words: dict[str, Any]) -> list[tuple[dict[str, Any], str | None]]:
    text = words["content"] or ""
    pieces = [text[:2], text[2:]] if text else []
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": piece} for piece in pieces]
    deltas += [
        {"tool_calls": [{"index": index, **call}]}
        for index, call in enumerate(words.get("tool_calls", []))
    ]
    return [(delta, None) for delta in deltas]
