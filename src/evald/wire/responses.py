"""Responses: what of a request concerns this server, and how stored ones are listed."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from evald.wire.base import Metadata, OpenWireModel, WireModel
from evald.wire.pages import ListQuery, Order


class CreateResponseRequest(OpenWireModel):
    """A request to a model. Its other fields go to the model's provider as they are.

    `model` may be missing where a `prompt` names one, which the default provider knows.
    """

    model: str | None = None
    store: bool | None = None
    stream: bool | None = None
    metadata: Metadata | None = None
    background: bool | None = None
    previous_response_id: str | None = None


class Response(OpenWireModel):
    """What a model answered; its other fields are as the provider gave them."""

    id: str
    object: Literal["response"] = "response"


class DeletedResponse(WireModel):
    """That a response is gone. Source: OpenAI's reference (the document gives no body)."""

    id: str
    object: Literal["response"] = "response"
    deleted: bool = True


class InputItem(OpenWireModel):
    """An item of a response's input."""

    id: str
    type: str


def _whole(value: object) -> object:
    is_number = isinstance(value, str) and value.isascii() and value.isdecimal()
    return int(str(value)[:20]) if is_number else value


Second = Annotated[int, Field(ge=0, lt=2**53), BeforeValidator(_whole)]
"""Unix seconds, in a query."""


class ListResponsesQuery(ListQuery):
    """The query of GET /evald/responses; `metadata[key]` stands beside it, for any key.

    Both bounds of the time belong to what is listed. The newest come first unless asked otherwise.
    """

    order: Order = "desc"
    model: str | None = None
    created_after: Second | None = None
    created_before: Second | None = None


class GetResponseQuery(WireModel):
    """The query of GET /responses/{response_id}; the rest of it is for the provider."""

    stream: Literal["true", "false"] | None = None


class ListInputItemsQuery(ListQuery):
    """The query of GET /responses/{response_id}/input_items.

    Source: OpenAI's reference (the default order, which the document leaves open).
    """

    order: Order = "desc"
