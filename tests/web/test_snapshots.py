"""What the pages say, word for word, as text.

A page that is to say something else is written anew by `EVALD_WRITE_SNAPSHOTS=1`, and read before
it is kept.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import JsonValue

from evald.ports.kept import StoredOutputItem
from evald.services.context import Context
from evald.wire.errors import ApiError
from tests.support.html_page import read_html, shown
from tests.support.kept_runs import (
    EVAL_ID,
    NOW,
    RUN_ID,
    eval_named,
    item_of,
    keep_eval,
    keep_run,
    run_named,
    three_items,
)

SNAPSHOTS = Path(__file__).parent / "snapshots"
EVAL = f"/evaluations/{EVAL_ID}"
RUN = f"{EVAL}?run_id={RUN_ID}"
REFUSED = ApiError(code="invalid_api_key", message="The provider refused the key.")
ROWS_ALONE: dict[str, JsonValue] = {
    "type": "jsonl",
    "source": {"type": "file_content", "content": []},
}


def agrees(name: str, text: str) -> None:
    """Nothing, if the snapshot of this name says the same."""
    path = SNAPSHOTS / f"{name}.txt"
    if os.environ.get("EVALD_WRITE_SNAPSHOTS"):
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "run", "items"),
    [
        ("run_queued", {}, []),
        ("run_in_progress", {"status": "in_progress", "planned_rows": 2_000}, three_items()),
        (
            "run_completed",
            {"status": "completed", "planned_rows": 3, "ended_at": NOW + 75},
            three_items(),
        ),
        (
            "run_failed",
            {"status": "failed", "planned_rows": 50, "ended_at": NOW + 2, "error": REFUSED},
            three_items()[2:],
        ),
        (
            "run_canceled",
            {"status": "canceled", "planned_rows": 50, "ended_at": NOW + 2},
            three_items()[:2],
        ),
        (
            "run_of_rows_alone",
            {"status": "completed", "model": "", "data_source": ROWS_ALONE, "metadata": {}},
            [item_of(0, item={"text": "Hello"})],
        ),
    ],
)
async def test_a_run_in_each_status(
    visitor: httpx2.AsyncClient,
    context: Context,
    name: str,
    run: dict[str, Any],
    items: Sequence[StoredOutputItem],
) -> None:
    await keep_eval(context.store, eval_named("Tickets"))
    await keep_run(context.store, run_named("Candidate 1", **run), items)

    agrees(name, shown(read_html((await visitor.get(RUN)).text)))


async def test_an_eval_with_its_runs(visitor: httpx2.AsyncClient, context: Context) -> None:
    await keep_eval(context.store, eval_named("Tickets"))
    done = run_named("Candidate 1", status="completed", planned_rows=3)
    await keep_run(context.store, done, three_items())
    await keep_run(context.store, run_named("Candidate 2", id=f"evalrun_{3:032x}"))

    agrees("eval", shown(read_html((await visitor.get(EVAL)).text)))


async def test_an_eval_without_runs(visitor: httpx2.AsyncClient, context: Context) -> None:
    await keep_eval(context.store, eval_named("Tickets"))

    agrees("eval_without_runs", shown(read_html((await visitor.get(EVAL)).text)))


async def test_the_list_of_evals(visitor: httpx2.AsyncClient, context: Context) -> None:
    agrees("evals_none", shown(read_html((await visitor.get("/")).text)))

    await keep_eval(context.store, eval_named("Tickets"))
    await keep_eval(context.store, eval_named("Letters", number=2))

    agrees("evals", shown(read_html((await visitor.get("/")).text)))


async def test_the_form(stranger: httpx2.AsyncClient) -> None:
    agrees("sign_in", shown(read_html((await stranger.get("/sign-in")).text)))


async def test_a_run_that_is_not_there(visitor: httpx2.AsyncClient, context: Context) -> None:
    await keep_eval(context.store, eval_named("Tickets"))

    agrees("not_found", shown(read_html((await visitor.get(f"{EVAL}?run_id=gone")).text)))
