"""Blobs in a database, for stores that several hosts share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from evald.adapters.sql.blobs import FoundBlob
from evald.adapters.sql.store import SqlStore
from evald.adapters.uninterrupted import uninterrupted
from evald.ports.blobs import BlobNotFound
from evald.ports.clock import Clock

PIECE_BYTES = 1_048_576
"""How much stands in one row; all pieces of a blob but the last have so many bytes."""

KEPT_S = 3_600
"""How long a deleted blob can be read to its end, in seconds."""

UNFINISHED_S = 86_400
"""How old an unfinished blob is whose writer is surely gone, in seconds."""


class DatabaseBlobs:
    """Blobs in the store's own database. Fulfils `evald.ports.blobs.Blobs`.

    Each piece is written and read in a transaction of its own, so that a slow client holds no
    connection.
    """

    def __init__(self, store: SqlStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    @asynccontextmanager
    async def writing(self, blob_id: str) -> AsyncIterator["DatabaseBlobWriter"]:
        """A writer whose bytes are there, and safe from power loss, once the block is left.

        A block left by an exception leaves nothing behind. A blob of this id is replaced.
        """
        async with self._store.transaction() as tx:
            seq = await tx.blobs.begin(blob_id, now=self._clock.now())
        writer = DatabaseBlobWriter(self._store, seq)
        is_whole = False
        try:
            yield writer
            await writer.flush()
            async with self._store.transaction() as tx:
                now = self._clock.now()
                await tx.blobs.finish(blob_id, seq, size=writer.size, now=now)
                is_whole = True
        finally:
            if not is_whole:
                await uninterrupted(self._give_up(seq))

    async def read(
        self, blob_id: str, *, start: int = 0, size: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes from `start`, `size` of them or all, in pieces of at most 1 MiB.

        A blob that is deleted while it is read is read to its end, for an hour.

        Raises:
            BlobNotFound: no such blob.
        """
        found = await self._found(blob_id)
        end = found.size if size is None else min(found.size, start + size)
        while start < end:
            number, skipped = divmod(start, PIECE_BYTES)
            async with self._store.snapshot() as tx:
                whole = await tx.blobs.piece(found.seq, number)
            piece = whole[skipped : skipped + end - start]
            if not piece:
                raise BlobNotFound(blob_id)
            yield piece
            start += len(piece)

    async def size(self, blob_id: str) -> int:
        """How many bytes the blob has.

        Raises:
            BlobNotFound: no such blob.
        """
        return (await self._found(blob_id)).size

    async def delete(self, blob_id: str) -> None:
        """Nothing is kept under the id any more; whether something was makes no difference."""
        async with self._store.transaction() as tx:
            await tx.blobs.end(blob_id, now=self._clock.now())

    async def ids(self) -> list[str]:
        """The ids of all blobs that are kept, in no order; unfinished ones are not among them."""
        async with self._store.snapshot() as tx:
            return await tx.blobs.ids()

    async def clear(self) -> None:
        """What is left of blobs that are gone, or were never finished, is cleared away."""
        now = self._clock.now()
        more = True
        while more:
            async with self._store.transaction() as tx:
                more = await tx.blobs.clear(
                    gone_before=now - KEPT_S, begun_before=now - UNFINISHED_S
                )

    async def _give_up(self, seq: int) -> None:
        async with self._store.transaction() as tx:
            await tx.blobs.give_up(seq)

    async def _found(self, blob_id: str) -> FoundBlob:
        async with self._store.snapshot() as tx:
            found = await tx.blobs.find(blob_id)
        if found is None:
            raise BlobNotFound(blob_id)
        return found


class DatabaseBlobWriter:
    """Bytes on their way into rows. Fulfils `evald.ports.blobs.BlobWriter`."""

    def __init__(self, store: SqlStore, seq: int) -> None:
        self._store = store
        self._seq = seq
        self._number = 0
        self._pending = bytearray()
        self.size = 0

    async def write(self, chunk: bytes) -> None:
        """Appends the chunk; small ones are gathered."""
        self._pending += chunk
        self.size += len(chunk)
        while len(self._pending) >= PIECE_BYTES:
            await self._put(bytes(self._pending[:PIECE_BYTES]))
            del self._pending[:PIECE_BYTES]

    async def flush(self) -> None:
        """All that was written is in rows."""
        if self._pending:
            await self._put(bytes(self._pending))
            self._pending.clear()

    async def _put(self, piece: bytes) -> None:
        async with self._store.transaction() as tx:
            await tx.blobs.add_piece(self._seq, self._number, piece)
        self._number += 1
