"""Messages of GenAI spans by the current conventions, as chat completions have them.

Source: OpenTelemetry, semantic conventions for generative AI 1.37 to 1.41, the schemas of
`gen_ai.input.messages`, `gen_ai.output.messages` and `gen_ai.system_instructions`.
"""

from collections.abc import Sequence

from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.telemetry.attributes import decoded

Message = dict[str, JsonValue]

_FINISHES = {
    "tool_call": "tool_calls",
    "tool_use": "tool_calls",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "safety": "content_filter",
}
"""What other providers call the reasons for which chat completions have a word."""

_ROLES = {"human": "user", "ai": "assistant", "model": "assistant"}
"""What some frameworks and providers call the roles of chat completions."""

_AUDIO = {"audio/wav": "wav", "audio/x-wav": "wav", "audio/mpeg": "mp3", "audio/mp3": "mp3"}


def chat_input(instructions: JsonValue, messages: JsonValue) -> list[Message]:
    """The messages that were sent, what the system was told before them.

    Answers of tools become messages of the role `tool`, each its own. Reasoning, and parts that
    chat completions have none for, are left out.
    """
    found: list[Message] = []
    told = _content(_objects(decoded(instructions)))
    if told not in ("", None):
        found.append({"role": "system", "content": told})
    for each in _objects(decoded(messages)):
        found += _sent(each)
    return found


def chat_choices(messages: JsonValue, finish_reasons: JsonValue) -> list[JsonValue]:
    """The choices that came back, one a message; reasons that they do not say stand apart."""
    apart = finish_reasons if isinstance(finish_reasons, list) else [finish_reasons]
    choices: list[JsonValue] = []
    for number, each in enumerate(_objects(decoded(messages))):
        message = _said(each)
        reason = each.get("finish_reason") or (apart[number] if number < len(apart) else None)
        choices.append(choice(number, message, reason))
    return choices


def choice(number: int, message: Message, finish_reason: JsonValue) -> JsonValue:
    """A choice of a chat completion; a reason that nobody gave follows from the message."""
    told = finish_reason.lower() if isinstance(finish_reason, str) else ""
    supposed = "tool_calls" if message.get("tool_calls") else "stop"
    return {
        "index": number,
        "message": message,
        "logprobs": None,
        "finish_reason": _FINISHES.get(told, told) or supposed,
    }


def call_of(call_id: JsonValue, name: JsonValue, arguments: JsonValue) -> JsonValue:
    """An entry of `tool_calls`; arguments that are no text become one."""
    given = "{}" if arguments is None else arguments
    return {
        "id": call_id if isinstance(call_id, str) else "",
        "type": "function",
        "function": {
            "name": name if isinstance(name, str) else "",
            "arguments": given if isinstance(given, str) else exact_json.dump(given),
        },
    }


def chat_tools(definitions: JsonValue) -> list[JsonValue]:
    """The functions that were offered, as chat completions have them; other tools are left out."""
    tools: list[JsonValue] = []
    for each in _objects(decoded(definitions)):
        inner = each.get("function")
        if isinstance(inner, dict):
            tools.append({"type": "function", "function": inner})
        elif each.get("type", "function") == "function" and isinstance(each.get("name"), str):
            named = {key: value for key, value in each.items() if key != "type"}
            tools.append({"type": "function", "function": named})
    return tools


def plain_message(message: Message, role: str = "user") -> Message:
    """A message that has no parts, but a `content` and `tool_calls` as chat completions have them.

    Args:
        message: the message.
        role: whose it is where it does not say.
    """
    plain: Message = {
        "role": _role(message, role),
        "content": _plain_content(message.get("content")),
    }
    calls = [_plain_call(each) for each in _objects(decoded(message.get("tool_calls")))]
    if calls:
        plain["tool_calls"] = calls
    if plain["role"] == "tool":
        plain["tool_call_id"] = message.get("tool_call_id", message.get("id")) or ""
    if plain["content"] is None and plain["role"] != "assistant":
        plain["content"] = ""
    return plain


def _plain_content(content: JsonValue) -> JsonValue:
    parts = decoded(content)
    if isinstance(parts, list) and parts and len(_typed(parts)) == len(parts):
        return _content(_typed(parts))
    return content if content is None or isinstance(content, str) else exact_json.dump(content)


def _typed(parts: list[JsonValue]) -> list[Message]:
    return [each for each in parts if isinstance(each, dict) and isinstance(each.get("type"), str)]


def _plain_call(call: Message) -> JsonValue:
    inner = call.get("function")
    function = inner if isinstance(inner, dict) else call
    return call_of(call.get("id"), function.get("name"), function.get("arguments"))


def _objects(value: JsonValue) -> list[Message]:
    if isinstance(value, str):
        return [{"type": "text", "content": value}] if value else []
    given = value if isinstance(value, list) else [value]
    return [each for each in given if isinstance(each, dict)]


def _sent(message: Message) -> list[Message]:
    if not isinstance(message.get("parts"), list):
        return [plain_message(message)]
    parts = _objects(message["parts"])
    answers = [_answer_of_tool(each) for each in parts if each.get("type") == "tool_call_response"]
    if answers:
        return answers
    role = _role(message, "user")
    if role == "assistant":
        return [_said(message)]
    named = {"name": message["name"]} if isinstance(message.get("name"), str) else {}
    content = _content(parts)
    return [{"role": role, "content": content, **named}]


def _role(message: Message, supposed: str) -> str:
    own = message.get("role")
    told = own.lower() if isinstance(own, str) and own else supposed
    return _ROLES.get(told, told)


def _answer_of_tool(part: Message) -> Message:
    # The schema says `response`, and examples beside it `result`.
    response = part.get("response", part.get("result"))
    call_id = part.get("id")
    return {
        "role": "tool",
        "tool_call_id": call_id if isinstance(call_id, str) else "",
        "content": response if isinstance(response, str) else exact_json.dump(response),
    }


def _said(message: Message) -> Message:
    """What a model said."""
    if not isinstance(message.get("parts"), list):
        return {**plain_message(message, "assistant"), "role": "assistant"}
    parts = _objects(message["parts"])
    calls = [
        call_of(each.get("id"), each.get("name"), each.get("arguments"))
        for each in parts
        if each.get("type") == "tool_call"
    ]
    texts = [each for each in parts if each.get("type") == "text"]
    content = "".join(_text(each) or "" for each in texts) if texts else None
    said: Message = {"role": "assistant", "content": content}
    return {**said, "tool_calls": calls} if calls else said


def _content(parts: Sequence[Message]) -> JsonValue:
    """The parts as a content: text alone is a string."""
    found = [part for part in map(_part, parts) if part is not None]
    if all(each["type"] == "text" for each in found):
        return "\n".join(str(each["text"]) for each in found)
    return list(found)


def _text(part: Message) -> str | None:
    text = part.get("content", part.get("text"))
    return text if isinstance(text, str) else None


def _part(part: Message) -> Message | None:
    match part.get("type"):
        case "text":
            text = _text(part)
            return None if text is None else {"type": "text", "text": text}
        case "image_url" | "input_audio" | "refusal":
            return part
        case "blob" if isinstance(part.get("content"), str):
            return _blob(part, str(part["content"]))
        case "uri" | "file_data" if isinstance(part.get("uri"), str):
            return _by_uri(part, str(part["uri"]))
        case "file" | "file_data" if isinstance(part.get("file_id"), str):
            return _by_id(part, str(part["file_id"]))
        case "file" if isinstance(part.get("file"), dict):
            return part
        case _:
            return None


def _by_uri(part: Message, uri: str) -> Message:
    if part.get("modality", "image") == "image":
        return {"type": "image_url", "image_url": {"url": uri}}
    return {"type": "text", "text": uri}


def _by_id(part: Message, file_id: str) -> Message:
    if part.get("modality") == "image":
        return {"type": "input_image", "file_id": file_id}
    return {"type": "file", "file": {"file_id": file_id}}


def _blob(part: Message, content: str) -> Message:
    kind = part.get("mime_type")
    media = kind if isinstance(kind, str) else "application/octet-stream"
    if media in _AUDIO:
        return {"type": "input_audio", "input_audio": {"data": content, "format": _AUDIO[media]}}
    url = f"data:{media};base64,{content}"
    if part.get("modality") == "image" or media.startswith("image/"):
        return {"type": "image_url", "image_url": {"url": url}}
    return {"type": "file", "file": {"filename": "file", "file_data": url}}
