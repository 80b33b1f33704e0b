"""What counting and tracing cost on the way of a row, as `make bench-metrics` prints it.

A row of one model call and one criterion counts three times: the row, the call, its tokens. Where
no collector is named, its spans cost what asking nobody costs; with one, what OpenTelemetry's SDK
takes to make them (sending them is a thread's work, which is not in the figure).
"""

import argparse
import time
from collections.abc import Callable
from itertools import repeat

from evald.adapters.prometheus.exposition import Prometheus
from evald.ports.traces import NO_TRACES, Traces

MUST_NS = 2_000
ROUNDS = 5


def main() -> None:
    """Prints a line each, the best of five rounds, and whether a row's metrics cost too much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=200_000)
    times = parser.parse_args().times
    metrics = Prometheus().metrics
    row = {
        "a row timed": lambda: metrics.rows.time(0.2, "pass"),
        "a call timed": lambda: metrics.model_calls.time(0.2, "default", "answered"),
        "its tokens counted": lambda: metrics.tokens.add("gpt-x", given=90, cached=0, made=9),
    }
    other = {
        "a retry counted": lambda: metrics.model_retries.count("default"),
        "a request timed": lambda: metrics.http.time(0.002, "/v1/evals/{eval_id}", "GET", "2xx"),
        "a row's span, off": lambda: span(NO_TRACES),
    }
    spent = {name: print_ns(name, work, times) for name, work in row.items()}
    whole = sum(spent.values())
    print(f"{'metrics of a row':<24}{whole:>8.0f} ns   (must: below {MUST_NS:,} ns)")
    for name, work in other.items():
        print_ns(name, work, times)
    print_sdk(max(1, times // 20))
    if whole >= MUST_NS:
        raise SystemExit(1)


def span(traces: Traces) -> None:
    """A span as an item has it, asked for as there."""
    if not traces.is_on:
        return
    with traces.span("item", {"evald.run.id": "evalrun_1", "evald.row": 7}) as open_span:
        open_span.note({"evald.output_item.id": "outputitem_1"})


def print_sdk(times: int) -> None:
    """The same with OpenTelemetry's SDK, where the extra is installed."""
    try:
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import (  # noqa: PLC0415
            InMemorySpanExporter,
        )

        from evald.adapters.otel.traces import OtelTraces  # noqa: PLC0415
    except ImportError:
        print("a row's span, on         (the extra otel is not installed)")
        return
    traces = OtelTraces(InMemorySpanExporter(), version="bench", process="bench")
    print_ns("a row's span, on", lambda: span(traces), times)
    traces.close()


def print_ns(name: str, work: Callable[[], None], times: int) -> float:
    """Nanoseconds that it takes, without the loop around it; printed."""
    best = min(loop_ns(work, times) for _ in range(ROUNDS))
    empty = min(loop_ns(lambda: None, times) for _ in range(ROUNDS))
    each = max(0.0, best - empty)
    print(f"{name:<24}{each:>8.0f} ns")
    return each


def loop_ns(work: Callable[[], None], times: int) -> float:
    """CPU time, since a busy machine takes it away from any other."""
    began = time.process_time_ns()
    for _ in repeat(None, times):
        work()
    return (time.process_time_ns() - began) / times


if __name__ == "__main__":
    main()
