"""The recorder of a run: finished items, written down in batches."""

import asyncio
import logging

from evald.ports.clock import Clock
from evald.ports.kept import StoredOutputItem
from evald.ports.store import Store
from evald.wire.runs import RunStatus

_log = logging.getLogger("evald.engine")

BATCH_ROWS = 64
BATCH_S = 0.1
"""What is finished is written at most this many rows or seconds later."""


class Recorder:
    """Takes finished items and writes them in batches; what was taken is never dropped.

    Several tasks may put at once. A task that is canceled while it writes leaves its batch to the
    next write; writing a row twice changes nothing.
    """

    def __init__(self, store: Store, clock: Clock, run_id: str, *, chance: int = 0) -> None:
        """Records items of this run, as it was taken up for this time."""
        self._store = store
        self._clock = clock
        self._run_id = run_id
        self._chance = chance
        self._pending: list[StoredOutputItem] = []
        self._some = asyncio.Event()
        # Two writes at once could each take a part of what is pending and, by failing, put it
        # back in the wrong list; and the store writes one transaction at a time anyway.
        self._writing = asyncio.Lock()
        self.status: RunStatus | None = "in_progress"

    async def put(self, item: StoredOutputItem) -> None:
        """Takes a finished item; returns once it, or room for it, is there."""
        self._pending.append(item)
        self._some.set()
        if len(self._pending) >= BATCH_ROWS:
            await self.write(at_least=BATCH_ROWS)

    async def keep_writing(self) -> None:
        """Writes what is pending every tenth of a second, until it is canceled."""
        while True:
            await self._some.wait()
            await self._clock.sleep(BATCH_S)
            await self.write()

    async def write(self, *, at_least: int = 1) -> None:
        """Everything that was put is kept; `status` is the run's (None: it is not ours).

        Args:
            at_least: with fewer pending rows, as when another task wrote them, nothing is done.
        """
        async with self._writing:
            if len(self._pending) < at_least:
                return
            batch, self._pending = self._pending, []
            self._some.clear()
            try:
                async with self._store.transaction() as tx:
                    self.status = await tx.work.record(self._run_id, batch, chance=self._chance)
            except BaseException:
                self._pending = batch + self._pending
                self._some.set()
                raise
        if _log.isEnabledFor(logging.DEBUG):
            for item in batch:
                _log.debug("item_recorded run=%s item=%s row=%d", self._run_id, item.id, item.row)
