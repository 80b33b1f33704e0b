"""Content parts of a message, in the spelling of chat completions and in that of Responses."""

from pydantic import JsonValue

Part = str | dict[str, JsonValue]
"""One part of a content; a bare string is a part of text."""

# A tuple, as what an answer has for a type may be anything, and not everything can be hashed.
TEXT_TYPES = ("text", "input_text", "output_text")

# What Responses says about a text that a model gave; chat completions refuse it in a request.
_SAID_OF_TEXT = frozenset({"annotations", "logprobs"})


def chat_content(parts: list[Part]) -> JsonValue:
    """The parts as chat completions take them; a text part alone becomes a string.

    What chat completions have no part for (an image by file id) goes on as it is, so that the
    provider says what it thinks of it.
    """
    return _text_alone([_chat_part(part) for part in parts], "text")


def response_content(parts: list[Part], *, role: str) -> JsonValue:
    """The parts as Responses takes them; a text part alone becomes a string.

    Args:
        role: whose message it is; what an assistant said is `output_text`, the rest `input_text`.
    """
    text_type = "output_text" if role == "assistant" else "input_text"
    return _text_alone([_response_part(part, text_type) for part in parts], text_type)


def without_nulls(given: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The object without its null fields, which say nothing, and which providers may refuse."""
    return {key: value for key, value in given.items() if value is not None}


def _text_alone(content: list[JsonValue], text_type: str) -> JsonValue:
    part = content[0] if len(content) == 1 else None
    if isinstance(part, dict) and part.keys() == {"type", "text"} and part["type"] == text_type:
        return part["text"]
    return content


def _chat_part(given: Part) -> JsonValue:
    if isinstance(given, str):
        return {"type": "text", "text": given}
    part = without_nulls(given)
    match part.get("type"):
        case "text" | "input_text" | "output_text":
            said = {key: value for key, value in part.items() if key not in _SAID_OF_TEXT}
            return {**said, "type": "text"}
        case "input_image" | "image_url":
            return _chat_image(part)
        case "input_file":
            del part["type"]
            return {"type": "file", "file": part}
        case _:
            return part


def _chat_image(part: dict[str, JsonValue]) -> JsonValue:
    image = part.get("image_url")
    if isinstance(image, str):
        detail = {"detail": part["detail"]} if "detail" in part else {}
        return {"type": "image_url", "image_url": {"url": image, **detail}}
    return {"type": "image_url", "image_url": image} if isinstance(image, dict) else part


def _response_part(given: Part, text_type: str) -> JsonValue:
    if isinstance(given, str):
        return {"type": text_type, "text": given}
    part = without_nulls(given)
    match part.get("type"):
        case "text" | "input_text" | "output_text":
            return {**part, "type": text_type}
        case "input_image" | "image_url":
            return _response_image(part)
        case "file":
            file = part.get("file")
            return {"type": "input_file", **file} if isinstance(file, dict) else part
        case _:
            return part


def _response_image(part: dict[str, JsonValue]) -> JsonValue:
    image = part.get("image_url")
    if not isinstance(image, dict):
        return {**part, "type": "input_image"}
    detail = {"detail": image["detail"]} if image.get("detail") is not None else {}
    return {"type": "input_image", "image_url": image.get("url"), **detail}
