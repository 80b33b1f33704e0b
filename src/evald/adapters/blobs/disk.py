"""Blobs as files in a folder."""

import asyncio
import os
import re
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from io import FileIO
from pathlib import Path
from typing import TypeVar

from evald.adapters.uninterrupted import uninterrupted
from evald.ports.blobs import BlobNotFound

T = TypeVar("T")

PIECE_BYTES = 1_048_576
"""How much is read, and at least written, by one trip to a thread.

A trip takes milliseconds while another thread checks rows, since the two take turns at Python:
with pieces of 256 KiB, the echo of a large run took three times as long.
"""

UNSYNCED_BYTES = 16_777_216
"""How much may wait to be written to disk, so that the end of a large blob comes soon."""

_ID = re.compile(r"[A-Za-z0-9_-]+")
_UNFINISHED = "unfinished"
_PRIVATE = 0o700

# macOS has fsync only, which does more than is needed here.
_sync_bytes: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)


class DiskBlobs:
    """Blobs as files, named by their ids, in 256 subfolders. Fulfils `evald.ports.blobs.Blobs`.

    A blob is written in the subfolder `unfinished`, and moved to its place when it is whole.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @asynccontextmanager
    async def writing(self, blob_id: str) -> AsyncIterator["DiskBlobWriter"]:
        """A writer whose bytes are there, and safe from power loss, once the block is left.

        A block left by an exception leaves nothing behind. A blob of this id is replaced.

        Raises:
            ValueError: the id could be a path.
            FileExistsError: the blob is being written by another.
        """
        place = self.path(blob_id)
        writer = DiskBlobWriter(self._folder / _UNFINISHED / blob_id)
        try:
            await writer.begin()
            yield writer
            await writer.move(place)
        finally:
            await writer.discard()

    async def read(
        self, blob_id: str, *, start: int = 0, size: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes from `start`, `size` of them or all, in pieces of at most 1 MiB.

        A blob that is deleted while it is read is read to its end.

        Raises:
            BlobNotFound: no such blob.
            ValueError: the id could be a path.
        """
        reader = _Reader(self.path(blob_id))
        end = float("inf") if size is None else start + size
        try:
            while piece := await _in_thread(
                partial(reader.piece, start, int(min(PIECE_BYTES, end - start)))
            ):
                yield piece
                start += len(piece)
        finally:
            reader.close()

    async def size(self, blob_id: str) -> int:
        """How many bytes the blob has.

        Raises:
            BlobNotFound: no such blob.
            ValueError: the id could be a path.
        """
        try:
            return (await _in_thread(self.path(blob_id).stat)).st_size
        except FileNotFoundError:
            raise BlobNotFound(blob_id) from None

    async def delete(self, blob_id: str) -> None:
        """Nothing is kept under the id any more; whether something was makes no difference.

        Raises:
            ValueError: the id could be a path.
        """
        await _in_thread(partial(self.path(blob_id).unlink, missing_ok=True))

    async def ids(self) -> list[str]:
        """The ids of all blobs that are kept, in no order; unfinished ones are not among them."""
        return await _in_thread(partial(_ids, self._folder))

    async def clear(self) -> None:
        """Nothing is left of blobs that are gone; what is unfinished is cleared away at start."""

    async def sweep_unfinished(self) -> None:
        """What writers left half done when their process ended is gone. To be called at start."""
        await _in_thread(partial(_sweep, self._folder / _UNFINISHED))

    def path(self, blob_id: str) -> Path:
        """Where the blob lies, or would.

        Raises:
            ValueError: the id could be a path.
        """
        if not _ID.fullmatch(blob_id):
            message = f"'{blob_id}' is no id of a blob: it may hold letters, digits, '_' and '-'."
            raise ValueError(message)
        # Ids begin with the time, so by their own digits they would fill one subfolder at a time.
        fan = zlib.crc32(blob_id.encode()) % 256
        return self._folder / f"{fan:02x}" / blob_id


class DiskBlobWriter:
    """Bytes on their way into a file. Fulfils `evald.ports.blobs.BlobWriter`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: FileIO | None = None
        self._pending = bytearray()
        self._unsynced = 0

    async def begin(self) -> None:
        """The file is there, and empty.

        Raises:
            FileExistsError: it was there before.
        """
        await _in_thread(self._begin)

    async def write(self, chunk: bytes) -> None:
        """Appends the chunk; small ones are gathered."""
        self._pending += chunk
        if len(self._pending) >= PIECE_BYTES:
            await _in_thread(self._flush)

    async def move(self, place: Path) -> None:
        """All that was written lies in this place, on disk."""
        await _in_thread(partial(self._move, place))

    async def discard(self) -> None:
        """What was written and not moved is gone."""
        await _in_thread(self._discard)

    def _begin(self) -> None:
        _make_folder(self._path.parent.parent)
        _make_folder(self._path.parent)
        self._file = FileIO(self._path, "xb")

    def _flush(self) -> None:
        file = self._opened()
        left = memoryview(self._pending)
        self._unsynced += len(left)
        while left:
            left = left[file.write(left) :]
        self._pending = bytearray()
        if self._unsynced >= UNSYNCED_BYTES:
            _sync_bytes(file.fileno())
            self._unsynced = 0

    def _move(self, place: Path) -> None:
        self._flush()
        file = self._opened()
        os.fsync(file.fileno())
        file.close()
        _make_folder(place.parent)
        self._path.replace(place)
        self._file = None
        _sync_folder(place.parent)

    def _discard(self) -> None:
        if self._file is not None:
            self._file.close()
            self._path.unlink(missing_ok=True)
            self._file = None

    def _opened(self) -> FileIO:
        if self._file is None:
            message = f"the blob '{self._path.name}' is written within its block only"
            raise ValueError(message)
        return self._file


class _Reader:
    """A file that is opened when its first piece is asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: FileIO | None = None

    def piece(self, start: int, most: int) -> bytes:
        """At most so many bytes from there; none at the end."""
        if self._file is None:
            try:
                self._file = FileIO(self._path)
            except FileNotFoundError:
                raise BlobNotFound(self._path.name) from None
        return os.pread(self._file.fileno(), most, start)

    def close(self) -> None:
        """The file is closed; at once, since a reader that is given up cannot wait for a thread."""
        if self._file is not None:
            self._file.close()


async def _in_thread(work: Callable[[], T]) -> T:
    # To its end: a file must not be closed while a thread still works on it.
    return await uninterrupted(asyncio.to_thread(work))


def _ids(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("[0-9a-f][0-9a-f]/*")]


def _sweep(unfinished: Path) -> None:
    for path in unfinished.glob("*"):
        path.unlink(missing_ok=True)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(_PRIVATE)
    except FileExistsError:
        return
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
