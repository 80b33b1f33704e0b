"""What every step of a run is handed: the ports, and the limits that hold."""

from collections.abc import Callable
from dataclasses import dataclass

from evald.ports.blobs import Blobs
from evald.ports.clock import Clock
from evald.ports.cpu import Cpu
from evald.ports.model import ModelClient
from evald.ports.store import Store


@dataclass(frozen=True, slots=True)
class EngineContext:
    """The world as the engine sees it.

    `concurrency_of` says how many calls a model's provider takes at once. `item_timeout_s` is how
    long one row may take in all, in seconds; `max_row_bytes` bounds one row.
    """

    store: Store
    blobs: Blobs
    clock: Clock
    cpu: Cpu
    model: ModelClient
    concurrency_of: Callable[[str], int]
    item_timeout_s: float
    max_row_bytes: int
