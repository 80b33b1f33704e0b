"""Spans by OpenTelemetry's SDK, sent to a collector as OTLP over HTTP."""

import asyncio
import os
from contextvars import Token
from types import TracebackType
from typing import Self

import requests
from opentelemetry.context import Context, attach, detach
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.environment_variables import OTEL_BSP_MAX_QUEUE_SIZE
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace import Span as OtelSpan
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from evald.domain.run_span import RunSpan, run_span
from evald.ports.kept import StoredRun
from evald.ports.traces import Attributes

PATH = "/v1/traces"
QUEUE_SPANS = 20_000
"""So many spans wait for the collector at most, some seconds of work; further ones are dropped."""

NS = 1_000_000_000
_CARRIER = TraceContextTextMapPropagator()
_NOWHERE = Context()


class OtelTraces:
    """Keeps spans. Fulfils `evald.ports.traces.Traces`.

    What OpenTelemetry's own variables say of headers, certificates, sampling, batches and the
    resource is heeded. Spans that cannot be sent are dropped; nothing waits for the collector.
    """

    is_on = True

    def __init__(self, exporter: SpanExporter, *, version: str, process: str) -> None:
        """Keeps spans of this version of ours and of this process, which the exporter sends."""
        size = None if os.environ.get(OTEL_BSP_MAX_QUEUE_SIZE) else QUEUE_SPANS
        self._processor = BatchSpanProcessor(exporter, max_queue_size=size)
        self._ids = _Ids()
        self._provider = TracerProvider(
            resource=_resource(version, process), id_generator=self._ids, shutdown_on_exit=False
        )
        self._provider.add_span_processor(self._processor)
        self._tracer = self._provider.get_tracer("evald", version)

    def close(self) -> None:
        """What is left is sent, if the collector takes it; blocks until then, to be given up on."""
        self._provider.shutdown()

    def request(self, method: str, *, traceparent: str | None) -> "_OpenRequest":
        """A request's span, in the trace of its caller if that named one; open in the block."""
        carrier = {} if traceparent is None else {"traceparent": traceparent}
        within = _CARRIER.extract(carrier, _NOWHERE)
        attributes: Attributes = {"http.request.method": method}
        span = self._tracer.start_span(method, within, SpanKind.SERVER, attributes)
        return _OpenRequest(span, within, method)

    def span(self, name: str, attributes: Attributes) -> "_Open":
        """A span within the one that is open here; open in the block and all tasks begun in it."""
        return _Open(self._tracer.start_span(name, attributes=attributes))

    def within_run(self, name: str, run: StoredRun, attributes: Attributes) -> "_Open":
        """A span within that of a run, whichever process is at it; open likewise."""
        place = _place(run)
        within = _within(place, place.span_id)
        return _Open(self._tracer.start_span(name, within, attributes=attributes), within)

    def call(self, name: str, attributes: Attributes) -> "_Open":
        """A span of a call that goes out, within the one that is open here; until it is ended."""
        return _Open(self._tracer.start_span(name, None, SpanKind.CLIENT, attributes))

    def note(self, attributes: Attributes) -> None:
        """The span that is open here says this too."""
        get_current_span().set_attributes(attributes)

    def run_ended(self, run: StoredRun) -> None:
        """The run's own span is kept, from its beginning to its end, which are known now."""
        ended_at = run.ended_at or run.created_at
        place = _place(run)
        within = _NOWHERE if place.parent_id is None else _within(place, place.parent_id)
        self._ids.next_are(place)
        span = self._tracer.start_span(
            "run", within, attributes=_told(run), start_time=(run.started_at or ended_at) * NS
        )
        if run.status == "failed":
            _fail(span, "run_failed" if run.error is None else run.error.code)
        span.end(ended_at * NS)

    def traceparent(self) -> str:
        """The span that is open here, as others may name it; empty where there is none."""
        carrier: dict[str, str] = {}
        _CARRIER.inject(carrier)
        return carrier.get("traceparent", "")


class _Open:
    """A span that is open, in a block or until it is ended. Fulfils `evald.ports.traces.Span`."""

    __slots__ = ("_span", "_token", "_within")

    def __init__(self, span: OtelSpan, within: Context | None = None) -> None:
        self._span = span
        self._within = within
        self._token: Token[Context] | None = None

    def note(self, attributes: Attributes) -> None:
        """The span says this too."""
        self._span.set_attributes(attributes)

    def fail(self, error_type: str) -> None:
        """The work came to nothing, for a reason of this name."""
        _fail(self._span, error_type)

    def end(self) -> None:
        """The work is done."""
        self._span.end()

    def __enter__(self) -> Self:
        self._token = attach(set_span_in_context(self._span, self._within))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._token is not None:
            detach(self._token)
        # The name of what was raised alone: its message may hold a prompt or an output.
        if kind is not None:
            is_stopped = issubclass(kind, asyncio.CancelledError)
            self.fail("canceled" if is_stopped else kind.__name__)
        self._span.end()


class _OpenRequest(_Open):
    """The span of a request. Fulfils `evald.ports.traces.RequestSpan`."""

    __slots__ = ("_method",)

    def __init__(self, span: OtelSpan, within: Context, method: str) -> None:
        super().__init__(span, within)
        self._method = method

    def answered(self, route: str, status: int | None) -> None:
        """By this route, a template, with this status; None: the client did not wait for it."""
        self._span.update_name(f"{self._method} {route}")
        self.note({"http.route": route})
        if status is None:
            self.fail("client_left")
            return
        self.note({"http.response.status_code": status})
        if status >= 500:
            self.fail(str(status))


class _Ids(RandomIdGenerator):
    """Ids by chance, but those of a run's span, which are known before. One thread makes spans."""

    def __init__(self) -> None:
        self._place: RunSpan | None = None

    def next_are(self, place: RunSpan) -> None:
        """The next span lies here."""
        self._place = place

    def generate_trace_id(self) -> int:
        """The trace of the place, or one by chance."""
        return super().generate_trace_id() if self._place is None else self._place.trace_id

    def generate_span_id(self) -> int:
        """The span of the place, which is taken with that, or one by chance."""
        place, self._place = self._place, None
        return super().generate_span_id() if place is None else place.span_id


def otlp_exporter(endpoint: str) -> SpanExporter:
    """Sends spans to the collector at this address, below which `/v1/traces` is."""
    session = requests.Session()
    session.trust_env = False  # no proxy or password from the environment, as for providers
    base = endpoint.rstrip("/").removesuffix(PATH)
    return OTLPSpanExporter(endpoint=base + PATH, session=session)


def _resource(version: str, process: str) -> Resource:
    ours = {
        "service.name": "evald",
        "service.version": version,
        "service.instance.id": process,
    }
    return Resource(ours).merge(OTELResourceDetector().detect())


def _place(run: StoredRun) -> RunSpan:
    return run_span(run.id, chance=run.chance, traceparent=run.traceparent)


def _within(place: RunSpan, span_id: int) -> Context:
    flags = TraceFlags(TraceFlags.SAMPLED if place.is_sampled else TraceFlags.DEFAULT)
    parent = SpanContext(place.trace_id, span_id, is_remote=True, trace_flags=flags)
    return set_span_in_context(NonRecordingSpan(parent), _NOWHERE)


def _told(run: StoredRun) -> Attributes:
    return {
        "evald.run.id": run.id,
        "evald.eval.id": run.eval_id,
        "evald.run.status": run.status,
        "evald.run.chance": run.chance,
        "evald.run.rows": run.planned_rows or 0,
        "evald.run.passed": run.tally.passed,
        "evald.run.failed": run.tally.failed,
        "evald.run.errored": run.tally.errored,
    }


def _fail(span: OtelSpan, error_type: str) -> None:
    span.set_attribute("error.type", error_type)
    span.set_status(Status(StatusCode.ERROR))
