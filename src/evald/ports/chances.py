"""Second chances: ended runs that are taken up again, and items that are graded anew."""

from typing import Protocol

from evald.ports.kept import StoredOutputItem, StoredRun


class ChanceTable(Protocol):
    """What a second chance needs of runs and their items."""

    async def hold(self, run_id: str) -> StoredRun | None:
        """The run, if it is there; nobody else changes it until the transaction ends."""
        ...

    async def reopen(self, run_id: str, *, now: int) -> None:
        """The ended run goes on as of now, its errored items as if they had never been.

        Counts go back by those items; usage stays, since it was paid. Shards with a row without an
        item are open and free, and no row of the run has died. The run is in progress, without an
        end or an error, and nobody has been told of its next end; one that has no plan is queued.
        """
        ...

    async def items_beyond(
        self, run_id: str, row: int, *, most: int, most_bytes: int
    ) -> list[StoredOutputItem]:
        """The run's next items beyond this row, in order: at most so many, and so large together.

        Sizes are as kept. An item that is larger comes alone; empty at the end.
        """
        ...
