"""What is counted of this process, under the names by which Prometheus knows it."""

import asyncio
from collections.abc import Sequence
from dataclasses import fields
from importlib import import_module

from evald.adapters.prometheus.series import (
    LONG_BOUNDS_S,
    CountedSeries,
    Series,
    TimedSeries,
    TokenSeries,
)
from evald.ports.metrics import Gauge, Metrics

_CALL = ("provider", "outcome")
_REQUEST = ("route", "method", "status")


class Prometheus:
    """Counts, and tells what was counted. Fulfils `evald.ports.metrics.Exposition`.

    What writes the text is loaded when it is first asked for: servers start sooner, and those that
    nobody watches never load it.
    """

    def __init__(self) -> None:
        """Begins with nothing counted."""
        self.metrics = _new_metrics()

    async def text(self, gauges: Sequence[Gauge]) -> bytes:
        """All that was counted, and these gauges, in the text format of Prometheus."""
        module = await asyncio.to_thread(import_module, "evald.adapters.prometheus.text")
        text: bytes = module.metrics_text(series_of(self.metrics), gauges)
        return text


def series_of(metrics: Metrics) -> list[Series]:
    """Every series of ours, in order."""
    values = (getattr(metrics, field.name) for field in fields(metrics))
    return [value for value in values if isinstance(value, Series)]


def _new_metrics() -> Metrics:
    return Metrics(
        rows=_timed_long(
            "evald_row_seconds",
            "Rows that were finished, and how long each took, waits and retries included.",
            "outcome",
        ),
        model_calls=_timed_long(
            "evald_model_call_seconds",
            "Attempts at calls of models for runs and graders, and how long the provider took.",
            *_CALL,
        ),
        model_retries=_counted(
            "evald_model_retries", "Calls of models that were tried again.", "provider"
        ),
        tokens=TokenSeries(
            "evald_tokens",
            "Tokens that providers counted, of runs, graders and the gateway; cached are of input.",
        ),
        gateway_calls=_timed_long(
            "evald_gateway_call_seconds",
            "Calls through the gateway, and how long the provider was waited for.",
            *_CALL,
        ),
        gateway_added=TimedSeries(
            "evald_gateway_added_seconds",
            "How long a call through the gateway took beside waiting for the provider.",
            ("provider",),
        ),
        logs_stored=_counted("evald_logs_stored", "Logs of the gateway that were kept.", "kind"),
        deliveries=_counted(
            "evald_webhook_deliveries", "Attempts to deliver a webhook.", "outcome"
        ),
        runs_ended=_counted("evald_runs_ended", "Runs that this process ended.", "status"),
        http=TimedSeries(
            "evald_http_request_seconds", "Requests, and how long they took to their end.", _REQUEST
        ),
    )


def _counted(name: str, means: str, *labels: str) -> CountedSeries:
    return CountedSeries(name, means, labels)


def _timed_long(name: str, means: str, *labels: str) -> TimedSeries:
    return TimedSeries(name, means, labels, LONG_BOUNDS_S)
