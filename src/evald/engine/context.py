"""What every step of a run is handed: the ports, and the limits that hold."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from evald.graders.tools import GraderTools
from evald.ports.blobs import Blobs
from evald.ports.clock import Clock
from evald.ports.cpu import Cpu
from evald.ports.model import ModelClient
from evald.ports.store import Store


@dataclass(frozen=True, slots=True)
class EngineContext:
    """The world as the engine sees it.

    `grader_tools` makes what the graders of a row work with until a moment of the monotonic clock.
    `concurrency_of` says how many calls the providers of some models take at once, all together.
    `item_timeout_s` is how long one row may take in all, in seconds; `max_row_bytes` bounds one
    row.
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
