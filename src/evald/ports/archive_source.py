"""Archives to be imported: the objects of each kind, line by line, and the contents of files."""

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from evald.domain.archive.kinds import Kind


class ArchiveUnusable(Exception):
    """There is no archive, or one that is not to be trusted; the message says why."""


class ArchiveDamaged(Exception):
    """Nothing more of a file of the archive can be read; the message says which, and why."""


@dataclass(frozen=True, slots=True)
class ArchivedLine:
    """An object of an archive: where it stands, what it belongs to, and its JSON text.

    `place` is as a sentence names it: "evals.jsonl, line 3". `parents` is as in `ListKey`, as far
    as the archive says. `text` is None where it is longer than any object may be.
    """

    place: str
    parents: tuple[str, ...]
    text: bytes | None


class ArchiveSource(Protocol):
    """An open archive, of which nothing is believed. It reads with plain, blocking calls."""

    def notes(self) -> list[str]:
        """What the archive says of its own gaps, a sentence each; all of it at the end only."""
        ...

    def problems(self) -> list[str]:
        """What could not be read and is of no kind, a sentence each; all of it at the end only."""
        ...

    def objects(self) -> int | None:
        """How many objects the archive claims to have, of all kinds; None if it does not say."""
        ...

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


class Archives(Protocol):
    """Archives that the server was sent, as blobs."""

    def opened(self, blob_id: str) -> AbstractAsyncContextManager[ArchiveSource]:
        """The archive, to be read with plain, blocking calls.

        Raises:
            ArchiveUnusable: the blob is no archive that could be read.
            BlobNotFound: there is no such blob.
        """
        ...
