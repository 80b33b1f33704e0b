"""Cancelling a run: no new call, calls in flight closed, what is done is kept."""

import time
from collections.abc import Iterator

import pytest

from tests.engine.runs import (
    create_eval,
    create_run,
    has_ended,
    item_rows,
    recorded,
    rows,
    wait_for,
)
from tests.support.mock_provider import Faults, MockProvider
from tests.support.running_provider import running_provider
from tests.support.running_server import RunningServer, running_server

pytestmark = pytest.mark.slow

WORTH: dict[str, object] = {
    "type": "score_model",
    "name": "worth",
    "model": "grader",
    "input": [{"role": "user", "content": "{{ sample.output_text }}"}],
}


@pytest.fixture(scope="module")
def provider() -> Iterator[MockProvider]:
    with running_provider(MockProvider()) as running:
        yield running


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, provider: MockProvider
) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("cancel") / "data"
    with running_server(folder, EVALD_UPSTREAM_BASE_URL=provider.base_url) as running:
        yield running


@pytest.fixture
def mock(provider: MockProvider) -> MockProvider:
    """The provider, quick and without faults, which has nothing to do with the tests before."""
    end = time.monotonic() + 5
    while provider.seen.at_once:  # what a test before has canceled is being closed
        assert time.monotonic() < end
        time.sleep(0.01)
    provider.latency_s, provider.faults = 0.0, Faults()
    provider.forget()
    return provider


def test_a_cancel_closes_the_sockets_of_calls_in_flight(
    server: RunningServer, mock: MockProvider
) -> None:
    mock.latency_s = 60.0
    client = server.client()
    eval_id = create_eval(client)
    run_id = create_run(client, eval_id, rows(200))
    wait_for(server, eval_id, run_id, until=lambda _: mock.seen.at_once == 64)

    canceled = client.evals.runs.cancel(run_id, eval_id=eval_id)
    answered = time.monotonic()
    while mock.seen.abandoned < 64 and time.monotonic() < answered + 5:
        time.sleep(0.005)

    assert canceled.status == "canceled"
    assert mock.seen.abandoned == 64
    assert time.monotonic() - answered < 0.5 + 5 * (mock.seen.abandoned < 64)
    assert mock.seen.requests == 64


def test_a_cancel_closes_the_sockets_of_graders_too(
    server: RunningServer, mock: MockProvider
) -> None:
    mock.latency_s = 60.0
    client = server.client()
    eval_id = create_eval(client, WORTH)
    content = [{"item": {"prompt": "p", "expected": "e"}, "sample": "x"}] * 200
    run_id = client.evals.runs.create(
        eval_id,
        data_source={
            "type": "jsonl",
            "source": {"type": "file_content", "content": content},
        },  # type: ignore[arg-type,misc]
    ).id
    wait_for(server, eval_id, run_id, until=lambda _: mock.seen.at_once == 64)

    canceled = client.evals.runs.cancel(run_id, eval_id=eval_id)
    answered = time.monotonic()
    while mock.seen.abandoned < 64 and time.monotonic() < answered + 5:
        time.sleep(0.005)

    assert canceled.status == "canceled"
    assert mock.seen.abandoned == mock.seen.requests == 64


def test_what_is_done_before_a_cancel_is_kept(server: RunningServer, mock: MockProvider) -> None:
    mock.faults = Faults(slow_prompt="say 1", slow_s=60.0)
    client = server.client()
    eval_id = create_eval(client)
    run_id = create_run(client, eval_id, rows(10))  # rows 0 and 2 to 9 are quick
    wait_for(server, eval_id, run_id, until=lambda run: recorded(run) == 9)

    client.evals.runs.cancel(run_id, eval_id=eval_id)
    again = client.evals.runs.cancel(run_id, eval_id=eval_id)
    run = wait_for(server, eval_id, run_id, until=has_ended)

    assert again.status == run.status == "canceled"
    assert run.result_counts.total == recorded(run) == 9
    assert item_rows(client, eval_id, run_id) == [0, *range(2, 10)]


def test_deleting_a_run_in_progress_stops_it(server: RunningServer, mock: MockProvider) -> None:
    mock.latency_s = 60.0
    client = server.client()
    eval_id = create_eval(client)
    run_id = create_run(client, eval_id, rows(5))
    wait_for(server, eval_id, run_id, until=lambda _: mock.seen.at_once == 5)

    assert client.evals.runs.delete(run_id, eval_id=eval_id).deleted
    end = time.monotonic() + 5
    while mock.seen.abandoned < 5 and time.monotonic() < end:
        time.sleep(0.01)

    assert mock.seen.abandoned == 5
