"""An archive to be imported, of which nothing is believed: sizes, lines and ratios are bounded."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from evald.adapters.archive.files import PIECE_BYTES
from evald.adapters.archive.reader import ArchiveReader, open_reader
from evald.adapters.archive.shelf import ArchiveUnreadable
from evald.domain.archive.kinds import Kind
from evald.domain.archive.manifest import KindCount
from evald.ports.archive_source import ArchiveDamaged, ArchivedLine

MAX_MEMBERS = 1_000_000
MAX_RATIO = 500
UNRATED_BYTES = 64 * 1_048_576
"""A zip may hold that many files, which may become that many times as large; small ones more."""

_PACKED = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED = 0x1

_BROKEN = (ArchiveUnreadable, zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError)


class BoundedSource:
    """The objects and contents of an archive. Fulfils `evald.ports.archive_source.ArchiveSource`.

    Unlike a reader's, its lines go on after a damaged one, and it holds none that is too long.
    """

    def __init__(self, reader: ArchiveReader, *, max_line_bytes: int) -> None:
        self._reader = reader
        self._max_line_bytes = max_line_bytes

    def notes(self) -> list[str]:
        """What the archive says of its own gaps, a sentence each."""
        manifest, notes = self._reader.manifest, []
        if manifest.finished_at is None:
            notes.append("The archive is of a rescue that was interrupted; call that again.")
        if manifest.missing:
            notes.append(
                f"{len(manifest.missing)} things could not be had when the archive was made; its "
                "manifest names them."
            )
        return notes

    def lines(self, kind: Kind) -> Iterator[ArchivedLine]:
        """The lines of a kind, in their order; none for a kind that is not there.

        Raises:
            ArchiveDamaged: the file cannot be read to its end.
        """
        count = self._reader.manifest.kinds.get(kind)
        if count is None:
            return
        name = f"{kind}.jsonl"
        parents = _parents(count)
        number = 0
        try:
            with self._reader.shelf.open(name) as file:
                for text in self._texts(file):
                    number += 1
                    yield ArchivedLine(number, next(parents, ()), text)
        except _BROKEN as problem:
            raise ArchiveDamaged(f"{name} cannot be read after line {number}: {problem}") from None
        if number != count.objects:
            raise ArchiveDamaged(
                f"{name} has {number} lines, and the manifest counts {count.objects} objects"
            )

    def content(self, file_id: str) -> Iterator[bytes] | None:
        """A file's content in pieces; None where the archive has none.

        Raises:
            ArchiveDamaged: while it is read, it turns out not to be what the archive says.
        """
        if file_id not in self._reader.manifest.contents:
            return None
        return self._pieces(file_id)

    def _pieces(self, file_id: str) -> Iterator[bytes]:
        try:
            yield from self._reader.content(file_id)
        except _BROKEN as problem:
            raise ArchiveDamaged(str(problem)) from None

    def _texts(self, file: IO[bytes]) -> Iterator[bytes | None]:
        """The lines of a file; None for one that is too long."""
        while line := file.readline(self._max_line_bytes + 1):
            if len(line) > self._max_line_bytes and not line.endswith(b"\n"):
                while (rest := file.readline(PIECE_BYTES)) and not rest.endswith(b"\n"):
                    pass
                yield None
            else:
                yield line.removesuffix(b"\n")


@contextmanager
def open_source(path: Path, *, max_line_bytes: int) -> Iterator[BoundedSource]:
    """The archive at this path, a folder or a zip; objects with longer lines are passed over.

    Raises:
        ArchiveUnreadable: there is none, or a zip that would become far too large.
    """
    if path.is_file():
        _refuse_bomb(path)
    with open_reader(path) as reader:
        yield BoundedSource(reader, max_line_bytes=max_line_bytes)


def _parents(count: KindCount) -> Iterator[tuple[str, ...]]:
    for each in count.lists:
        for _ in range(each.objects):
            yield each.of


def _refuse_bomb(path: Path) -> None:
    """Nothing, for a zip that becomes no more than `MAX_RATIO` times as large as it is.

    What its members say of their sizes can be relied on, since no more than that is read of them.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, OSError, RuntimeError, ValueError) as problem:
        raise ArchiveUnreadable(f"'{path}' is neither a folder nor a zip: {problem}.") from problem
    if any(each.compress_type not in _PACKED or each.flag_bits & _ENCRYPTED for each in members):
        raise ArchiveUnreadable(f"'{path}' is packed in another way than `evald rescue` does it.")
    if len(members) > MAX_MEMBERS:
        raise ArchiveUnreadable(
            f"'{path}' has {len(members)} files, and {MAX_MEMBERS} are the most that are read."
        )
    whole = sum(each.file_size for each in members)
    if whole > UNRATED_BYTES and whole > MAX_RATIO * path.stat().st_size:
        raise ArchiveUnreadable(
            f"'{path}' would become {whole} bytes, more than {MAX_RATIO} times as many as it has; "
            "it was not read."
        )
