"""Which SQL keeps files."""

from typing import Any

from sqlalchemy import ColumnElement, Row, delete, insert, or_, select

from evald.adapters.sql.documents import document_text, read_document
from evald.adapters.sql.pages import after_key, beyond, read_page
from evald.adapters.sql.session import Session, in_thread
from evald.adapters.sql.tables import FILES
from evald.ports.kept import Page, StoredFile
from evald.wire.files import File, ImportedFile
from evald.wire.pages import ListFilesQuery


class SqlFileTable:
    """Files in a table. Fulfils `evald.ports.store.FileTable`."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @in_thread
    def insert(self, project_id: str, stored: StoredFile) -> None:
        """The file is kept."""
        file = stored.file
        imported = file.imported if isinstance(file, ImportedFile) else None
        self.session.connection.execute(
            insert(FILES).values(
                id=file.id,
                project_id=project_id,
                created_at=file.created_at,
                purpose=file.purpose,
                expires_at=file.expires_at,
                blob_id=stored.blob_id,
                document=document_text(file.model_dump(exclude={"imported"})),
                imported=None if imported is None else document_text(imported),
            )
        )

    @in_thread
    def page(self, project_id: str, query: ListFilesQuery, *, now: int) -> Page[StoredFile]:
        """A page of the files that have not expired. `after` may have another purpose.

        Raises:
            CursorUnknown: `after` is no file of the project, or has expired.
        """
        mine = (FILES.c.project_id == project_id) & unexpired(now)
        key = [FILES.c.created_at, FILES.c.seq]
        after = after_key(
            self.session.connection, query, select(*key).where(mine, FILES.c.id == query.after)
        )
        rows = select(FILES).where(mine)
        if query.purpose is not None:
            rows = rows.where(FILES.c.purpose == query.purpose)
        rows = beyond(rows, key, after=after, query=query)
        return read_page(self.session.connection, rows, _file, limit=query.limit)

    @in_thread
    def get(self, project_id: str, file_id: str, *, now: int) -> StoredFile | None:
        """The file, if it is there and has not expired."""
        found = self.session.connection.execute(
            select(FILES).where(
                FILES.c.project_id == project_id, FILES.c.id == file_id, unexpired(now)
            )
        )
        row = found.one_or_none()
        return None if row is None else _file(row)

    @in_thread
    def delete(self, project_id: str, file_id: str) -> bool:
        """The file is gone; says whether it was there, expired or not."""
        gone = self.session.connection.execute(
            delete(FILES).where(FILES.c.project_id == project_id, FILES.c.id == file_id)
        )
        return gone.rowcount > 0

    @in_thread
    def delete_expired(self, *, now: int) -> int:
        """Every file whose time has come is gone; returns how many."""
        gone = self.session.connection.execute(delete(FILES).where(FILES.c.expires_at <= now))
        return gone.rowcount


def unexpired(now: int) -> ColumnElement[bool]:
    """A file is there until the second in which it expires."""
    return or_(FILES.c.expires_at.is_(None), FILES.c.expires_at > now)


def _file(row: Row[Any]) -> StoredFile:
    document = read_document(row.document)
    if row.imported is None:
        return StoredFile(File.model_validate(document), row.blob_id)
    file = ImportedFile.model_validate({**document, "imported": read_document(row.imported)})
    return StoredFile(file, row.blob_id)
