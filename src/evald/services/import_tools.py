"""What an import works with: the ports, what it was told, and what it has found so far."""

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from evald.domain.archive.import_report import ImportReport
from evald.domain.archive.kinds import Kind
from evald.ports.archive_source import ArchiveSource
from evald.ports.blobs import Blobs
from evald.ports.clock import Clock
from evald.ports.cpu import Cpu
from evald.ports.store import Store, Transaction
from evald.services.import_batches import Line, ParsedLine, UnusableLine


@dataclass(frozen=True, slots=True)
class ImportTools:
    """One import. With `is_dry` it only finds out what it would do.

    `evals` are the ids of the archive's evals that are here by now, `runs` those of its runs with
    the eval each belongs to, `completions` those of its stored completions.
    """

    source: ArchiveSource
    store: Store
    blobs: Blobs
    clock: Clock
    cpu: Cpu
    project_id: str
    max_file_bytes: int
    is_dry: bool = False
    report: ImportReport = field(default_factory=ImportReport)
    evals: set[str] = field(default_factory=set)
    runs: dict[str, str] = field(default_factory=dict)
    completions: set[str] = field(default_factory=set)

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction; one that only reads, where nothing is to be written."""
        return self.store.snapshot() if self.is_dry else self.store.transaction()

    def usable(self, kind: Kind, lines: Iterable[Line]) -> list[ParsedLine]:
        """Those lines that hold an object; the others are reported."""
        found: list[ParsedLine] = []
        for line in lines:
            match line:
                case ParsedLine():
                    found.append(line)
                case UnusableLine(place=place, reason=reason):
                    self.report.damage(kind, place, reason)
        return found
