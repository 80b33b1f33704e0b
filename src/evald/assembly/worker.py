"""The worker: the engine's moving parts, started once the port is bound and ended in good order."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from evald.adapters.dbos.errors import DurableFileUnusable
from evald.engine.context import EngineContext
from evald.engine.dispatcher import Dispatcher
from evald.engine.housekeeping import Housekeeping
from evald.engine.workbench import Workbench
from evald.settings import Settings

if TYPE_CHECKING:
    from evald.adapters.dbos.durable import DurableRuns

_log = logging.getLogger("evald.worker")

HAND_BACK_S = 4.0

YOUNG_OBJECTS = 10_000
"""So many new objects make the collector look; Python's 700 are those of a dozen rows."""


def _spare_the_collector() -> None:
    """What is loaded by now stays, so the garbage collector need not look through it again.

    Its looks took a quarter of the time of a row (measured 2026-11 at 64 rows in flight).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 20)


class Worker:
    """Carries out runs in this process; it is also the nudge that use cases give."""

    def __init__(
        self,
        context: EngineContext,
        database: Path | str,
        settings: Settings,
        *,
        prepare: Callable[[], Awaitable[None]],
    ) -> None:
        """Keeps the durable engine's own tables in this file, or in this database.

        Before the engine is loaded, `prepare` is awaited.
        """
        self._prepare = prepare
        self._database = database
        self._workbench = Workbench(context)
        self._durable: DurableRuns | None = None
        self._housekeeping = Housekeeping(context)
        self._dispatcher = Dispatcher(
            context, self._workbench, start=self._start, max_runs=settings.max_runs
        )

    @property
    def is_ready(self) -> bool:
        """Whether runs are carried out."""
        return self._durable is not None

    def wake(self, run_id: str) -> None:
        """Has the run looked at soon."""
        self._dispatcher.wake(run_id)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """While the block lasts, runs are carried out; then what is in flight is handed back.

        Raises:
            DurableFileUnusable: the durable engine's file is damaged.
        """
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._launch_and_dispatch()),
                    group.create_task(self._housekeeping.keep_house()),
                ]
                try:
                    yield
                finally:
                    for task in tasks:
                        task.cancel()
                    await self._hand_back()
        except BaseExceptionGroup as problems:
            unusable = problems.subgroup(DurableFileUnusable)
            if unusable is None:
                raise
            raise unusable.exceptions[0] from problems

    async def _launch_and_dispatch(self) -> None:
        await self._prepare()
        # Importing the durable engine takes seconds: the port answers meanwhile.
        module = await asyncio.to_thread(import_module, "evald.adapters.dbos.durable")
        durable: DurableRuns = module.DurableRuns(self._workbench, self._database)
        durable.launch()
        _spare_the_collector()
        self._durable = durable
        _log.info("worker_ready")
        await self._dispatcher.keep_dispatching()

    async def _start(self, run_id: str) -> bool:
        return self._durable is not None and await self._durable.start(run_id)

    async def _hand_back(self) -> None:
        try:
            async with asyncio.timeout(HAND_BACK_S):
                await self._workbench.hand_back()
        except TimeoutError:
            _log.warning("hand_back_cut_short")
