"""Who keeps spans: nobody, or the collector that the settings name."""

import asyncio
import os
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec

from evald.ports.traces import NO_TRACES, Traces
from evald.settings import Settings, variable

EXTRA = "otel"
_NEEDED = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")

LAST_WORDS_S = 2.0
"""How long the end of a process waits for its last spans to be sent."""


class TracesUnusable(Exception):
    """Spans are to be kept, and cannot be; the message says what to install."""


@asynccontextmanager
async def opened_traces(settings: Settings) -> AsyncIterator[Traces]:
    """Who keeps spans while the block lasts; nothing of OpenTelemetry is loaded for nobody.

    Raises:
        TracesUnusable: a collector is named, and the extra is not installed.
    """
    if not settings.traces_endpoint:
        yield NO_TRACES
        return
    _refuse_without_extra()
    module = await asyncio.to_thread(import_module, "evald.adapters.otel.traces")
    exporter = module.otlp_exporter(settings.traces_endpoint)
    process = f"{socket.gethostname()}-{os.getpid()}"
    traces = module.OtelTraces(exporter, version=version("evald"), process=process)
    try:
        yield traces
    finally:
        # In a thread that nothing waits for: a collector that is away is asked for long.
        closing = threading.Thread(target=traces.close, daemon=True)
        closing.start()
        await asyncio.to_thread(closing.join, LAST_WORDS_S)


def _refuse_without_extra() -> None:
    if any(_is_missing(name) for name in _NEEDED):
        message = (
            f"{variable('traces_endpoint')} is set, and spans need the extra: "
            f"pip install 'evald[{EXTRA}]'."
        )
        raise TracesUnusable(message)


def _is_missing(name: str) -> bool:
    try:
        return find_spec(name) is None
    except ModuleNotFoundError:  # of a package above it
        return True
