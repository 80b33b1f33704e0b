"""A blob that is being written for an object which is not yet kept."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol

from evald.ports.blobs import Blobs, BlobWriter
from evald.ports.clock import Clock
from evald.wire.ids import IdPrefix


class Staging(Protocol):
    """What staging a blob needs of whoever does it."""

    @property
    def blobs(self) -> Blobs:
        """Where it is kept."""
        ...

    @property
    def clock(self) -> Clock:
        """Whose id it gets."""
        ...


class StagedBlob:
    """Bytes that are kept only once they are sealed and then claimed."""

    def __init__(self, blob_id: str, writer: BlobWriter, stack: AsyncExitStack) -> None:
        """Writes through this writer, which leaves with the stack."""
        self.id = blob_id
        self._writer = writer
        self._stack = stack
        self.claimed = False

    async def write(self, chunk: bytes) -> None:
        """Appends the chunk."""
        await self._writer.write(chunk)

    async def seal(self) -> None:
        """The bytes are all there and survive power loss; must come before `claim`."""
        await self._stack.aclose()

    def claim(self) -> None:
        """The blob stays when the block ends, since a committed row now names it."""
        self.claimed = True


@asynccontextmanager
async def staged_blob(context: Staging) -> AsyncIterator[StagedBlob]:
    """A new blob; what is not claimed by the end of the block is gone."""
    blob_id = context.clock.new_id(IdPrefix.BLOB)
    blob: StagedBlob | None = None
    try:
        async with AsyncExitStack() as stack:
            writer = await stack.enter_async_context(context.blobs.writing(blob_id))
            blob = StagedBlob(blob_id, writer, stack)
            yield blob
    finally:
        if blob is None or not blob.claimed:
            await context.blobs.delete(blob_id)
