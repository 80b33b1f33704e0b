"""All items of a run as JSONL. Ours; the lines are what the official client lists, observed."""

import json
from typing import Any

import httpx2
import openai
import pytest
from openai.types.evals import RunRetrieveResponse

from evald.services.item_export import PAGE_ITEMS
from tests.wire.bodies import an_eval, inline, jsonl, said
from tests.wire.runs import ended_run, items_of

COUNT = PAGE_ITEMS + 30


@pytest.fixture(scope="module")
def run(client: openai.OpenAI) -> RunRetrieveResponse:
    """A run of more rows than are read at a time, of which every tenth fails."""
    rows = [
        said(f"say {n}", prompt="p", expected=f"say {n if n % 10 else -1}") for n in range(COUNT)
    ]
    return ended_run(client, an_eval(), jsonl(inline(rows)))


def exported(http: httpx2.Client, run_id: str, **params: str) -> list[Any]:
    answer = http.get(f"/v1/evald/runs/{run_id}/export", params=params)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/jsonl")
    return [json.loads(line) for line in answer.text.splitlines()]


def test_an_export_has_every_item_as_it_is_listed(
    http: httpx2.Client, client: openai.OpenAI, run: RunRetrieveResponse
) -> None:
    lines = exported(http, run.id)

    assert [line["datasource_item_id"] for line in lines] == list(range(COUNT))
    listed = {item.id: item.to_dict() for item in items_of(client, run)}
    assert {line["id"]: line for line in lines} == listed


def test_an_export_may_be_of_one_status(http: httpx2.Client, run: RunRetrieveResponse) -> None:
    lines = exported(http, run.id, status="fail")

    assert [line["datasource_item_id"] for line in lines] == list(range(0, COUNT, 10))
    assert exported(http, run.id, status="error") == []


def test_an_export_is_asked_for_ahead(http: httpx2.Client, run: RunRetrieveResponse) -> None:
    answer = http.head(f"/v1/evald/runs/{run.id}/export")

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "application/jsonl"


@pytest.mark.parametrize(
    ("path", "status", "param"),
    [("evalrun_none/export", 404, None), ("evalrun_none/export?status=good", 400, "status")],
)
def test_what_cannot_be_exported_is_refused_before_it_begins(
    http: httpx2.Client, path: str, status: int, param: str | None
) -> None:
    answer = http.get(f"/v1/evald/runs/{path}")

    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)
