"""Events: what an end of a run is called, and what endpoints are sent about it."""

from typing import Final

import orjson

from evald.wire.runs import RunStatus
from evald.wire.webhooks import Event, EventData, EventType

_TYPES: Final[dict[RunStatus, EventType]] = {
    "completed": "eval.run.succeeded",
    "failed": "eval.run.failed",
    "canceled": "eval.run.canceled",
}


def event_type(status: RunStatus) -> EventType | None:
    """What the end of a run in this status is called; None for one that is no end.

    Source: OpenAI's OpenAPI document, where `completed` is told as `succeeded`.
    """
    return _TYPES.get(status)


def event_body(event_id: str, kind: EventType, *, created_at: int, data: EventData) -> bytes:
    """The bytes that are sent and signed; the same at every attempt."""
    event = Event(id=event_id, created_at=created_at, type=kind, data=data)
    return orjson.dumps(event.model_dump())
