"""Which SQL keeps blobs, by the piece."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, update

from evald.adapters.sql.session import Session, in_thread
from evald.adapters.sql.tables import BLOB_PIECES, BLOBS

_BLOBS = BLOBS.c
_PIECES = BLOB_PIECES.c
MOST_CLEARED = 50
"""Blobs cleared in one transaction, so that no other write waits for long."""


@dataclass(frozen=True, slots=True)
class FoundBlob:
    """A whole blob: the number under which its pieces are kept, and its size in bytes."""

    seq: int
    size: int


class SqlBlobTable:
    """Blobs and their pieces in tables."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @in_thread
    def begin(self, blob_id: str, *, now: int) -> int:
        """The number of a new blob, which nobody sees before it is whole."""
        made = self.session.connection.execute(
            insert(BLOBS).values(id=blob_id, begun_at=now).returning(_BLOBS.seq)
        )
        return int(made.scalar_one())

    @in_thread
    def add_piece(self, seq: int, number: int, piece: bytes) -> None:
        """The piece of this number is kept."""
        self.session.connection.execute(
            insert(BLOB_PIECES).values(blob_seq=seq, number=number, piece=piece)
        )

    @in_thread
    def finish(self, blob_id: str, seq: int, *, size: int, now: int) -> None:
        """The blob is whole; one that had its id is gone."""
        old = update(BLOBS).where(_is_live(blob_id)).values(gone_at=now)
        self.session.connection.execute(old)
        whole = update(BLOBS).where(_BLOBS.seq == seq).values(size=size)
        self.session.connection.execute(whole)

    @in_thread
    def find(self, blob_id: str) -> FoundBlob | None:
        """The blob, if it is there and whole."""
        row = self.session.connection.execute(
            select(_BLOBS.seq, _BLOBS.size).where(_is_live(blob_id))
        ).one_or_none()
        return None if row is None else FoundBlob(row.seq, row.size)

    @in_thread
    def piece(self, seq: int, number: int) -> bytes:
        """The piece of this number; empty where there is none."""
        found = self.session.connection.scalar(
            select(_PIECES.piece).where(_PIECES.blob_seq == seq, _PIECES.number == number)
        )
        return bytes(found or b"")

    @in_thread
    def end(self, blob_id: str, *, now: int) -> None:
        """No blob is there under this id any more."""
        self.session.connection.execute(update(BLOBS).where(_is_live(blob_id)).values(gone_at=now))

    @in_thread
    def give_up(self, seq: int) -> None:
        """Nothing is kept of a blob that was not finished."""
        self.session.connection.execute(delete(BLOB_PIECES).where(_PIECES.blob_seq == seq))
        self.session.connection.execute(delete(BLOBS).where(_BLOBS.seq == seq))

    @in_thread
    def ids(self) -> list[str]:
        """The ids of all blobs that are there and whole."""
        found = select(_BLOBS.id).where(_BLOBS.size.is_not(None), _BLOBS.gone_at.is_(None))
        return list(self.session.connection.scalars(found))

    @in_thread
    def clear(self, *, gone_before: int, begun_before: int) -> bool:
        """Some blobs that are gone, or were never finished, leave nothing; says whether more may.

        Args:
            gone_before: Unix seconds before which they must be gone.
            begun_before: Unix seconds before which unfinished ones must have been begun.
        """
        is_unfinished = _BLOBS.size.is_(None) & (_BLOBS.begun_at < begun_before)
        left_over = or_(_BLOBS.gone_at < gone_before, is_unfinished)
        seqs = list(
            self.session.connection.scalars(
                select(_BLOBS.seq).where(left_over).order_by(_BLOBS.seq).limit(MOST_CLEARED)
            )
        )
        if seqs:
            connection = self.session.connection
            connection.execute(delete(BLOB_PIECES).where(_PIECES.blob_seq.in_(seqs)))
            connection.execute(delete(BLOBS).where(_BLOBS.seq.in_(seqs)))
        return len(seqs) == MOST_CLEARED

    @in_thread
    def bytes_kept(self) -> int:
        """How many bytes the blobs that are there have in all."""
        total = select(func.sum(_BLOBS.size)).where(_BLOBS.gone_at.is_(None))
        return int(self.session.connection.scalar(total) or 0)


def _is_live(blob_id: str) -> ColumnElement[bool]:
    return (_BLOBS.id == blob_id) & _BLOBS.size.is_not(None) & _BLOBS.gone_at.is_(None)
