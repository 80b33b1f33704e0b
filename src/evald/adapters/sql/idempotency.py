"""Which SQL remembers Idempotency-Keys, and for how long."""

import hashlib

from sqlalchemy import delete, insert, select

from evald.adapters.sql.postgresql import lock_words
from evald.adapters.sql.session import Session, in_thread
from evald.adapters.sql.tables import IDEMPOTENCY_KEYS
from evald.ports.kept import Remembered

_REMEMBERED_S = 24 * 60 * 60
_KEYS = IDEMPOTENCY_KEYS.c


class SqlIdempotencyTable:
    """Idempotency keys in a table. Fulfils `evald.ports.store.IdempotencyTable`."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @in_thread
    def find(self, project_id: str, key: str, *, now: int) -> Remembered | None:
        """What the key made, if that is less than 24 hours ago."""
        if self.session.may_write:
            # Else two requests with one key, at the same moment, would both find nothing.
            lock_words(self.session.connection, "idempotency", project_id, key)
        found = self.session.connection.execute(
            select(_KEYS.request_hash, _KEYS.object_id).where(
                _KEYS.project_id == project_id,
                _KEYS.key_hash == _key_hash(key),
                _KEYS.created_at > now - _REMEMBERED_S,
            )
        )
        row = found.one_or_none()
        return None if row is None else Remembered(row.request_hash, row.object_id)

    @in_thread
    def insert(self, project_id: str, key: str, remembered: Remembered, *, now: int) -> None:
        """The key is remembered; keys of 24 hours ago and more are forgotten."""
        self.session.connection.execute(
            delete(IDEMPOTENCY_KEYS).where(_KEYS.created_at <= now - _REMEMBERED_S)
        )
        self.session.connection.execute(
            insert(IDEMPOTENCY_KEYS).values(
                project_id=project_id,
                key_hash=_key_hash(key),
                request_hash=remembered.request_hash,
                object_id=remembered.object_id,
                created_at=now,
            )
        )


def _key_hash(key: str) -> str:
    """What stands for the key: any text can be hashed, but not any text can be kept."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
