"""Runs that are followed: events of a real server as a client reads them. Rests on: ours."""

import threading
import time

import httpx2
import openai
import pytest

from tests.support.run_events import Event, followed, scraped
from tests.support.running_server import RunningServer
from tests.wire.bodies import completions, free_eval, inline, row
from tests.wire.conftest import plain_http
from tests.wire.runs import ended, new_eval, new_run, wait_for

SLOW = "[slow] is answered after minutes"


def started(client: openai.OpenAI, *prompts: str) -> tuple[str, str]:
    """An eval, and a run of it with these prompts."""
    eval_id = new_eval(client, free_eval())
    rows = [row(prompt) for prompt in prompts]
    return eval_id, new_run(client, eval_id, completions(inline(rows), model="mock-model"))


def streams(http: httpx2.Client, count: int) -> None:
    """Returns once so many are open."""
    end = time.monotonic() + 5
    while scraped(http)["evald_event_streams"] != count:
        assert time.monotonic() < end
        threading.Event().wait(0.02)


def test_progress_is_told_and_then_the_end(client: openai.OpenAI, http: httpx2.Client) -> None:
    eval_id, run_id = started(client, "a", SLOW)
    wait_for(client, eval_id, run_id, until=lambda run: run.result_counts.passed == 1)
    told: list[Event] = []

    with followed(http, run_id) as events:
        for event in events:
            told.append(event)
            client.evals.runs.cancel(run_id, eval_id=eval_id)
    *progress, end = told

    assert {each.name for each in progress} == {"progress"}
    last = progress[-1].data
    assert (last["object"], last["run_id"]) == ("evald.run.progress", run_id)
    assert (last["eval_id"], last["planned_rows"]) == (eval_id, 2)
    assert last["result_counts"] == {"total": 2, "errored": 0, "failed": 0, "passed": 1}
    assert set(last) >= {"rows_per_second", "seconds_left", "status", "result_counts"}
    assert end.name == "end"
    assert end.data == http.get(f"/v1/evals/{eval_id}/runs/{run_id}").json()
    assert end.data["status"] == "canceled"


def test_a_run_that_has_ended_is_told_at_once_with_its_rows(
    client: openai.OpenAI, http: httpx2.Client
) -> None:
    eval_id, run_id = started(client, "a", "b")
    ended(client, eval_id, run_id)

    with followed(http, run_id) as events:
        (end,) = list(events)

    assert end.name == "end"
    assert end.data == http.get(f"/v1/evals/{eval_id}/runs/{run_id}").json()
    assert len(end.data["data_source"]["source"]["content"]) == 2


def test_a_run_that_is_deleted_meanwhile_ends_its_stream(
    client: openai.OpenAI, http: httpx2.Client
) -> None:
    eval_id, run_id = started(client, SLOW)

    with followed(http, run_id) as events:
        next(events)
        client.evals.runs.delete(run_id, eval_id=eval_id)
        *_, end = events

    assert end.data == {"object": "eval.run.deleted", "deleted": True, "run_id": run_id}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_run_that_is_not_there_is_a_404(http: httpx2.Client, method: str) -> None:
    answer = http.request(method, "/v1/evald/runs/evalrun_none/events")

    assert answer.status_code == 404


def test_head_does_not_wait_for_the_end(client: openai.OpenAI, http: httpx2.Client) -> None:
    eval_id, run_id = started(client, SLOW)

    answer = http.head(f"/v1/evald/runs/{run_id}/events", timeout=5)

    client.evals.runs.cancel(run_id, eval_id=eval_id)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")


def test_a_client_that_leaves_is_noticed(
    client: openai.OpenAI, http: httpx2.Client, server: RunningServer
) -> None:
    eval_id, run_id = started(client, SLOW)

    with plain_http(server, key="sk-anything") as leaving:
        with followed(leaving, run_id) as events:
            assert next(events).name == "progress"
            streams(http, 1)
        streams(http, 0)

    client.evals.runs.cancel(run_id, eval_id=eval_id)


def test_events_need_a_key(keyed_server: RunningServer) -> None:
    with plain_http(keyed_server, key="") as http:
        assert http.get("/v1/evald/runs/evalrun_x/events").status_code == 401
