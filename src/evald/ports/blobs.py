"""Bytes by id, written once and read in pieces."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class BlobNotFound(Exception):
    """No bytes are kept under this id."""


class BlobWriter(Protocol):
    """Bytes on their way into a blob."""

    async def write(self, chunk: bytes) -> None:
        """Appends the chunk."""
        ...


class Blobs(Protocol):
    """A place for bytes too many for a row of a table."""

    def writing(self, blob_id: str) -> AbstractAsyncContextManager[BlobWriter]:
        """A writer whose bytes are there, and safe from power loss, once the block is left.

        A block left by an exception leaves nothing behind.
        """
        ...

    def read(
        self, blob_id: str, *, start: int = 0, size: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes from `start`, `size` of them or all, in pieces of at most 1 MiB.

        Raises:
            BlobNotFound: no such blob.
        """
        ...

    async def size(self, blob_id: str) -> int:
        """How many bytes the blob has.

        Raises:
            BlobNotFound: no such blob.
        """
        ...

    async def delete(self, blob_id: str) -> None:
        """Nothing is kept under the id any more; whether something was makes no difference."""
        ...

    async def ids(self) -> list[str]:
        """The ids of all blobs that are kept."""
        ...

    async def clear(self) -> None:
        """What is left of blobs that are gone, or were never finished, is cleared away."""
        ...
