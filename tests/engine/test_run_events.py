"""Runs followed over the death of a server, and beside several workers. Rests on: ours."""

import socket
import threading
import time
from pathlib import Path

import httpx2
import pytest

from tests.engine.runs import create_eval, create_run, rows
from tests.support.mock_provider import MockProvider
from tests.support.postgresql import new_database
from tests.support.run_events import Event, followed, scraped
from tests.support.running_provider import running_provider
from tests.support.running_server import running_server
from tests.support.running_worker import running_worker

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

KEY = "sk-own-0123456789abcdef"


def client_of(url: str, key: str = KEY) -> httpx2.Client:
    return httpx2.Client(base_url=url, headers={"authorization": f"Bearer {key}"}, timeout=30)


def passed(event: Event) -> int:
    return int(event.data["result_counts"]["passed"])


def test_a_run_is_followed_over_a_kill_to_its_end(tmp_path: Path) -> None:
    with (
        running_provider(MockProvider(latency_s=0.2)) as provider,
        running_server(
            tmp_path / "data",
            EVALD_UPSTREAM_BASE_URL=provider.base_url,
            EVALD_MAX_CONCURRENCY="40",
            EVALD_API_KEY=KEY,
        ) as server,
        client_of(server.url) as http,
    ):
        client = server.client(api_key=KEY)
        run_id = create_run(client, create_eval(client), rows(800))
        with followed(http, run_id) as events:
            before = next(event for event in events if passed(event) >= 100)
            server.kill()
            with pytest.raises(httpx2.TransportError):
                list(events)
        server.start()
        with followed(http, run_id) as events:
            *progress, end = events

        ended = http.get(f"/v1/evals/{end.data['eval_id']}/runs/{run_id}").json()

    assert end.name == "end"
    assert end.data == ended
    assert end.data["status"] == "completed"
    counts = [passed(each) for each in progress]
    assert counts == sorted(counts)
    assert counts[0] >= passed(before)
    assert any(each.data["rows_per_second"] for each in progress)
    assert any(each.data["seconds_left"] for each in progress)


def test_a_server_that_only_answers_tells_how_far_workers_are(tmp_path: Path) -> None:
    port = free_port()
    with running_provider(MockProvider(latency_s=0.05)) as provider:
        settings = {
            "EVALD_DATABASE_URL": new_database(),
            "EVALD_UPSTREAM_BASE_URL": provider.base_url,
            "EVALD_SECRET_KEY": "shared",
            "EVALD_API_KEY": KEY,
        }
        with (
            running_server(tmp_path / "server", **settings, EVALD_WORK="false") as server,
            running_worker(tmp_path / "one", **settings, EVALD_METRICS_PORT=str(port)),
            running_worker(tmp_path / "two", **settings),
            client_of(server.url) as http,
            client_of(f"http://127.0.0.1:{port}") as worker,
        ):
            client = server.client(api_key=KEY)
            run_id = create_run(client, create_eval(client), rows(2_000))
            with followed(http, run_id) as events:
                first = next(event for event in events if passed(event))
                of_server, of_worker = scraped(http), scraped(worker)
                in_flight = max(scraped(worker)["evald_rows_in_flight"] for _ in range(20))
                *_, end = events
            after = wait_until_recorded(worker)
            strangers = [
                httpx2.get(f"http://127.0.0.1:{port}{path}").status_code
                for path in ("/metrics", "/healthz", "/readyz", "/v1/evals", "/")
            ]

    assert first.data["planned_rows"] == 2_000
    assert end.data["result_counts"]["total"] == 2_000
    assert of_server["evald_workers_live"] == of_worker["evald_workers_live"] == 2
    assert of_server["evald_runs{status=in_progress}"] == 1
    assert 0 < of_server["evald_rows_to_do"] < 2_000
    assert of_server["evald_rows_in_flight"] == 0
    assert in_flight > 0
    assert 0 < after["evald_row_seconds_count{outcome=pass}"] < 1_800
    assert strangers == [401, 200, 200, 401, 404]


def test_streams_of_events_do_not_hold_up_the_end_of_a_server(tmp_path: Path) -> None:
    with (
        running_provider(MockProvider(latency_s=60)) as provider,
        running_server(tmp_path / "data", EVALD_UPSTREAM_BASE_URL=provider.base_url) as server,
        client_of(server.url) as http,
    ):
        client = server.client()
        run_id = create_run(client, create_eval(client), rows(1))
        with followed(http, run_id) as events:
            next(events)
            began = time.monotonic()
            code = server.stop()
            told = [event.name for event in events]

    assert code == 0
    assert time.monotonic() - began < 4
    assert "end" not in told
    assert "Traceback" not in server.log.read_text()


def wait_until_recorded(worker: httpx2.Client) -> dict[str, float]:
    end = time.monotonic() + 10
    while not (samples := scraped(worker)).get("evald_row_seconds_count{outcome=pass}"):
        assert time.monotonic() < end
        threading.Event().wait(0.05)
    return samples


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
