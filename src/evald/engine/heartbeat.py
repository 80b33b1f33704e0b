"""The heartbeat: says that this worker is alive, and hands on what silent ones held."""

import logging
import math
from collections.abc import Awaitable, Callable

from evald.ports.clock import Clock
from evald.ports.store import Store
from evald.ports.workers import WorkerCard

_log = logging.getLogger("evald.engine")

BEAT_S = 5.0
SILENT_S = 15
"""How often a worker beats, and after how many seconds of silence it is taken for dead."""

LOOK_S = 1.0
"""How often it looks how many are alive, and so what its share is of what providers admit."""

JOIN_S = 2 * LOOK_S
"""How long a newcomer asks nobody: until then the others make room for it."""


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
        beat_at = -math.inf
        while True:
            try:
                if self._clock.monotonic() >= beat_at + BEAT_S:
                    beat_at = self._clock.monotonic()
                    await self.beat()
                else:
                    await self.look()
            except Exception:  # noqa: BLE001 - an outermost loop
                # The worker's outermost loop: the database may be away for a moment.
                _log.exception("heartbeat_failed worker=%s", self._card.id)
            await self._clock.sleep(LOOK_S)

    async def join(self) -> None:
        """This worker is alive, and those who were before it have made room for it.

        Otherwise it and they would, for a moment, together ask more of a provider than that admits.
        Who starts again soon after its end is reckoned with still, and need not wait.
        """
        async with self._store.transaction() as tx:
            live = await tx.workers.live(silent_s=SILENT_S)
            await tx.workers.beat(self._card)
        self._take_share(live)
        if live and self._card.id not in {each.id for each in live}:
            await self._clock.sleep(JOIN_S)

    async def look(self) -> None:
        """This worker has its share, as of now."""
        async with self._store.snapshot() as tx:
            live = await tx.workers.live(silent_s=SILENT_S)
        self._take_share(live)

    async def beat(self) -> None:
        """This worker is alive as of now, and what dead ones held is free."""
        async with self._store.transaction() as tx:
            await tx.workers.beat(self._card)
            live = await tx.workers.live(silent_s=SILENT_S)
            silent = await tx.workers.silent(silent_s=SILENT_S)
        self._take_share(live)
        for worker_id in silent:
            await self._take_over(worker_id)

    async def end(self) -> None:
        """This worker is gone in good order: nobody need wait for its silence."""
        async with self._store.transaction() as tx:
            await tx.workers.free(self._card.id)
            await tx.workers.remove(self._card.id, silent_s=-1)

    def _take_share(self, live: list[WorkerCard]) -> None:
        # One that was paused for long is not among the live ones until it beats again.
        self._share(len({self._card.id, *(each.id for each in live)}))

    async def _take_over(self, worker_id: str) -> None:
        """What the worker held is free; its row goes last, so that a death over this is mended."""
        await self._recover(worker_id)
        async with self._store.transaction() as tx:
            freed = await tx.workers.free(worker_id)
            await tx.workers.remove(worker_id, silent_s=SILENT_S)
        _log.warning("worker_silent worker=%s freed=%d", worker_id, freed)
