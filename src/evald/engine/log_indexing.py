"""Indexing of logs: full blocks are made of those that are there, behind whoever keeps them."""

import logging

from evald.domain.logs.blocks import LogFrontier, settled_seq
from evald.engine.context import EngineContext

_log = logging.getLogger("evald.engine")

BLOCK_LOGS = 2_048
"""Logs of a block: it is made in some 25 ms, and a term's bits for a million logs are 488 rows."""

AMENDED_LOGS = 500
"""Changes of metadata taken up in one transaction, so that no other write waits for long."""

EVERY_S = 10.0
"""Logs that no block has yet are searched one by one: so long come some thousands at most."""


class LogIndexing:
    """Makes blocks of logs, and takes up changes of metadata in those that there are.

    Any number of processes may do so at once.
    """

    def __init__(self, context: EngineContext, *, block_logs: int = BLOCK_LOGS) -> None:
        """Begins knowing nothing of who writes."""
        self._store = context.store
        self._clock = context.clock
        self._block_logs = block_logs
        self._before = LogFrontier(0)
        self._looked_to = 0

    async def keep_indexed(self) -> None:
        """Indexes every ten seconds, until it is canceled."""
        while True:
            try:
                await self.index()
            except Exception:  # noqa: BLE001 - an outermost loop
                # What could not be indexed is searched one by one, and tried again next time.
                _log.exception("log_indexing_failed")
            await self._clock.sleep(EVERY_S)

    async def index(self) -> None:
        """Every full block of logs is made, and no change of metadata is left."""
        async with self._store.snapshot() as tx:
            now = await tx.log_blocks.frontier()
        settled = settled_seq(self._before, now)
        self._before = now
        while settled > self._looked_to and await self._make_block(settled):
            pass
        self._looked_to = max(settled, self._looked_to)
        amended = AMENDED_LOGS if now.is_amended else 0
        while amended == AMENDED_LOGS:
            async with self._store.transaction() as tx:
                amended = await tx.log_blocks.amend(most=AMENDED_LOGS)

    async def _make_block(self, settled: int) -> bool:
        # Read in a snapshot of its own, so that nobody who keeps logs waits for it.
        async with self._store.snapshot() as tx:
            block = await tx.log_blocks.next_block(last_seq=settled, length=self._block_logs)
        if block is None:
            return False
        async with self._store.transaction() as tx:
            await tx.log_blocks.insert(block)
        return True
