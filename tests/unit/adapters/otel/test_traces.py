"""Spans as the SDK is handed them: how they lie within one another, and what they never say."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from evald.adapters.clock import SystemClock
from evald.adapters.models.scripted import ScriptedModel
from evald.adapters.models.traced import TracedModel
from evald.adapters.otel.traces import OtelTraces
from evald.ports.kept import Rows, StoredRun
from evald.ports.model import FailureKind, ModelFailure, ModelRequest
from evald.wire.errors import ApiError

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"
RUN = StoredRun(
    id="evalrun_1",
    project_id="proj_1",
    eval_id="eval_1",
    created_at=90,
    status="completed",
    name="",
    model="m",
    metadata={},
    data_source={},
    rows=Rows("blob", inline=False),
    started_at=100,
    ended_at=160,
)


class Kept:
    """Traces, and the spans that were kept."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.traces = OtelTraces(self._exporter, version="1", process="here")

    def spans(self) -> dict[str, ReadableSpan]:
        """By name, once all are sent."""
        self.traces.close()
        return {span.name: span for span in self._exporter.get_finished_spans()}


@pytest.fixture
def kept() -> Iterator[Kept]:
    kept = Kept()
    yield kept
    kept.traces.close()


def trace_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


def id_of(span: ReadableSpan) -> int:
    assert span.context is not None
    return int(span.context.span_id)


def parent_of(span: ReadableSpan) -> int:
    return 0 if span.parent is None else span.parent.span_id


def error_of(span: ReadableSpan) -> object:
    return (span.attributes or {}).get("error.type")


def test_a_request_lies_in_the_trace_of_its_caller(kept: Kept) -> None:
    with kept.traces.request("GET", traceparent=TRACEPARENT) as span:
        here = kept.traces.traceparent()
        span.answered("/v1/evals", 200)

    (request,) = kept.spans().values()
    assert request.name == "GET /v1/evals"
    assert (trace_of(request), parent_of(request)) == (TRACE, int(PARENT, 16))
    assert here == f"00-{TRACE}-{id_of(request):016x}-01"


@pytest.mark.parametrize("traceparent", [None, "", "no such thing", "00-0-0-00"])
def test_a_request_of_no_trace_begins_one(kept: Kept, traceparent: str | None) -> None:
    with kept.traces.request("GET", traceparent=traceparent):
        pass

    (request,) = kept.spans().values()
    assert request.parent is None


def test_a_caller_that_does_not_sample_is_not_traced(kept: Kept) -> None:
    with (
        kept.traces.request("GET", traceparent=TRACEPARENT[:-1] + "0"),
        kept.traces.span("inner", {}),
    ):
        pass

    assert kept.spans() == {}


async def test_tasks_begun_in_a_block_lie_within_its_span(kept: Kept) -> None:
    async def inner() -> None:
        with kept.traces.span("inner", {}):
            await asyncio.sleep(0)

    with kept.traces.within_run("shard", RUN, {}):
        async with asyncio.TaskGroup() as group:
            group.create_task(inner())
    with kept.traces.span("after", {}):
        pass

    spans = kept.spans()
    assert parent_of(spans["inner"]) == id_of(spans["shard"])
    assert spans["after"].parent is None


@pytest.mark.parametrize("traceparent", [TRACEPARENT, ""])
def test_what_is_within_a_run_lies_in_the_span_that_is_kept_at_its_end(
    kept: Kept, traceparent: str
) -> None:
    run = replace(RUN, traceparent=traceparent)
    with kept.traces.within_run("plan", run, {}):
        pass
    kept.traces.run_ended(run)
    with kept.traces.span("other", {}):
        pass

    spans = kept.spans()
    whole = spans["run"]
    assert parent_of(spans["plan"]) == id_of(whole)
    assert trace_of(spans["plan"]) == trace_of(whole)
    assert parent_of(whole) == (int(PARENT, 16) if traceparent else 0)
    assert (whole.start_time, whole.end_time) == (100 * 10**9, 160 * 10**9)
    assert trace_of(spans["other"]) != trace_of(whole)


def test_a_run_that_failed_tells_its_code_alone(kept: Kept) -> None:
    error = ApiError(code="invalid_api_key", message="the provider's own words")
    kept.traces.run_ended(replace(RUN, status="failed", error=error))

    (run,) = kept.spans().values()
    assert error_of(run) == "invalid_api_key"
    assert "own words" not in str(run.to_json())


def raised() -> None:
    raise ValueError("a prompt")


def canceled() -> None:
    raise asyncio.CancelledError


@pytest.mark.parametrize(("work", "said"), [(raised, "ValueError"), (canceled, "canceled")])
def test_what_is_raised_is_told_by_its_name_alone(
    kept: Kept, work: Callable[[], None], said: str
) -> None:
    with pytest.raises((ValueError, asyncio.CancelledError)), kept.traces.span("item", {}):
        work()

    (item,) = kept.spans().values()
    assert error_of(item) == said
    assert "a prompt" not in str(item.to_json())
    assert item.events == ()


@pytest.mark.parametrize(("status", "error"), [(200, None), (404, None), (502, "502")])
def test_an_error_of_ours_is_one_of_the_request_and_the_caller_s_is_none(
    kept: Kept, status: int, error: str | None
) -> None:
    with kept.traces.request("GET", traceparent=None) as span:
        span.answered("/v1/evals", status)

    assert error_of(kept.spans()["GET /v1/evals"]) == error


async def test_a_call_tells_model_and_tokens_and_no_word_of_prompt_or_answer(kept: Kept) -> None:
    model = TracedModel(
        ScriptedModel(lambda _: "a secret answer", SystemClock()), kept.traces, provider="ours"
    )

    await model.ask(asked("a secret prompt"))

    span = kept.spans()["chat gpt-x"]
    attributes = dict(span.attributes or {})
    assert attributes["gen_ai.operation.name"] == "chat"
    assert attributes["gen_ai.request.model"] == "gpt-x"
    assert attributes["gen_ai.usage.input_tokens"] is not None
    assert attributes["evald.provider"] == "ours"
    assert "secret" not in str(span.to_json())


async def test_a_call_that_fails_tells_how(kept: Kept) -> None:
    failure = ModelFailure(FailureKind.REFUSED, "rate_limit", "a secret", status=429)

    class Refusing:
        async def ask(self, request: ModelRequest) -> ModelFailure:
            return failure

    assert await TracedModel(Refusing(), kept.traces, provider="ours").ask(asked("x")) is failure

    span = kept.spans()["chat gpt-x"]
    assert error_of(span) == "rate_limited"
    assert dict(span.attributes or {})["http.response.status_code"] == 429
    assert "a secret" not in str(span.to_json())


def asked(prompt: str) -> ModelRequest:
    body = {"model": "gpt-x", "messages": [{"role": "user", "content": prompt}]}
    return ModelRequest("chat_completions", "gpt-x", body, deadline=1e9)  # type: ignore[arg-type]
