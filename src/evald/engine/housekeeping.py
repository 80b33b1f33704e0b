"""Housekeeping: what is left over is cleared away, and what is missing made, a little at a time."""

import logging

from evald.engine.context import EngineContext
from evald.engine.verdict_index import index_runs

_log = logging.getLogger("evald.engine")

PURGE_ROWS = 2_000
"""Items of deleted runs cleared in one transaction, so that no other write waits for long."""

DELETED_LOGS = 200
"""Logs that are past their limits deleted in one transaction, for the same reason."""

EVERY_S = 60.0


class Housekeeping:
    """Clears away expired files and logs, items of deleted runs, and blobs that nothing names.

    Of runs that were recorded without verdicts, those are made.
    """

    def __init__(self, context: EngineContext) -> None:
        """Begins with no blob under suspicion."""
        self._context = context
        self._suspects: set[str] = set()

    async def keep_house(self) -> None:
        """Clears away every minute, until it is canceled."""
        while True:
            try:
                await self.clear()
            except Exception:  # noqa: BLE001 - an outermost loop
                # The worker's outermost loop: what could not be cleared is cleared next time.
                _log.exception("housekeeping_failed")
            await self._context.clock.sleep(EVERY_S)

    async def clear(self) -> None:
        """Everything that can go is gone.

        A blob goes only when nothing named it at two looks a minute apart: one whose bytes are
        complete is named a moment later, when its object is kept.
        """
        store, now = self._context.store, self._context.clock.now()
        async with store.transaction() as tx:
            await tx.files.delete_expired(now=now)
        more = True
        while more:
            async with store.transaction() as tx:
                more = await tx.work.purge(most=PURGE_ROWS)
        await self._clear_logs()
        ids = set(await self._context.blobs.ids())
        async with store.snapshot() as tx:
            unnamed = ids - await tx.work.blobs_in_use(now=now)
        for blob_id in unnamed & self._suspects:
            await self._context.blobs.delete(blob_id)
        self._suspects = unnamed
        await self._context.blobs.clear()
        await index_runs(self._context)

    async def _clear_logs(self) -> None:
        store, limits = self._context.store, self._context.log_limits
        gone = DELETED_LOGS
        while limits.max_age_s is not None and gone == DELETED_LOGS:
            before = self._context.clock.now() - limits.max_age_s
            async with store.transaction() as tx:
                gone = await tx.logs.delete_expired(created_before=before, most=DELETED_LOGS)
        gone = DELETED_LOGS
        while limits.max_bytes is not None and gone > 0:
            async with store.transaction() as tx:
                gone = await tx.logs.delete_beyond(max_bytes=limits.max_bytes, most=DELETED_LOGS)
        async with store.transaction() as tx:
            await tx.log_blocks.delete_empty()
