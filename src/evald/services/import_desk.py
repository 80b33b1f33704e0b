"""The import desk: archives that were sent to a serving process are imported, one after another."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from evald.domain.archive.import_report import ImportReport
from evald.domain.archive.kinds import Kind
from evald.ports.archive_source import Archives, ArchiveSource, ArchiveUnusable
from evald.ports.blobs import BlobNotFound, Blobs
from evald.ports.clock import Clock
from evald.ports.cpu import Cpu
from evald.ports.kept import StoredImport
from evald.ports.store import Store
from evald.services.import_tools import ImportTools
from evald.services.imports import import_archive
from evald.wire.errors import ApiError
from evald.wire.imports import Import, ImportCounts, ImportStatus

_log = logging.getLogger("evald.imports")

MAX_ATTEMPTS = 3
"""An archive over which the process ended that often is not tried again."""

HOLD_S = 60
LOOK_S = 30.0
"""How long an import is a desk's alone, unless it says so anew, and how often others look for one
whose desk fell silent.
"""

PAUSE_S = 5.0
"""How long the desk waits after the store failed it."""


@dataclass(frozen=True, slots=True)
class DeskTools:
    """What the desk works with; `desk_id` is under whose name it holds an import."""

    store: Store
    blobs: Blobs
    clock: Clock
    cpu: Cpu
    archives: Archives
    max_file_bytes: int
    desk_id: str


class ImportDesk:
    """Imports what is written down, oldest first; what a former process left undone, again."""

    def __init__(self, tools: DeskTools) -> None:
        """Begins with nothing in hand."""
        self._tools = tools
        self._due = asyncio.Event()
        self._in_hand: dict[str, ImportReport] = {}

    def wake(self) -> None:
        """Has the desk look for imports now."""
        self._due.set()

    def report(self, import_id: str) -> ImportReport | None:
        """How far the import is that is in progress here; None for any other."""
        return self._in_hand.get(import_id)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """While the block lasts, archives are imported; one in hand then goes on at next start."""
        task = asyncio.create_task(self.keep_importing())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def keep_importing(self) -> None:
        """Imports whatever is to be imported, until it is canceled."""
        while True:
            self._due.clear()
            try:
                await self._import_all()
            except Exception:  # noqa: BLE001 - an outermost loop
                # The store may be away for a moment; what is not done is done later.
                _log.exception("import_failed")
                await self._tools.clock.sleep(PAUSE_S)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._due.wait()

    async def _import_all(self) -> None:
        while True:
            async with self._tools.store.transaction() as tx:
                an_import = await tx.archive_imports.begin_next(self._tools.desk_id, hold_s=HOLD_S)
            if an_import is None:
                return
            await self._import(an_import)

    async def _import(self, an_import: StoredImport) -> None:
        report = ImportReport()
        self._in_hand[an_import.id] = report
        holding = asyncio.create_task(self._keep_holding(an_import.id))
        try:
            error = await self._imported(an_import, report)
            status: ImportStatus = "completed" if error is None else "failed"
            view = composed_import(an_import, report, status=status, error=error)
            async with self._tools.store.transaction() as tx:
                await tx.archive_imports.end(an_import.id, status, view.model_dump())
            await self._tools.blobs.delete(an_import.blob_id)
            _log.info("import_ended import=%s status=%s new=%d", an_import.id, status, report.new)
        finally:
            del self._in_hand[an_import.id]
            holding.cancel()
            await asyncio.wait([holding])

    async def _keep_holding(self, import_id: str) -> None:
        """Nobody else begins the import, until this is canceled."""
        while True:
            await self._tools.clock.sleep(HOLD_S / 4)
            try:
                async with self._tools.store.transaction() as tx:
                    await tx.archive_imports.hold(import_id, self._tools.desk_id, hold_s=HOLD_S)
            except Exception:  # noqa: BLE001 - an outermost loop
                # What another desk begins as well is imported once all the same.
                _log.exception("import_not_held import=%s", import_id)

    async def _imported(self, an_import: StoredImport, report: ImportReport) -> ApiError | None:
        if an_import.attempts > MAX_ATTEMPTS:
            message = f"The server ended {MAX_ATTEMPTS} times while importing this archive."
            return ApiError(code="internal_error", message=message)
        try:
            async with self._tools.archives.opened(an_import.blob_id) as source:
                await import_archive(self._import_tools(an_import, source, report))
                report.notes[:0] = source.notes()
                report.problems[:0] = source.problems()
        except (ArchiveUnusable, BlobNotFound) as problem:
            return ApiError(code="invalid_archive", message=str(problem))
        return None

    def _import_tools(
        self, an_import: StoredImport, source: ArchiveSource, report: ImportReport
    ) -> ImportTools:
        return ImportTools(
            source=source,
            store=self._tools.store,
            blobs=self._tools.blobs,
            clock=self._tools.clock,
            cpu=self._tools.cpu,
            project_id=an_import.project_id,
            max_file_bytes=self._tools.max_file_bytes,
            is_dry=an_import.is_dry,
            report=report,
        )


def composed_import(
    stored: StoredImport,
    report: ImportReport,
    *,
    status: ImportStatus,
    error: ApiError | None = None,
) -> Import:
    """The import as the API answers it, with what this report says."""
    counts = {
        str(kind): ImportCounts(
            new=each.new,
            updated=each.updated,
            there=each.there,
            conflicting=each.conflicting,
            damaged=each.damaged,
            left_out=each.left_out,
        )
        for kind, each in ((kind, report.counts[kind]) for kind in Kind)
    }
    return Import(
        id=stored.id,
        created_at=stored.created_at,
        status=status,
        dry_run=stored.is_dry,
        counts=counts,
        problems=list(report.problems),
        notes=list(report.notes),
        unlisted=report.unlisted,
        error=error,
    )
