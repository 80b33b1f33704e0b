"""What row a log makes: its item, for templates and messages, and its sample, for graders."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.conversation.flatten import flatten_content
from evald.domain.logs.terms import LogKind

Json = dict[str, JsonValue]

_OF_A_LIST = frozenset({"id", "content_parts"})
"""What a stored message has beyond the one that was asked."""

_INSTRUCTING = ("system", "developer")


class LogUnusable(Exception):
    """A log makes no row; the message says why."""


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """A log as rows are made of it: what was asked, where that is known, and the answer.

    `messages` are those of an imported completion, of which no `request` is known.
    """

    id: str
    kind: LogKind
    model: str
    metadata: Mapping[str, str]
    request: Json
    body: Json
    messages: Sequence[Json] = ()


def read_json(text: str | None) -> Json:
    """The object that this text of a log is; none at all is an empty one.

    Raises:
        LogUnusable: it is no JSON object.
    """
    if text is None:
        return {}
    try:
        value = exact_json.parse(text)
    except ValueError as problem:
        raise LogUnusable(f"it cannot be read: {problem}") from None
    if not isinstance(value, dict):
        raise LogUnusable("it holds no JSON object")
    return value


def row_of_call(call: LoggedCall) -> Json:
    """The row: the item is what was asked, the sample what was answered.

    The item has `input`, a list of messages, beside `id`, `model`, `metadata` and, where there are
    any, `tools`; that of a response has its `instructions` too. The sample is the stored body,
    with the tools that were offered as `input_tools`.

    Source: observed 2025 (`item.input`, `sample.output_text`); the rest is ours.
    """
    item: Json = {"input": [*_input(call)], "id": call.id, "model": call.model}
    item["metadata"] = dict(call.metadata)
    instructions = _instructions(call)
    if instructions is not None:
        item["instructions"] = instructions
    tools = _given(call, "tools")
    if not isinstance(tools, list) or not tools:
        return {"item": item, "sample": call.body}
    return {"item": {**item, "tools": tools}, "sample": {**call.body, "input_tools": tools}}


def instructs(call: LoggedCall, search: str) -> bool:
    """Whether the text stands, in whatever case, in the instructions or a system's message."""
    wanted = search.casefold()
    return any(wanted in text.casefold() for text in _instructing_texts(call))


def _input(call: LoggedCall) -> Iterator[JsonValue]:
    match call.kind:
        case "chat_completion":
            messages = call.request.get("messages")
            yield from messages if isinstance(messages, list) else map(_asked, call.messages)
        case "response":
            yield from _response_input(call)
        case _:
            assert_never(call.kind)


def _response_input(call: LoggedCall) -> Iterator[JsonValue]:
    instructions = _instructions(call)
    if isinstance(instructions, list):
        yield from instructions
    elif instructions is not None:
        yield {"role": "system", "content": instructions}
    given = call.request.get("input")
    if isinstance(given, list):
        yield from given
    elif isinstance(given, str):
        yield {"role": "user", "content": given}


def _instructions(call: LoggedCall) -> str | list[JsonValue] | None:
    if call.kind != "response":
        return None
    instructions = _given(call, "instructions")
    return instructions if isinstance(instructions, str | list) and instructions else None


def _given(call: LoggedCall, key: str) -> JsonValue:
    """What was asked; a stored object tells it too, which alone is known of what was imported."""
    value = call.request.get(key)
    return call.body.get(key) if value is None else value


def _asked(message: Json) -> Json:
    """A stored message as it was asked: its parts stand apart from its text there."""
    asked = {k: v for k, v in message.items() if k not in _OF_A_LIST and v is not None}
    parts = message.get("content_parts")
    return {**asked, "content": parts or message.get("content")}


def _instructing_texts(call: LoggedCall) -> Iterator[str]:
    for message in _input(call):
        if isinstance(message, dict) and message.get("role") in _INSTRUCTING:
            yield flatten_content(message.get("content"))
