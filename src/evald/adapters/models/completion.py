"""Answers in the shape of the model APIs, made from nothing but a text."""

from typing import assert_never

from pydantic import JsonValue

from evald.ports.clock import Clock
from evald.ports.model import ModelRequest


def answer_body(request: ModelRequest, text: str, clock: Clock) -> dict[str, JsonValue]:
    """What a model that says `text` answers with, by the API that was asked; no tokens counted.

    As embeddings, all texts have one and the same vector: it has no words for a number.
    """
    match request.api:
        case "chat_completions":
            return _chat_completion(request.model, text, clock)
        case "responses":
            return _response(request.model, text, clock)
        case "embeddings":
            return _embeddings(request)
        case _:
            assert_never(request.api)


def _chat_completion(model: str, text: str, clock: Clock) -> dict[str, JsonValue]:
    return {
        "id": f"chatcmpl-{clock.new_uuid()}",
        "object": "chat.completion",
        "created": clock.now(),
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    }


def _response(model: str, text: str, clock: Clock) -> dict[str, JsonValue]:
    return {
        "id": f"resp_{clock.new_uuid()}",
        "object": "response",
        "created_at": clock.now(),
        "status": "completed",
        "error": None,
        "model": model,
        "output": [
            {
                "id": f"msg_{clock.new_uuid()}",
                "type": "message",
                "status": "completed",
                "role": "assistant",
                "content": [{"type": "output_text", "text": text, "annotations": []}],
            }
        ],
        "usage": {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0},
    }


def _embeddings(request: ModelRequest) -> dict[str, JsonValue]:
    texts = request.body.get("input")
    count = len(texts) if isinstance(texts, list) else 1
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": [1.0]} for index in range(count)
        ],
        "model": request.model,
        "usage": {"prompt_tokens": 0, "total_tokens": 0},
    }
