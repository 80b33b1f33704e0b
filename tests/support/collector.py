"""A little OpenTelemetry collector: takes spans as OTLP over HTTP, decodes and keeps them."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass(frozen=True, slots=True)
class Told:
    """A span as it came."""

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    is_error: bool
    began_ns: int
    ended_ns: int
    attributes: dict[str, str | int | float]
    resource: dict[str, str | int | float]


@dataclass(slots=True)
class Collector:
    """What has come so far, and where it is sent."""

    endpoint: str = ""
    spans: list[Told] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)
    headers: list[dict[str, str]] = field(default_factory=list)
    raw: bytearray = field(default_factory=bytearray)

    def until(self, holds: Callable[[list[Told]], bool], *, within_s: float = 20.0) -> list[Told]:
        """The spans, once that holds of them."""
        end = time.monotonic() + within_s
        while not holds(list(self.spans)):
            assert time.monotonic() < end, sorted({span.name for span in self.spans})
            threading.Event().wait(0.02)
        return list(self.spans)

    def named(self, name: str) -> list[Told]:
        """The spans of this name."""
        return [span for span in self.spans if span.name == name]


@contextmanager
def running_collector() -> Iterator[Collector]:
    """A collector that takes spans while the block lasts."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            collector.paths.add(self.path)
            collector.headers.append({name.lower(): text for name, text in self.headers.items()})
            collector.raw += body
            collector.spans += _spans(body)
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    collector.endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _spans(body: bytes) -> list[Told]:
    request = ExportTraceServiceRequest.FromString(body)
    return [
        _told(span, _plain(each.resource.attributes))
        for each in request.resource_spans
        for scope in each.scope_spans
        for span in scope.spans
    ]


def _told(span: Span, resource: dict[str, str | int | float]) -> Told:
    assert not span.events, "an event could hold the message of an exception, and so a prompt"
    assert not span.status.message
    return Told(
        name=span.name,
        kind=Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        is_error=span.status.code == 2,
        began_ns=span.start_time_unix_nano,
        ended_ns=span.end_time_unix_nano,
        attributes=_plain(span.attributes),
        resource=resource,
    )


def _plain(attributes: object) -> dict[str, str | int | float]:
    found = {}
    for each in attributes:  # type: ignore[attr-defined]
        found[each.key] = getattr(each.value, each.value.WhichOneof("value"))
    return found
