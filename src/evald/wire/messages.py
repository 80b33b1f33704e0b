"""Messages of a template: a role and content parts, as they are sent and as they are echoed."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, JsonValue, model_validator

from evald.wire.base import OpenWireModel

Role = Literal["user", "assistant", "system", "developer", "tool"]


class InputText(OpenWireModel):
    """Text that goes to a model; `text` is the chat-completions spelling of the same part."""

    type: Literal["input_text", "text"]
    text: str


class OutputText(OpenWireModel):
    """Text that a model said before."""

    type: Literal["output_text"]
    text: str


class InputImage(OpenWireModel):
    """An image by URL (or data URL), or by the id of a file."""

    type: Literal["input_image"]
    image_url: str | None = None
    file_id: str | None = None
    detail: str | None = None


class ChatImage(OpenWireModel):
    """An image in the spelling of chat completions."""

    type: Literal["image_url"]
    image_url: dict[str, JsonValue]


class AudioData(OpenWireModel):
    """Base64 audio and its format (`wav`, `mp3`)."""

    data: str
    format: str


class InputAudio(OpenWireModel):
    """Audio that goes to a model."""

    type: Literal["input_audio"]
    input_audio: AudioData


class InputFile(OpenWireModel):
    """A file for a model: by id, by URL, or inline as a data URL."""

    type: Literal["input_file"]
    file_id: str | None = None
    file_url: str | None = None
    file_data: str | None = None
    filename: str | None = None


class ChatFile(OpenWireModel):
    """A file in the spelling of chat completions."""

    type: Literal["file"]
    file: dict[str, JsonValue]


ContentPart = Annotated[
    InputText | OutputText | InputImage | ChatImage | InputAudio | InputFile | ChatFile,
    Field(discriminator="type"),
]


def _part_for_string(content: object) -> object:
    return {"type": "input_text", "text": content} if isinstance(content, str) else content


def _parts_for_strings(content: object) -> object:
    if isinstance(content, list):
        return [_part_for_string(part) for part in content]
    return _part_for_string(content)


class EvalItem(OpenWireModel):
    """One message of a template, in the normalised form in which it is echoed.

    Content given as a string comes back as one `input_text` part, not as a list of one; a list is
    echoed as given, its bare strings as parts.

    Source: observed 2025-05 (string content); inferred (lists).
    """

    type: Literal["message"] = "message"
    role: Role
    content: Annotated[ContentPart | list[ContentPart], BeforeValidator(_parts_for_strings)]

    @model_validator(mode="before")
    @classmethod
    def _name_type(cls, message: object) -> object:
        # As if it had been given: what is echoed is what was set.
        return {"type": "message", **message} if isinstance(message, dict) else message
