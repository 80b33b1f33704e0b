"""What every step of a run is handed: the ports, and the limits that hold."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from evald.graders.tools import GraderTools
from evald.ports.blobs import Blobs
from evald.ports.clock import Clock
from evald.ports.cpu import Cpu
from evald.ports.metrics import NO_METRICS, Metrics
from evald.ports.model import ModelClient
from evald.ports.store import Store
from evald.ports.traces import NO_TRACES, Traces

LOCAL = "local"
"""The id of the one worker of a data folder: it stays, so that a restart goes on at once."""


@dataclass(frozen=True, slots=True)
class LogLimits:
    """How long, in seconds, and how much of them logs are kept by each project; None: any."""

    max_age_s: int | None = None
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class EngineContext:
    """The world as the engine sees it.

    `grader_tools` makes what the graders of a row work with until a moment of the monotonic clock.
    `concurrency_of` says how many calls the providers of some models take at once, all together.
    `item_timeout_s` is how long one row may take in all, in seconds, and `run_timeout_s` a run
    since it was begun or taken up again, None for any time. `max_row_bytes` bounds one row.
    `worker_id` is under whose name this process claims work.
    """

    store: Store
    blobs: Blobs
    clock: Clock
    cpu: Cpu
    model: ModelClient
    grader_tools: Callable[[float], GraderTools]
    concurrency_of: Callable[[Collection[str]], int]
    item_timeout_s: float
    max_row_bytes: int
    run_timeout_s: float | None = None
    log_limits: LogLimits = LogLimits()
    worker_id: str = LOCAL
    metrics: Metrics = NO_METRICS
    traces: Traces = NO_TRACES
