"""What this server reads of requests that it passes on to a provider."""

from evald.wire.base import OpenWireModel

MODERATION_MODEL = "omni-moderation-latest"
"""Who moderates by default. Source: OpenAI's OpenAPI document, CreateModerationRequest."""


class ModelCall(OpenWireModel):
    """The body of a call that goes on as it came: who is called."""

    model: str


class ModerationCall(OpenWireModel):
    """The body of POST /moderations."""

    model: str | None = None
