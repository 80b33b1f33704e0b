"""An archive to be imported, of which nothing is believed: sizes, lines and ratios are bounded."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from evald.adapters.archive.files import PIECE_BYTES
from evald.adapters.archive.foreign_source import ForeignSource
from evald.adapters.archive.journal_file import JOURNAL
from evald.adapters.archive.reader import MAX_MANIFEST_BYTES, ArchiveReader
from evald.adapters.archive.shelf import (
    ArchiveUnreadable,
    Shelf,
    open_foreign_shelf,
    open_shelf,
)
from evald.adapters.archive.spool import Spool
from evald.domain.archive.journal import FORMAT
from evald.domain.archive.kinds import Kind
from evald.domain.archive.manifest import MANIFEST, KindCount
from evald.ports.archive_source import ArchiveDamaged, ArchivedLine

MAX_MEMBERS = 1_000_000
MAX_RATIO = 500
UNRATED_BYTES = 64 * 1_048_576
"""A zip may hold that many files, which may become that many times as large; small ones more."""

_PACKED = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED = 0x1

_BEFORE_JSON = b" \t\n\r\xef\xbb\xbf\xff\xfe\0"
"""What may stand before JSON: white space and the byte order marks of UTF-8 and UTF-16."""

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

    def problems(self) -> list[str]:
        """Nothing: what cannot be read is of a kind."""
        return []

    def objects(self) -> int:
        """How many objects the archive claims to have, of all kinds."""
        return sum(each.objects for each in self._reader.manifest.kinds.values())

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
                    yield ArchivedLine(f"{name}, line {number}", next(parents, ()), text)
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
def open_source(path: Path, *, max_line_bytes: int) -> Iterator[BoundedSource | ForeignSource]:
    """The archive at this path, ours or another tool's; longer objects are passed over.

    Ours is a folder or a zip with our manifest or journal, another's may be a single file too.

    Raises:
        ArchiveUnreadable: there is none, or a zip that would become far too large.
    """
    is_zip = path.is_file() and not _begins_as_json(path)
    if is_zip:
        _refuse_bomb(path)
    if is_zip or path.is_dir():
        with open_shelf(path) as shelf:
            if _is_of_ours(shelf):
                yield BoundedSource(ArchiveReader(shelf), max_line_bytes=max_line_bytes)
                return
    with open_foreign_shelf(path) as shelf, Spool() as spool:
        if next(iter(shelf.names()), None) is None:
            raise ArchiveUnreadable(f"'{path}' is empty.")
        source = ForeignSource(shelf, spool, max_object_bytes=max_line_bytes)
        try:
            yield source
        finally:
            source.close()


def _is_of_ours(shelf: Shelf) -> bool:
    """Whether it is an archive of `evald rescue`, be it a damaged one.

    Other tools have manifests too, which are JSON objects that do not say that they are ours.
    """
    if shelf.size(MANIFEST) is None:
        return shelf.size(JOURNAL) is not None
    with shelf.open(MANIFEST) as file:
        text = file.read(MAX_MANIFEST_BYTES)
    return FORMAT.encode() in text or not text.lstrip().startswith((b"{", b"["))


def _begins_as_json(path: Path) -> bool:
    with path.open("rb") as file:
        beginning = file.read(64)
    return beginning.lstrip(_BEFORE_JSON).startswith((b"{", b"["))


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
