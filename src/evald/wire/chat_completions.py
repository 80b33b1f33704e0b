"""Chat completions: what of a request is this server's, and how stored ones are asked for."""

from typing import Literal

from evald.wire.base import JsonObject, Metadata, OpenWireModel, UnixTime, WireModel
from evald.wire.pages import ListQuery


class CreateChatCompletionRequest(OpenWireModel):
    """The body of POST /chat/completions: all but `store` and `metadata` is the provider's."""

    model: str
    store: bool | None = None
    metadata: Metadata | None = None


class UpdateChatCompletionRequest(WireModel):
    """The body of POST /chat/completions/{completion_id}: nothing else of it ever changes."""

    metadata: Metadata | None


class ListChatCompletionsQuery(ListQuery):
    """The query of GET /chat/completions; `metadata[key]` stands beside it, for any key."""

    model: str | None = None


class StoredChatCompletion(OpenWireModel):
    """A stored chat completion, and whatever its provider said besides."""

    object: Literal["chat.completion"] = "chat.completion"
    id: str
    model: str
    created: UnixTime
    metadata: dict[str, str] | None


class StoredMessage(OpenWireModel):
    """A message that a stored chat completion answers; parts stand apart from a text."""

    id: str
    role: str
    content: str | None
    content_parts: list[JsonObject] | None
    name: str | None


class DeletedChatCompletion(WireModel):
    """The answer to DELETE /chat/completions/{completion_id}. Source: observed 2026-04."""

    object: Literal["chat.completion.deleted"] = "chat.completion.deleted"
    id: str
    deleted: bool = True
