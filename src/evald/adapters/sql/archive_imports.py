"""Which SQL keeps the archives that the server was given to import."""

from typing import Any

from sqlalchemy import Row, insert, or_, select, update

from evald.adapters.sql.database_clock import database_now
from evald.adapters.sql.documents import Document, document_text, read_document
from evald.adapters.sql.session import Session, in_thread
from evald.adapters.sql.tables import ARCHIVE_IMPORTS
from evald.ports.kept import StoredImport
from evald.wire.imports import ImportStatus

_COLUMNS = ARCHIVE_IMPORTS.c
_UNENDED = ("queued", "in_progress")


class SqlArchiveImportTable:
    """Imports in a table. Fulfils `evald.ports.archive_imports.ArchiveImportTable`."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @in_thread
    def insert(self, an_import: StoredImport) -> None:
        """The import is kept."""
        report = an_import.report
        self.session.connection.execute(
            insert(ARCHIVE_IMPORTS).values(
                id=an_import.id,
                project_id=an_import.project_id,
                created_at=an_import.created_at,
                is_dry=an_import.is_dry,
                status=an_import.status,
                blob_id=an_import.blob_id,
                attempts=an_import.attempts,
                report=None if report is None else document_text(report),
                claimed_until=0,
            )
        )

    @in_thread
    def get(self, project_id: str, import_id: str) -> StoredImport | None:
        """The import, if it is there."""
        row = self.session.connection.execute(
            select(ARCHIVE_IMPORTS).where(
                _COLUMNS.id == import_id, _COLUMNS.project_id == project_id
            )
        ).one_or_none()
        return None if row is None else _read(row)

    @in_thread
    def begin_next(self, desk_id: str, *, hold_s: int) -> StoredImport | None:
        """The oldest import that has not ended, in progress now and begun once more.

        It is this desk's for so many seconds; one that another holds is passed over. None where
        there is none.
        """
        now = database_now(self.session.connection)
        is_free = or_(
            _COLUMNS.claimed_by.is_(None),
            _COLUMNS.claimed_by == desk_id,
            _COLUMNS.claimed_until < now,
        )
        oldest = (
            select(_COLUMNS.seq)
            .where(_COLUMNS.status.in_(_UNENDED), is_free)
            .order_by(_COLUMNS.seq)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        row = self.session.connection.execute(
            update(ARCHIVE_IMPORTS)
            .where(_COLUMNS.seq == oldest.scalar_subquery())
            .values(
                status="in_progress",
                attempts=_COLUMNS.attempts + 1,
                claimed_by=desk_id,
                claimed_until=now + hold_s,
            )
            .returning(ARCHIVE_IMPORTS)
        ).one_or_none()
        return None if row is None else _read(row)

    @in_thread
    def hold(self, import_id: str, desk_id: str, *, hold_s: int) -> bool:
        """The import is the desk's for so many seconds more; says whether it still was."""
        held = self.session.connection.execute(
            update(ARCHIVE_IMPORTS)
            .where(_COLUMNS.id == import_id, _COLUMNS.claimed_by == desk_id)
            .values(claimed_until=database_now(self.session.connection) + hold_s)
        )
        return held.rowcount > 0

    @in_thread
    def end(self, import_id: str, status: ImportStatus, report: Document) -> None:
        """The import has ended like this; its blob is needed no longer."""
        self.session.connection.execute(
            update(ARCHIVE_IMPORTS)
            .where(_COLUMNS.id == import_id)
            .values(status=status, report=document_text(report))
        )


def _read(row: Row[Any]) -> StoredImport:
    return StoredImport(
        id=row.id,
        project_id=row.project_id,
        created_at=row.created_at,
        is_dry=row.is_dry,
        status=row.status,
        blob_id=row.blob_id,
        attempts=row.attempts,
        report=None if row.report is None else read_document(row.report),
    )
