"""Events; their shape and names are documented, `data.eval_id` is ours."""

import json

import pytest

from evald.domain.webhooks.events import event_body, event_type
from evald.wire.runs import RunStatus
from evald.wire.webhooks import EventData


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("completed", "eval.run.succeeded"),
        ("failed", "eval.run.failed"),
        ("canceled", "eval.run.canceled"),
        ("queued", None),
        ("in_progress", None),
    ],
)
def test_type(status: RunStatus, kind: str | None) -> None:
    assert event_type(status) == kind


def test_body() -> None:
    data = EventData(id="evalrun_1", eval_id="eval_1")

    body = event_body("evt_1", "eval.run.failed", created_at=1_750_000_000, data=data)

    assert json.loads(body) == {
        "id": "evt_1",
        "object": "event",
        "created_at": 1_750_000_000,
        "type": "eval.run.failed",
        "data": {"id": "evalrun_1", "eval_id": "eval_1"},
    }
