"""Which SQL keeps API keys."""

from typing import Any, cast

from sqlalchemy import Row, exists, insert, select, update

from evald.adapters.sql.documents import document_text, read_document
from evald.adapters.sql.session import Session, in_thread
from evald.adapters.sql.tables import API_KEYS
from evald.ports.kept import StoredKey


class SqlKeyTable:
    """API keys in a table. Fulfils `evald.ports.store.KeyTable`."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @in_thread
    def insert(self, key: StoredKey, *, secret_hash: str) -> None:
        """The key is kept."""
        self.session.connection.execute(
            insert(API_KEYS).values(
                id=key.id,
                project_id=key.project_id,
                secret_hash=secret_hash,
                created_at=key.created_at,
                revoked_at=key.revoked_at,
                document=document_text({"name": key.name, "hint": key.hint}),
            )
        )

    @in_thread
    def all(self, project_id: str) -> list[StoredKey]:
        """Every key of the project, revoked ones too, oldest first."""
        found = self.session.connection.execute(
            select(API_KEYS).where(API_KEYS.c.project_id == project_id).order_by(API_KEYS.c.seq)
        )
        return [_key(row) for row in found]

    @in_thread
    def find(self, secret_hash: str) -> StoredKey | None:
        """The key of this secret, revoked or not."""
        found = self.session.connection.execute(
            select(API_KEYS).where(API_KEYS.c.secret_hash == secret_hash)
        )
        row = found.one_or_none()
        return None if row is None else _key(row)

    @in_thread
    def revoke(self, project_id: str, key_id: str, *, now: int) -> bool:
        """The key is good no more; says whether there was one to revoke."""
        revoked = self.session.connection.execute(
            update(API_KEYS)
            .where(
                API_KEYS.c.project_id == project_id,
                API_KEYS.c.id == key_id,
                API_KEYS.c.revoked_at.is_(None),
            )
            .values(revoked_at=now)
        )
        return revoked.rowcount > 0

    @in_thread
    def any_good(self) -> bool:
        """Whether some key is kept that is not revoked."""
        good = select(exists().where(API_KEYS.c.revoked_at.is_(None)))
        return bool(self.session.connection.scalar(good))


def _key(row: Row[Any]) -> StoredKey:
    kept = read_document(row.document)
    return StoredKey(
        id=row.id,
        project_id=row.project_id,
        name=cast(str, kept["name"]),
        hint=cast(str, kept["hint"]),
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )
