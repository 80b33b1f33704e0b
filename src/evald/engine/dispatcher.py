"""The dispatcher: finds written work and has it started; the nudge only makes it look sooner."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from evald.engine.context import EngineContext
from evald.engine.deadlines import end_overdue
from evald.engine.workbench import Workbench

_log = logging.getLogger("evald.engine")

SWEEP_S = 5.0
SHARED_SWEEP_S = 0.5
"""How often runs to start are looked for, should a nudge have been lost; and where others write,
who give none.
"""

SOON_S = 0.2
"""How soon a run is looked for again whose last driver has let go of it and has yet to end."""

CHORES_EVERY_S = 5.0
"""How often it is made sure that nothing is claimed which nobody here works on, and that no run
goes on beyond its time.
"""


class Dispatcher:
    """Starts runs that are written down as queued, oldest first, and lets go of ended ones."""

    def __init__(
        self,
        context: EngineContext,
        workbench: Workbench,
        *,
        start: Callable[[str], Awaitable[bool]],
        max_runs: int,
        sweep_s: float = SWEEP_S,
    ) -> None:
        """Starts runs by this function, and at most that many at once.

        Args:
            sweep_s: how often runs to start are looked for without a nudge.
        """
        self._context = context
        self._workbench = workbench
        self._start = start
        self._max_runs = max_runs
        self._sweep_s = sweep_s
        self._chores_at = 0.0
        self._is_due_soon = False
        self._woken: set[str] = set()
        # One event for both: a run that is let go of makes room for one that is queued.
        self._due = workbench.let_go_of

    def wake(self, run_id: str) -> None:
        """Has the run looked at soon."""
        self._woken.add(run_id)
        self._due.set()

    async def keep_dispatching(self) -> None:
        """Looks at every nudge, and for all runs to start now and then, until canceled."""
        while True:
            try:
                await self._dispatch()
            except Exception:  # noqa: BLE001 - an outermost loop
                # The worker's outermost loop: the store may be away for a moment.
                _log.exception("dispatch_failed")
            try:
                async with asyncio.timeout(SOON_S if self._is_due_soon else self._sweep_s):
                    await self._due.wait()
            except TimeoutError:
                continue

    async def _dispatch(self) -> None:
        woken, self._woken = self._woken, set()
        self._due.clear()
        self._is_due_soon = False
        for run_id in woken:
            await self._workbench.look(run_id)
        async with self._context.store.snapshot() as tx:
            startable = await tx.workers.startable()
        await self._do_chores()
        for run_id in startable:
            if self._workbench.count() >= self._max_runs:
                return
            if not self._workbench.has(run_id):
                await self._begin(run_id)

    async def _do_chores(self) -> None:
        now = self._context.clock.monotonic()
        if now < self._chores_at:
            return
        self._chores_at = now + CHORES_EVERY_S
        await self._free_forgotten()
        for run_id in await end_overdue(self._context):
            await self._workbench.look(run_id)

    async def _free_forgotten(self) -> None:
        """What this worker claimed for runs that it does not work on is free.

        A driver that failed between claiming and beginning leaves a claim behind that nobody else
        may touch, since this process is alive.
        """
        in_hand = self._workbench.in_hand()
        async with self._context.store.transaction() as tx:
            await tx.workers.free_besides(self._context.worker_id, in_hand)

    async def _begin(self, run_id: str) -> None:
        self._workbench.take_up(run_id)
        is_driven = False
        try:
            is_driven = await self._start(run_id)
            self._is_due_soon |= not is_driven
        finally:
            if not is_driven:
                self._workbench.put_down(run_id)
