"""The folder that a rescue fills: what was kept is there whatever happens next."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from evald.domain.archive.account import Account
from evald.domain.archive.journal import Page
from evald.domain.archive.kinds import ListKey
from evald.domain.archive.ledger import Ledger
from evald.domain.archive.manifest import Manifest
from evald.ports.hosted import Sink


class CannotKeep(Exception):
    """The folder takes nothing more: the disk is full, or the folder is gone."""


class ContentWriter(Sink, Protocol):
    """A file's content on its way into the archive."""

    async def keep(self, *, at: int) -> int:
        """How many bytes were written since `begin`; they survive whatever happens next.

        Raises:
            CannotKeep: they cannot be kept, as `begin` and `write` may find out too.
        """
        ...


class Archive(Protocol):
    """An archive that is being filled, by one process at a time."""

    @property
    def ledger(self) -> Ledger:
        """What is kept so far, by this call and those before it."""
        ...

    async def keep_page(self, page: Page, body: bytes) -> None:
        """The page's body is kept byte for byte, and the ledger knows.

        Raises:
            CannotKeep: it cannot be kept.
        """
        ...

    async def end_list(self, key: ListKey, *, at: int) -> None:
        """It is kept that the list has no more objects than its pages so far.

        Raises:
            CannotKeep: it cannot be kept.
        """
        ...

    def keeping_content(self, file_id: str) -> AbstractAsyncContextManager[ContentWriter]:
        """A writer for a file's content; what it was not told to keep is gone after the block."""
        ...

    async def put_in_order(self, account: Account) -> Manifest:
        """Writes a JSONL of each kind and the manifest from all that is kept.

        Raises:
            CannotKeep: they cannot be written.
        """
        ...
