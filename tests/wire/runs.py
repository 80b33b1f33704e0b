"""Runs as the wire tests make them and wait for their end."""

import threading
import time
from collections.abc import Callable
from typing import Any

import openai
from openai.types.evals import RunRetrieveResponse
from openai.types.evals.runs import OutputItemListResponse

from tests.wire.bodies import Json, an_eval

WITHIN_S = 30.0


def new_eval(client: openai.OpenAI, body: Json | None = None) -> str:
    """The id of an eval made of this body."""
    return client.evals.create(**(body or an_eval())).id


def new_run(client: openai.OpenAI, eval_id: str, data_source: Any, **more: Any) -> str:
    """The id of a run over this data source."""
    return client.evals.runs.create(eval_id, data_source=data_source, **more).id


def ended_run(client: openai.OpenAI, body: Json, data_source: Json) -> RunRetrieveResponse:
    """A run of a new eval, as it is at its end."""
    eval_id = new_eval(client, body)
    return ended(client, eval_id, new_run(client, eval_id, data_source))


def ended(client: openai.OpenAI, eval_id: str, run_id: str) -> RunRetrieveResponse:
    """The run once it stays as it is."""
    return wait_for(client, eval_id, run_id, until=has_ended)


def has_ended(run: RunRetrieveResponse) -> bool:
    """Whether the run stays as it is."""
    return run.status in {"completed", "failed", "canceled"}


def wait_for(
    client: openai.OpenAI,
    eval_id: str,
    run_id: str,
    *,
    until: Callable[[RunRetrieveResponse], bool],
) -> RunRetrieveResponse:
    """The run as it was when the condition first held."""
    end = time.monotonic() + WITHIN_S
    while time.monotonic() < end:
        run = client.evals.runs.retrieve(run_id, eval_id=eval_id)
        if until(run):
            return run
        threading.Event().wait(0.01)
    raise AssertionError(f"run {run_id} did not come so far within {WITHIN_S} s")


def items_of(client: openai.OpenAI, run: RunRetrieveResponse) -> list[OutputItemListResponse]:
    """All output items of the run, by row."""
    pages = client.evals.runs.output_items.list(run.id, eval_id=run.eval_id, limit=100)
    return sorted(pages, key=lambda item: item.datasource_item_id)


def graded(client: openai.OpenAI, body: Json, data_source: Json) -> list[OutputItemListResponse]:
    """The output items, by row, of a run of a new eval that completed."""
    run = ended_run(client, body, data_source)
    assert run.status == "completed", run.error
    return items_of(client, run)


def said_by(item: OutputItemListResponse) -> str:
    """What the model said for an item."""
    (message,) = item.sample.output
    assert message.content is not None
    return message.content
