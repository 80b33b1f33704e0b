"""The heartbeat: says that this worker is alive, and hands on what silent ones held."""

import logging
from collections.abc import Awaitable, Callable

from evald.ports.clock import Clock
from evald.ports.store import Store
from evald.ports.workers import WorkerCard

_log = logging.getLogger("evald.engine")

BEAT_S = 5.0
SILENT_S = 15
"""How often a worker beats, and after how many seconds of silence it is taken for dead."""


class Heartbeat:
    """Beats for one worker, where several share a database.

    A worker that was taken for dead, and was only paused, is simply alive again: what it held is
    others' now, and what it still records of that changes nothing.
    """

    def __init__(
        self,
        card: WorkerCard,
        store: Store,
        clock: Clock,
        *,
        recover: Callable[[str], Awaitable[None]],
        share: Callable[[int], None],
    ) -> None:
        """Beats for the worker of this card.

        Args:
            recover: has the durable engine begin again what a worker left.
            share: is told how many workers are alive, this one included.
        """
        self._card = card
        self._store = store
        self._clock = clock
        self._recover = recover
        self._share = share

    async def keep_beating(self) -> None:
        """Beats every few seconds, until it is canceled."""
        while True:
            try:
                await self.beat()
            except Exception:  # noqa: BLE001 - an outermost loop
                # The worker's outermost loop: the database may be away for a moment.
                _log.exception("heartbeat_failed worker=%s", self._card.id)
            await self._clock.sleep(BEAT_S)

    async def beat(self) -> None:
        """This worker is alive as of now, and what dead ones held is free."""
        async with self._store.transaction() as tx:
            await tx.workers.beat(self._card)
            live = await tx.workers.live(silent_s=SILENT_S)
            silent = await tx.workers.silent(silent_s=SILENT_S)
        self._share(max(1, len(live)))
        for worker_id in silent:
            await self._take_over(worker_id)

    async def end(self) -> None:
        """This worker is gone in good order: nobody need wait for its silence."""
        async with self._store.transaction() as tx:
            await tx.workers.free(self._card.id)
            await tx.workers.remove(self._card.id, silent_s=-1)

    async def _take_over(self, worker_id: str) -> None:
        """What the worker held is free; its row goes last, so that a death over this is mended."""
        await self._recover(worker_id)
        async with self._store.transaction() as tx:
            freed = await tx.workers.free(worker_id)
            await tx.workers.remove(worker_id, silent_s=SILENT_S)
        _log.warning("worker_silent worker=%s freed=%d", worker_id, freed)
