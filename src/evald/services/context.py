"""What every use case is handed: the ports, and the few settings that show in answers."""

from dataclasses import dataclass

from evald.ports.blobs import Blobs
from evald.ports.clock import Clock
from evald.ports.cpu import Cpu
from evald.ports.model import ModelCatalog
from evald.ports.store import Store
from evald.ports.work import Work


@dataclass(frozen=True, slots=True)
class Context:
    """The world as use cases see it.

    `public_url` is where pages are reached, without a slash at its end. `max_file_bytes` and
    `max_row_bytes` bound an uploaded file and one row of a data source.
    """

    store: Store
    blobs: Blobs
    clock: Clock
    work: Work
    cpu: Cpu
    catalog: ModelCatalog
    public_url: str
    max_file_bytes: int
    max_row_bytes: int
