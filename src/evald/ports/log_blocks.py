"""Blocks of logs as they are kept: made behind the logs, never with them."""

from typing import Protocol

from evald.domain.logs.blocks import LogBlock, LogFrontier


class LogBlockTable(Protocol):
    """What housekeeping does for queries over terms that many logs have.

    A query finds the same with blocks and without. They follow one another, a log is in one of
    them at most, and the logs beyond the last are in none yet.
    """

    async def frontier(self) -> LogFrontier:
        """How far logs are there."""
        ...

    async def next_block(self, *, last_seq: int, length: int) -> LogBlock | None:
        """The block of this many numbers beyond the last one; None until the logs reach its end.

        Args:
            last_seq: the number up to which no log can come any more.
        """
        ...

    async def insert(self, block: LogBlock) -> bool:
        """The block is kept; False where another process was sooner."""
        ...

    async def amend(self, *, most: int) -> int:
        """Blocks say what logs are found by since their metadata changed; of how many changes.

        At most so many changes, the oldest. May run twice.
        """
        ...

    async def delete_empty(self) -> int:
        """Blocks of which no log is left are gone, but for the last; returns how many."""
        ...
