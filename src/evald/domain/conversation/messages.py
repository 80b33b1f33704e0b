"""Message lists in the shape of the API that is asked, whichever API's shape they came in."""

from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.conversation.parts import Part, chat_content, response_content, without_nulls
from evald.domain.conversation.tool_calls import chat_call, response_call

# What the other API has in a message, and an answer has in its message: refused in a request.
_NOT_IN_CHAT = frozenset({"type", "id", "status", "phase", "content_parts", "annotations"})
_NOT_IN_RESPONSES = frozenset(
    {
        "tool_calls",
        "tool_call_id",
        "function_call",
        "refusal",
        "audio",
        "name",
        "content_parts",
        "annotations",
        "type",
        "id",
    }
)


class MessagesUnusable(Exception):
    """What a row offers as messages cannot be sent; the message says why."""


def message_list(value: JsonValue) -> list[JsonValue]:
    """The messages that a row's value stands for.

    A list is one already; a message alone is a list of one; text is one user's message, unless it
    is the JSON of a message list.

    Raises:
        MessagesUnusable: the value is something else, or an empty list.
    Source: documented (lists); the rest is ours, to take whatever can be made to work.
    """
    if isinstance(value, str):
        return _encoded_list(value) or [{"role": "user", "content": value}]
    if isinstance(value, dict) and "role" in value:
        return [value]
    if not isinstance(value, list):
        raise MessagesUnusable("the value is neither a list of messages nor text")
    if not value:
        raise MessagesUnusable("the list is empty")
    return value


def _encoded_list(text: str) -> list[JsonValue] | None:
    if not text.lstrip().startswith("["):
        return None
    try:
        value = exact_json.parse(text)
    except ValueError:
        return None
    messages = value if isinstance(value, list) else []
    # A user may well ask about a JSON list: only one of messages is meant as such.
    entries = [
        each for each in messages if isinstance(each, dict) and ("role" in each or "type" in each)
    ]
    spoken = any("role" in entry for entry in entries)
    return messages if spoken and len(entries) == len(messages) else None


def chat_messages(messages: list[JsonValue]) -> list[JsonValue]:
    """The messages as chat completions take them.

    Function calls of Responses become `tool_calls` of the assistant's message before them, and
    their outputs messages of the role `tool`. Reasoning is left out: chat completions carry none.

    Raises:
        MessagesUnusable: an entry is no message, or an item that chat completions cannot carry.
    """
    chat: list[dict[str, JsonValue]] = []
    for place, message in enumerate(messages):
        entry = _object(message, place)
        match kind := _kind(entry, place):
            case "message":
                chat.append(_chat_message(entry, place))
            case "function_call":
                _add_call(chat, chat_call(entry))
            case "function_call_output":
                content = chat_content(_parts(entry.get("output"), place))
                call_id = entry.get("call_id")
                chat.append({"role": "tool", "tool_call_id": call_id, "content": content})
            case "reasoning":
                continue
            case _:
                raise MessagesUnusable(
                    f"entry {place} is of type '{kind}', which chat completions cannot carry"
                )
    return list(chat)


def response_items(messages: list[JsonValue]) -> list[JsonValue]:
    """The messages as input items of Responses.

    `tool_calls` become items of their own after their message, and messages of the role `tool`
    become `function_call_output`. What is no message is an item already, and stays as it is.

    Raises:
        MessagesUnusable: an entry is no message, or calls what is not a function.
    """
    items: list[JsonValue] = []
    for place, message in enumerate(messages):
        entry = _object(message, place)
        if _kind(entry, place) == "message":
            items += _message_items(entry, place)
        else:
            items.append(entry)
    return items


def _object(message: JsonValue, place: int) -> dict[str, JsonValue]:
    if not isinstance(message, dict):
        raise MessagesUnusable(f"entry {place} is not an object")
    return message


def _kind(entry: dict[str, JsonValue], place: int) -> str:
    if isinstance(entry.get("role"), str):
        return "message"
    kind = entry.get("type")
    if not isinstance(kind, str) or kind == "message":
        raise MessagesUnusable(f"entry {place} has no role")
    return kind


def _parts(content: JsonValue, place: int) -> list[Part]:
    if content is None:
        return []
    given: list[JsonValue] = content if isinstance(content, list) else [content]
    parts = [part for part in given if isinstance(part, str | dict)]
    if len(parts) < len(given):
        raise MessagesUnusable(f"the content of entry {place} is neither text nor content parts")
    return parts


def _message_parts(entry: dict[str, JsonValue], place: int) -> list[Part]:
    parts = _parts(entry.get("content"), place)
    # An assistant may have called tools, or refused, without a word.
    if not parts and entry["role"] != "assistant":
        raise MessagesUnusable(f"entry {place} has no content")
    return parts


def _chat_message(entry: dict[str, JsonValue], place: int) -> dict[str, JsonValue]:
    parts = _message_parts(entry, place)
    # Providers refuse an empty `tool_calls`, and a null content without any.
    said = {k: v for k, v in without_nulls(entry).items() if k not in _NOT_IN_CHAT and v != []}
    silent = None if "tool_calls" in said else ""
    content = chat_content(parts) if parts else silent
    return {"role": entry["role"], **said, "content": content}


def _add_call(chat: list[dict[str, JsonValue]], call: JsonValue) -> None:
    if not chat or chat[-1]["role"] != "assistant":
        chat.append({"role": "assistant", "content": None})
    before = chat[-1].get("tool_calls")
    chat[-1]["tool_calls"] = [*before, call] if isinstance(before, list) else [call]


def _message_items(entry: dict[str, JsonValue], place: int) -> list[JsonValue]:
    if entry.get("type") == "message" and "id" in entry:
        return [entry]
    role, parts = str(entry["role"]), _message_parts(entry, place)
    content = response_content(parts, role=role)
    if role == "tool":
        call_id = entry.get("tool_call_id")
        return [{"type": "function_call_output", "call_id": call_id, "output": content}]
    if not parts and isinstance(entry.get("refusal"), str):
        content = [{"type": "refusal", "refusal": entry["refusal"]}]
    kept = {k: v for k, v in without_nulls(entry).items() if k not in _NOT_IN_RESPONSES}
    called = _called_items(entry.get("tool_calls"), place)
    message: JsonValue = {**kept, "content": content}
    return [message, *called] if content != [] else called


def _called_items(calls: JsonValue, place: int) -> list[JsonValue]:
    items: list[JsonValue] = []
    for call in calls if isinstance(calls, list) else []:
        item = response_call(call) if isinstance(call, dict) else None
        if item is None:
            raise MessagesUnusable(f"entry {place} calls a tool that is not a function")
        items.append(item)
    return items
