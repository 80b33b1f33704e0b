"""Webhooks: endpoints, what is delivered to them, and the log of it."""

from typing import Annotated, Literal

from pydantic import Field

from evald.wire.base import UnixTime, WireModel

EventType = Literal["eval.run.succeeded", "eval.run.failed", "eval.run.canceled"]
"""What happened. Source: OpenAI's OpenAPI document."""

EVERY_EVENT: tuple[EventType, ...] = ("eval.run.succeeded", "eval.run.failed", "eval.run.canceled")

MAX_URL = 2_048


class CreateWebhookRequest(WireModel):
    """An endpoint to be told of runs that end. Without `events`, it is told of all of them."""

    url: Annotated[str, Field(min_length=1, max_length=MAX_URL)]
    events: Annotated[list[EventType], Field(min_length=1)] | None = None


class Webhook(WireModel):
    """An endpoint."""

    object: Literal["webhook"] = "webhook"
    id: str
    url: str
    events: list[EventType]
    created_at: UnixTime


class CreatedWebhook(Webhook):
    """An endpoint just made, with the secret that its deliveries are signed with.

    The secret is shown this once.
    """

    secret: str


class DeletedWebhook(WireModel):
    """Says that an endpoint is gone, and what was still to be delivered to it with it."""

    object: Literal["webhook.deleted"] = "webhook.deleted"
    id: str
    deleted: bool = True


DeliveryStatus = Literal["pending", "delivered", "failed"]


class WebhookDelivery(WireModel):
    """One event on its way to one endpoint.

    `attempts` were made so far; `last_status` is the HTTP status of the last of them, null where
    there was none, and `last_error` why it failed. `next_attempt_at` is null once the delivery has
    ended.
    """

    object: Literal["webhook.delivery"] = "webhook.delivery"
    id: str
    webhook_id: str
    event_id: str
    type: EventType
    run_id: str
    status: DeliveryStatus
    attempts: int
    created_at: UnixTime
    last_attempt_at: UnixTime | None
    last_status: int | None
    last_error: str | None
    next_attempt_at: UnixTime | None


class EventData(WireModel):
    """What an event is about. `eval_id`, which the path of the run needs, is ours."""

    id: str
    eval_id: str


class Event(WireModel):
    """What an endpoint is sent.

    Source: OpenAI's OpenAPI document, schemas WebhookEvalRunSucceeded and its like.
    """

    id: str
    object: Literal["event"] = "event"
    created_at: UnixTime
    type: EventType
    data: EventData
