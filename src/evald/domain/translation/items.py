"""The items of a response's output, made of what a chat completion says."""

from collections.abc import Iterable

from pydantic import JsonValue

from evald.domain.conversation.reading import objects, text_or_empty
from evald.domain.conversation.tool_calls import response_call
from evald.domain.translation.frame import Frame

REASONING_KEYS = ("reasoning_content", "reasoning")
"""Where providers put what a model thought: vLLM, DeepSeek and others; OpenAI gives none."""

_DONE = "completed"
_PREFIXES = {"message": "msg", "reasoning": "rs", "function_call": "fc"}


def text_part(text: str, logprobs: list[JsonValue]) -> dict[str, JsonValue]:
    """A part of a message that is text, each token with its log probability where it is known."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": logprobs}


def refusal_part(refusal: str) -> dict[str, JsonValue]:
    """A part of a message by which the model refuses."""
    return {"type": "refusal", "refusal": refusal}


def reasoning_part(text: str) -> dict[str, JsonValue]:
    """A part of what the model thought."""
    return {"type": "reasoning_text", "text": text}


def message_item(item_id: str, status: str, content: list[JsonValue]) -> dict[str, JsonValue]:
    """A message of the assistant's."""
    return {
        "id": item_id,
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": content,
    }


def reasoning_item(item_id: str, status: str, content: list[JsonValue]) -> dict[str, JsonValue]:
    """What the model thought; nothing of it is encrypted or summed up."""
    return {
        "id": item_id,
        "type": "reasoning",
        "status": status,
        "summary": [],
        "content": content,
        "encrypted_content": None,
    }


def call_item(item_id: str, status: str, call: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The call of a function; a call without an id of its own gets one made of the item's."""
    return {
        "id": item_id,
        "type": "function_call",
        "status": status,
        "call_id": text_or_empty(call.get("call_id")) or f"call_{item_id}",
        "name": call.get("name"),
        "arguments": call.get("arguments"),
    }


def id_of(frame: Frame, kind: str, index: int) -> str:
    """The id of an item of this kind at this place of the output."""
    return frame.item_id(_PREFIXES[kind], index)


def output_items(
    frame: Frame, choice: dict[str, JsonValue], text: str, *, status: str
) -> list[JsonValue]:
    """The output that a choice comes to: what was thought, what was said, then the calls.

    Nothing is made of an empty text. Calls that are of no function are left out. Only the last item
    can be incomplete: the others were done before it began.

    Args:
        frame: of the response.
        choice: of a chat completion.
        text: what its message says.
        status: of the last item, `completed` or `incomplete`.
    """
    message = choice.get("message")
    said = message if isinstance(message, dict) else {}
    items: list[dict[str, JsonValue]] = []
    if thought := first_text(said, REASONING_KEYS):
        item_id = id_of(frame, "reasoning", 0)
        items.append(reasoning_item(item_id, _DONE, [reasoning_part(thought)]))
    parts: list[JsonValue] = [text_part(text, logprobs_of(choice))] if text else []
    if refusal := text_or_empty(said.get("refusal")):
        parts.append(refusal_part(refusal))
    if parts:
        items.append(message_item(id_of(frame, "message", len(items)), _DONE, parts))
    for call in filter(None, map(response_call, objects(said.get("tool_calls")))):
        items.append(call_item(id_of(frame, "function_call", len(items)), _DONE, call))
    if items:
        items[-1]["status"] = status
    return [*items]


def logprobs_of(choice: dict[str, JsonValue]) -> list[JsonValue]:
    """The log probabilities of the tokens of a choice's text; none where none were asked for."""
    logprobs = choice.get("logprobs")
    return [*objects(logprobs.get("content"))] if isinstance(logprobs, dict) else []


def first_text(value: dict[str, JsonValue], keys: Iterable[str]) -> str:
    """The first of these fields that is a text and not empty; else nothing."""
    return next((text for key in keys if (text := text_or_empty(value.get(key)))), "")
