"""Spans of real processes, sent to a collector: from a caller's trace to its calls. Ours."""

import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from tests.engine.runs import MODEL, SAME, create_eval, has_ended, rows, wait_for
from tests.support.collector import Told, running_collector
from tests.support.mock_provider import Faults, MockProvider
from tests.support.running_place import running_place
from tests.support.running_provider import running_provider
from tests.support.running_server import ROOT, RunningServer, running_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"
SOON = {"OTEL_BSP_SCHEDULE_DELAY": "100"}
SECRET = "sk-very-secret-0123456789"


def started_run(server: RunningServer, count: int) -> tuple[str, str]:
    """An eval, and a run of it that was made within the caller's trace."""
    client = server.client()
    eval_id = create_eval(client, SAME)
    run = client.evals.runs.create(
        eval_id,
        data_source={
            "type": "completions",
            "model": MODEL,
            "input_messages": {
                "type": "template",
                "template": [{"role": "user", "content": "{{ item.prompt }}"}],
            },
            "source": {"type": "file_content", "content": rows(count)},
        },  # type: ignore[arg-type,misc]
        extra_headers={"traceparent": f"00-{TRACE}-{CALLER}-01"},
    )
    return eval_id, run.id


def of(spans: list[Told], name: str) -> list[Told]:
    return [span for span in spans if span.name == name and span.trace_id == TRACE]


def check_whole(spans: list[Told], run_id: str, *, count: int) -> None:
    """Every span lies within the one that led to it, in the caller's trace."""
    (request,) = of(spans, "POST /v1/evals/{eval_id}/runs")
    (run,) = of(spans, "run")
    plan, shards = of(spans, "plan"), of(spans, "shard")
    items, grades, calls = of(spans, "item"), of(spans, "grade"), of(spans, f"chat {MODEL}")
    assert (request.parent_id, request.kind) == (CALLER, "server")
    assert run.parent_id == request.span_id
    assert run.attributes["evald.run.id"] == run_id
    assert run.attributes["evald.run.status"] == "completed"
    assert [span.parent_id for span in plan] == [run.span_id]
    assert {span.parent_id for span in shards} == {run.span_id}
    assert {span.parent_id for span in items} == {span.span_id for span in shards}
    assert sorted(int(span.attributes["evald.row"]) for span in items) == list(range(count))
    assert {span.parent_id for span in calls} == {span.span_id for span in items}
    assert {span.parent_id for span in grades} == {span.span_id for span in items}
    assert len(calls) == len(grades) == count


def test_a_run_is_traced_from_its_caller_to_its_calls(tmp_path: Path) -> None:
    with (
        running_collector() as collector,
        running_provider(MockProvider(latency_s=0.01)) as provider,
        running_server(
            tmp_path / "data",
            EVALD_UPSTREAM_BASE_URL=provider.base_url,
            EVALD_UPSTREAM_API_KEY=SECRET,
            EVALD_TRACES_ENDPOINT=collector.endpoint,
            OTEL_SERVICE_NAME="evald-of-ours",
            OTEL_EXPORTER_OTLP_HEADERS="x-tenant=42",
            **SOON,
        ) as server,
    ):
        eval_id, run_id = started_run(server, 300)
        wait_for(server, eval_id, run_id, until=has_ended)
        spans = collector.until(lambda found: bool(of(found, "run")) and len(found) > 900)

        check_whole(spans, run_id, count=300)

    call, grade = of(spans, f"chat {MODEL}")[0], of(spans, "grade")[0]
    assert call.kind == "client"
    assert call.attributes["gen_ai.operation.name"] == "chat"
    assert call.attributes["gen_ai.request.model"] == MODEL
    assert call.attributes["gen_ai.response.model"] == MODEL
    assert int(call.attributes["gen_ai.usage.input_tokens"]) > 0
    assert int(call.attributes["gen_ai.usage.output_tokens"]) > 0
    assert grade.attributes["gen_ai.evaluation.name"] == "same"
    assert grade.attributes["evald.grader.type"] == "string_check"
    assert grade.attributes["gen_ai.evaluation.score.label"] in ("pass", "fail")
    assert call.resource["service.name"] == "evald-of-ours"
    assert collector.paths == {"/v1/traces"}
    assert {each["x-tenant"] for each in collector.headers} == {"42"}
    for secret in (b"say 1", SECRET.encode(), b"sk-anything"):
        assert secret not in collector.raw


def test_several_workers_put_their_spans_into_one_run(tmp_path: Path) -> None:
    with (
        running_collector() as collector,
        running_place(
            tmp_path,
            MockProvider(latency_s=0.05),
            workers=2,
            EVALD_MAX_CONCURRENCY="32",
            EVALD_TRACES_ENDPOINT=collector.endpoint,
            **SOON,
        ) as place,
    ):
        eval_id, run_id = started_run(place.server, 2_000)
        wait_for(place.server, eval_id, run_id, until=has_ended)
        spans = collector.until(lambda found: len(of(found, "item")) == 2_000)
        spans = collector.until(lambda found: bool(of(found, "run")))

        check_whole(spans, run_id, count=2_000)

    assert len({span.attributes["evald.worker.id"] for span in of(spans, "shard")}) == 2
    assert len({span.resource["service.instance.id"] for span in spans}) == 3


def test_attempts_that_fail_and_calls_through_the_gateway_are_told_apart(tmp_path: Path) -> None:
    with (
        running_collector() as collector,
        running_provider(MockProvider(faults=Faults(error_every=2))) as provider,
        running_server(
            tmp_path / "data",
            EVALD_UPSTREAM_BASE_URL=provider.base_url,
            EVALD_TRACES_ENDPOINT=f"{collector.endpoint}/v1/traces",
            **SOON,
        ) as server,
    ):
        eval_id, run_id = started_run(server, 10)
        wait_for(server, eval_id, run_id, until=has_ended)
        provider.faults = Faults()
        answer = httpx2.post(
            f"{server.url}/v1/chat/completions",
            json={"model": MODEL, "messages": [{"role": "user", "content": "hi"}]},
            headers={"authorization": "Bearer sk-anything", "traceparent": "no such thing"},
        )
        httpx2.get(f"{server.url}/healthz")
        spans = collector.until(lambda found: any(span.name == "gateway" for span in found))

    attempts = of(spans, f"chat {MODEL}")
    failed = [span for span in attempts if span.is_error]
    assert len(attempts) - len(failed) == 10
    assert {span.attributes["error.type"] for span in failed} == {"refused"}
    assert {span.attributes["http.response.status_code"] for span in failed} == {500}
    (gateway,) = collector.named("gateway")
    (request,) = collector.named("POST /v1/chat/completions")
    assert gateway.parent_id == request.span_id
    assert request.parent_id == ""
    assert request.trace_id != TRACE
    assert request.attributes["http.response.status_code"] == answer.status_code
    assert request.attributes["evald.request.id"] == answer.headers["x-request-id"]
    assert request.attributes["gen_ai.request.model"] == MODEL
    assert int(request.attributes["gen_ai.usage.output_tokens"]) > 0
    assert not [span for span in spans if "healthz" in span.name]


def test_a_collector_that_is_away_holds_up_nobody(tmp_path: Path) -> None:
    with (
        running_provider(MockProvider()) as provider,
        running_server(
            tmp_path / "data",
            EVALD_UPSTREAM_BASE_URL=provider.base_url,
            EVALD_TRACES_ENDPOINT="http://127.0.0.1:9",
            **SOON,
        ) as server,
    ):
        eval_id, run_id = started_run(server, 50)
        run = wait_for(server, eval_id, run_id, until=has_ended, within_s=20)
        began = time.monotonic()
        code = server.stop()

    assert run.result_counts.total == 50
    assert code == 0
    assert time.monotonic() - began < 5


IS_LOADED = """
import sys
import evald.assembly.server, evald.assembly.working, evald.adapters.dbos.durable
print([name for name in sys.modules if name.startswith("opentelemetry")])
"""


def test_nothing_of_opentelemetry_is_loaded_where_it_is_off(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", IS_LOADED],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT / "src")},
        check=True,
    )

    assert ended.stdout.strip() == "[]"


def test_without_the_extra_a_server_says_what_to_install(tmp_path: Path) -> None:
    # Found before the installed one, and empty: as on a machine without the extra.
    (tmp_path / "opentelemetry").mkdir()
    (tmp_path / "opentelemetry" / "__init__.py").write_text("")
    ended = subprocess.run(
        [sys.executable, "-m", "evald", "serve", "--port", "0", "--data-dir", str(tmp_path / "d")],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={
            "PYTHONPATH": f"{tmp_path}:{ROOT / 'src'}",
            "EVALD_TRACES_ENDPOINT": "http://127.0.0.1:9",
        },
        check=False,
        timeout=30,
    )

    assert ended.returncode == 2
    assert "pip install 'evald[otel]'" in ended.stderr
    assert "Traceback" not in ended.stderr
