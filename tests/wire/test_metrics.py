"""Metrics of a real server after real work, read by Prometheus's own parser. Rests on: ours."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import openai
import pytest

from tests.support.mock_provider import Faults, MockProvider
from tests.support.run_events import scraped
from tests.support.running_provider import running_provider
from tests.support.running_server import RunningServer, running_server
from tests.wire.bodies import completions, free_eval, inline, row, string_check
from tests.wire.conftest import STATIC_KEY, plain_http
from tests.wire.runs import ended_run

Samples = dict[str, float]
ROUTE = "/v1/evals/{eval_id}/runs"


@pytest.fixture(scope="module")
def busy() -> Iterator[MockProvider]:
    """Every third of its answers is a 429."""
    with running_provider(
        MockProvider(faults=Faults(rate_limit_every=3, retry_after_s=0.01))
    ) as mock:
        yield mock


@pytest.fixture(scope="module")
def counted(
    tmp_path_factory: pytest.TempPathFactory, busy: MockProvider
) -> Iterator[tuple[RunningServer, Samples]]:
    """A server of its own after a run of six rows and four calls through the gateway."""
    folder: Path = tmp_path_factory.mktemp("metrics")
    with running_server(folder / "data", EVALD_UPSTREAM_BASE_URL=busy.base_url) as server:
        client = server.client(max_retries=0)
        rows = [row(f"p{number}", f"p{number}" if number < 4 else "x") for number in range(6)]
        ended_run(client, free_eval(string_check()), completions(inline(rows), model="mock-model"))
        for store in (True, True, False):
            ask_through(client, store=store)
        with plain_http(server, key="sk-anything") as http:
            yield server, until(http, lambda samples: calls_told(samples) == busy.seen.requests)


def ask_through(client: openai.OpenAI, *, store: bool) -> None:
    messages = [{"role": "user", "content": "hello"}]
    while True:
        try:
            client.chat.completions.create(model="m2", messages=messages, store=store)  # type: ignore[arg-type]
        except openai.RateLimitError:
            continue
        return


def calls_told(samples: Samples) -> float:
    """Those of the run and those of the gateway; a call is told a moment after its answer."""
    counts = ("evald_gateway_call_seconds_count{", "evald_model_call_seconds_count{")
    return sum(value for name, value in samples.items() if name.startswith(counts))


def until(http: httpx2.Client, holds: Callable[[Samples], bool]) -> Samples:
    end = time.monotonic() + 10
    while not holds(samples := scraped(http)):
        assert time.monotonic() < end, samples
        threading.Event().wait(0.05)
    return samples


@pytest.mark.parametrize(
    ("sample", "value"),
    [
        ("evald_row_seconds_count{outcome=pass}", 4),
        ("evald_row_seconds_count{outcome=fail}", 2),
        ("evald_model_call_seconds_count{outcome=answered,provider=default}", 6),
        ("evald_runs_ended_total{status=completed}", 1),
        ("evald_gateway_call_seconds_count{outcome=answered,provider=default}", 3),
        ("evald_logs_stored_total{kind=chat_completion}", 2),
        ("evald_runs{status=queued}", 0),
        ("evald_runs{status=in_progress}", 0),
        ("evald_rows_to_do", 0),
        ("evald_rows_in_flight", 0),
        ("evald_event_streams", 0),
        ("evald_store_up", 1),
        (f"evald_http_request_seconds_count{{method=POST,route={ROUTE},status=2xx}}", 1),
    ],
)
def test_what_was_done_was_counted(
    counted: tuple[RunningServer, Samples], sample: str, value: float
) -> None:
    _, samples = counted

    assert samples[sample] == value


def test_refused_attempts_and_retries_are_told(
    counted: tuple[RunningServer, Samples], busy: MockProvider
) -> None:
    server, _ = counted
    with plain_http(server, key="sk-anything") as http:  # as of now: other tests ask too
        samples = until(http, lambda found: calls_told(found) == busy.seen.requests)
    of_runs = samples["evald_model_call_seconds_count{outcome=rate_limited,provider=default}"]
    name = "evald_gateway_call_seconds_count{outcome=rate_limited,provider=default}"

    assert of_runs + samples.get(name, 0) == busy.seen.rate_limits
    assert samples["evald_model_retries_total{provider=default}"] == of_runs > 0


def test_tokens_are_told_by_model(counted: tuple[RunningServer, Samples]) -> None:
    _, samples = counted

    for model in ("mock-model", "m2"):
        assert samples[f"evald_tokens_total{{kind=input,model={model}}}"] > 0
        assert samples[f"evald_tokens_total{{kind=output,model={model}}}"] > 0


def test_the_process_itself_is_told_of(counted: tuple[RunningServer, Samples]) -> None:
    _, samples = counted

    assert 20e6 < samples["process_resident_memory_bytes"] < 500e6
    assert samples["process_cpu_seconds_total"] > 0
    assert "evald_workers_live" not in samples  # nobody shares SQLite


def test_times_are_within_reason(counted: tuple[RunningServer, Samples]) -> None:
    _, samples = counted

    assert 0 < samples["evald_gateway_added_seconds_sum{provider=default}"] < 5
    assert 0 < samples["evald_row_seconds_sum{outcome=pass}"] < 60


@pytest.mark.parametrize(
    ("key", "status"), [("", 401), ("sk-wrong-0123456789", 401), (STATIC_KEY, 200)]
)
def test_with_keys_metrics_need_one(keyed_server: RunningServer, key: str, status: int) -> None:
    with plain_http(keyed_server, key=key) as http:
        assert http.get("/metrics").status_code == status


def test_without_keys_on_loopback_metrics_are_open(server: RunningServer) -> None:
    with plain_http(server, key="") as http:
        assert scraped(http)["evald_store_up"] == 1


def test_names_of_models_that_callers_make_up_are_bounded(
    counted: tuple[RunningServer, Samples],
) -> None:
    server, _ = counted
    with plain_http(server, key="sk-anything") as http:
        for name in ("x" * 150, "a\nb"):
            body = {"model": name, "messages": [{"role": "user", "content": "hi"}]}
            while http.post("/v1/chat/completions", json=body).status_code == 429:
                pass
        samples = until(http, lambda told: "evald_tokens_total{kind=input,model=other}" in told)

    assert not [name for name in samples if "xxxx" in name or "\n" in name]
