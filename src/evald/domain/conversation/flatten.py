"""Messages as an output item shows them: every content one string."""

from pydantic import JsonValue

from evald.domain.conversation.parts import TEXT_TYPES
from evald.domain.conversation.reading import text_or_empty
from evald.domain.conversation.tool_calls import chat_call, is_call
from evald.domain.template import render


def flatten_messages(messages: JsonValue) -> list[JsonValue]:
    """The messages of a request, of either API, with their contents flattened.

    Items of Responses that are no messages are shown like chat messages; of those that a chat
    message cannot show, the type is (`<reasoning>`).
    """
    if not isinstance(messages, list):
        return []
    return [_flat_message(each) for each in messages if isinstance(each, dict)]


def flatten_content(content: JsonValue) -> str:
    """The content as one string: parts joined by a space, `<image>URL</image>` for an image.

    Audio is only marked, `<audio>`: its base64 would be kept a second time for nothing.

    Source: observed 2025-07 (text, image); audio and files are ours.
    """
    if isinstance(content, str):
        return content
    if content is None:
        return ""
    parts = content if isinstance(content, list) else [content]
    return " ".join([_flat_part(part) for part in parts])


def _flat_message(message: dict[str, JsonValue]) -> JsonValue:
    role = message.get("role")
    if not isinstance(role, str):
        return _flat_item(message)
    flat: dict[str, JsonValue] = {
        "role": role,
        "content": flatten_content(message.get("content")),
    }
    for key in ("tool_calls", "tool_call_id"):
        if message.get(key) is not None:
            flat[key] = message[key]
    return flat


def _flat_item(item: dict[str, JsonValue]) -> JsonValue:
    if is_call(item):
        return {"role": "assistant", "content": "", "tool_calls": [chat_call(item)]}
    if item.get("type") == "function_call_output":
        content = flatten_content(item.get("output"))
        return {"role": "tool", "content": content, "tool_call_id": item.get("call_id")}
    return {"role": "assistant", "content": f"<{item.get('type')}>"}


def _flat_part(part: JsonValue) -> str:
    if not isinstance(part, dict):
        return render(part)
    kind = part.get("type")
    if kind in TEXT_TYPES:
        return render(part.get("text", ""))
    match kind:
        case "image_url" | "input_image":
            return f"<image>{_image_name(part)}</image>"
        case "file":
            return f"<file>{_file_name(part.get('file'))}</file>"
        case "input_file":
            return f"<file>{_file_name(part)}</file>"
        case "input_audio":
            return "<audio>"
        case "refusal":
            return render(part.get("refusal", ""))
        case _:
            return f"<{render(kind)}>"


def _image_name(part: dict[str, JsonValue]) -> str:
    image = part.get("image_url")
    if isinstance(image, dict):
        image = image.get("url")
    return text_or_empty(image) or text_or_empty(part.get("file_id"))


def _file_name(file: JsonValue) -> str:
    if not isinstance(file, dict):
        return ""
    for key in ("filename", "file_id", "file_url"):
        if name := text_or_empty(file.get(key)):
            return name
    return ""
