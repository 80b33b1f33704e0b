"""The dispatcher: finds written work and has it started; the nudge only makes it look sooner."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from evald.engine.context import EngineContext
from evald.engine.workbench import Workbench

_log = logging.getLogger("evald.engine")

SWEEP_S = 5.0
"""How often unended runs are looked for, should a nudge have been lost."""


class Dispatcher:
    """Starts runs that are written down as queued, oldest first, and lets go of ended ones."""

    def __init__(
        self,
        context: EngineContext,
        workbench: Workbench,
        *,
        start: Callable[[str], Awaitable[bool]],
        max_runs: int,
    ) -> None:
        """Starts runs by this function, and at most that many at once."""
        self._context = context
        self._workbench = workbench
        self._start = start
        self._max_runs = max_runs
        self._woken: set[str] = set()
        # One event for both: a run that is let go of makes room for one that is queued.
        self._due = workbench.let_go_of

    def wake(self, run_id: str) -> None:
        """Has the run looked at soon."""
        self._woken.add(run_id)
        self._due.set()

    async def keep_dispatching(self) -> None:
        """Looks at every nudge, and at all unended runs every few seconds, until canceled."""
        while True:
            try:
                await self._dispatch()
            except Exception:  # noqa: BLE001 - an outermost loop
                # The worker's outermost loop: the store may be away for a moment.
                _log.exception("dispatch_failed")
            try:
                async with asyncio.timeout(SWEEP_S):
                    await self._due.wait()
            except TimeoutError:
                continue

    async def _dispatch(self) -> None:
        woken, self._woken = self._woken, set()
        self._due.clear()
        for run_id in woken:
            await self._workbench.look(run_id)
        async with self._context.store.snapshot() as tx:
            unended = await tx.work.unended()
        for run_id in unended:
            if self._workbench.count() >= self._max_runs:
                return
            if not self._workbench.has(run_id):
                await self._begin(run_id)

    async def _begin(self, run_id: str) -> None:
        self._workbench.take_up(run_id)
        is_driven = False
        try:
            is_driven = await self._start(run_id)
        finally:
            if not is_driven:
                self._workbench.put_down(run_id)
