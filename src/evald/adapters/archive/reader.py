"""Reading an archive that is as its manifest says: its lines and contents, byte for byte."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from evald.adapters.archive.files import PIECE_BYTES
from evald.adapters.archive.shelf import ArchiveUnreadable, Shelf, open_shelf
from evald.domain.archive.kinds import Kind
from evald.domain.archive.manifest import (
    MANIFEST,
    Manifest,
    ManifestMalformed,
    read_manifest,
)

MAX_MANIFEST_BYTES = 512 * 1024 * 1024
MAX_LINE_BYTES = 1024 * 1024 * 1024

_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError)


class ArchiveReader:
    """An open archive. Nothing it reads is trusted: paths stay within, sizes within the manifest's.

    It reads with plain, blocking calls, some of a page at a time.
    """

    def __init__(self, shelf: Shelf) -> None:
        """Reads the manifest.

        Raises:
            ArchiveUnreadable: there is none, or it is malformed.
        """
        self.shelf = shelf
        self.manifest = _manifest(shelf)

    def lines(self, kind: Kind) -> Iterator[bytes]:
        """The lines of a kind's JSONL, as they are there.

        Raises:
            ArchiveUnreadable: the file is not there, or not as large as the manifest says.
        """
        name = f"{kind}.jsonl"
        with self._opened(name) as (file, size):
            left = size
            while left > 0:
                line = file.readline(min(left, MAX_LINE_BYTES))
                left -= len(line)
                if not line.endswith(b"\n"):
                    raise ArchiveUnreadable(f"{name} has a line without an end.")
                yield line[:-1]

    def content(self, file_id: str) -> Iterator[bytes]:
        """A file's content in pieces of at most 1 MiB; `manifest.contents` says whose there are.

        Raises:
            ArchiveUnreadable: it is not there, or not as large as the manifest says.
        """
        path = self.manifest.contents.get(file_id)
        if path is None:
            raise ArchiveUnreadable(f"There is no content of file '{file_id}'.")
        yield from self.pieces(path)

    def pieces(self, name: str) -> Iterator[bytes]:
        """The bytes of any file that the manifest names, in pieces of at most 1 MiB.

        Raises:
            ArchiveUnreadable: it is not there, or not as large as the manifest says.
        """
        with self._opened(name) as (file, size):
            left = size
            while left > 0:
                piece = file.read(min(left, PIECE_BYTES))
                if not piece:
                    raise ArchiveUnreadable(f"{name} ends too early.")
                left -= len(piece)
                yield piece

    @contextmanager
    def _opened(self, name: str) -> Iterator[tuple[IO[bytes], int]]:
        said = self.manifest.files.get(name)
        if said is None:
            raise ArchiveUnreadable(f"{name} is not in the manifest.")
        found = self.shelf.size(name)
        if found != said.bytes:
            there = "is not there" if found is None else f"has {found} bytes"
            raise ArchiveUnreadable(f"{name} {there}; the manifest says {said.bytes} bytes.")
        try:
            with self.shelf.open(name) as file:
                yield file, said.bytes
        except _BROKEN as problem:
            raise ArchiveUnreadable(f"{name} cannot be read: {problem}.") from problem


@contextmanager
def open_reader(path: Path) -> Iterator[ArchiveReader]:
    """The archive at this path, a folder or a zip.

    Raises:
        ArchiveUnreadable: there is none.
    """
    with open_shelf(path) as shelf:
        yield ArchiveReader(shelf)


def _manifest(shelf: Shelf) -> Manifest:
    if (shelf.size(MANIFEST) or 0) > MAX_MANIFEST_BYTES:
        raise ArchiveUnreadable(f"{MANIFEST} has more than {MAX_MANIFEST_BYTES} bytes.")
    try:
        with shelf.open(MANIFEST) as file:
            return read_manifest(file.read(MAX_MANIFEST_BYTES))
    except ManifestMalformed as problem:
        raise ArchiveUnreadable(f"{MANIFEST} is none: {problem}.") from problem
    except _BROKEN as problem:
        raise ArchiveUnreadable(f"{MANIFEST} cannot be read: {problem}.") from problem
