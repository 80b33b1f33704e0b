"""Writing files that are either whole or not there, and that nobody else may read."""

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedWriter, FileIO
from pathlib import Path

from evald.domain.archive.journal import Stored
from evald.domain.archive.manifest import FileSum
from evald.ports.archive import CannotKeep

UNFINISHED = "unfinished"
"""The subfolder in which files are written until they are whole."""

PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600
PIECE_BYTES = 1024 * 1024

_FULL = (errno.ENOSPC, errno.EDQUOT)


class WholeFile:
    """A file that is written beside its place and moved there when it is whole."""

    def __init__(self, unfinished: Path) -> None:
        """Writes to this path, which is emptied."""
        self._path = unfinished
        self._file = FileIO(unfinished, "wb", opener=_private)
        self._pending = bytearray()
        self._sum = hashlib.sha256()
        self.size = 0

    def write(self, chunk: bytes) -> None:
        """Appends the chunk; small ones are gathered."""
        self.size += len(chunk)
        self._pending += chunk
        if len(self._pending) >= PIECE_BYTES:
            self._flush()

    def seal(self) -> None:
        """All that was written is on disk."""
        self._flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def move(self, folder: Path, path: str) -> Stored:
        """The sealed file lies at this path in the folder, whatever lay there before."""
        self._path.replace(folder / path)
        return Stored(path, self.size, self._sum.hexdigest())

    def discard(self) -> None:
        """What was not moved is gone."""
        self._file.close()
        self._path.unlink(missing_ok=True)

    def _flush(self) -> None:
        self._sum.update(self._pending)
        write_all(self._file, self._pending)
        self._pending = bytearray()


def open_private(path: Path) -> BufferedWriter:
    """An empty file that nobody else may read."""
    return BufferedWriter(FileIO(path, "wb", opener=_private))


def write_all(file: FileIO, content: bytes | bytearray) -> None:
    """Writes all of it, however little the system takes at once."""
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]


def file_sum(path: Path) -> FileSum:
    """The file's size and SHA-256."""
    size, total = 0, hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            size += len(piece)
            total.update(piece)
    return FileSum(size, total.hexdigest())


def make_private(folder: Path) -> None:
    """The folder is there, and open to its owner alone if it was made now."""
    folder.mkdir(PRIVATE_FOLDER, exist_ok=True)


def sync_folder(folder: Path) -> None:
    """What was made or moved in the folder is on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def keeping(folder: Path) -> Iterator[None]:
    """Says it in a sentence when the folder does not take what is written in the block.

    Raises:
        CannotKeep: it does not.
    """
    try:
        yield
    except OSError as problem:
        reason = "the disk is full" if problem.errno in _FULL else problem.strerror or str(problem)
        raise CannotKeep(f"'{folder}' cannot be written to: {reason}.") from problem


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, PRIVATE_FILE)
