"""Archives to be imported: the objects of each kind, line by line, and the contents of files."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from evald.domain.archive.kinds import Kind


class ArchiveDamaged(Exception):
    """Nothing more of a file of the archive can be read; the message says which, and why."""


@dataclass(frozen=True, slots=True)
class ArchivedLine:
    """A line of a kind's file: its 1-based number, what it belongs to, and its bytes.

    `parents` is as in `ListKey`, as far as the archive says. `text` is None where the line is
    longer than any object may be.
    """

    number: int
    parents: tuple[str, ...]
    text: bytes | None


class ArchiveSource(Protocol):
    """An open archive, of which nothing is believed. It reads with plain, blocking calls."""

    def lines(self, kind: Kind) -> Iterator[ArchivedLine]:
        """The lines of a kind, in their order; none for a kind that is not there.

        Raises:
            ArchiveDamaged: the file cannot be read to its end.
        """
        ...

    def content(self, file_id: str) -> Iterator[bytes] | None:
        """A file's content in pieces; None where the archive has none.

        Raises:
            ArchiveDamaged: while it is read, it turns out not to be what the archive says.
        """
        ...
