"""The worker: the engine's moving parts, started once the port is bound and ended in good order."""

import asyncio
import gc
import logging
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from evald.adapters.dbos.errors import DurableFileUnusable
from evald.assembly.data_folder import worker_id
from evald.engine.context import EngineContext
from evald.engine.dispatcher import SHARED_SWEEP_S, SWEEP_S, Dispatcher
from evald.engine.heartbeat import Heartbeat
from evald.engine.housekeeping import Housekeeping
from evald.engine.log_indexing import LogIndexing
from evald.engine.workbench import Workbench
from evald.ports.workers import WorkerCard
from evald.settings import Settings

if TYPE_CHECKING:
    from evald.adapters.dbos.durable import DurableRuns

_log = logging.getLogger("evald.worker")

HAND_BACK_S = 4.0
END_S = 2.0

YOUNG_OBJECTS = 40_000
"""So many new objects make the collector look: more than those of 500 rows in flight, which it
would go through time and again. Python's 700 are those of a dozen rows.
"""


def _spare_the_collector() -> None:
    """What is loaded by now stays, so the garbage collector need not look through it again.

    Its looks took a quarter of the time of a row (measured 2026-11 at 64 rows in flight).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 20)


def worker_card(settings: Settings, folder: Path) -> WorkerCard | None:
    """The card of the folder's worker, where it shares a database; None where it is alone."""
    if not settings.database_url:
        return None
    return WorkerCard(worker_id(folder), socket.gethostname(), os.getpid())


@dataclass(frozen=True, slots=True)
class Duty:
    """How a worker works, and beside whom.

    The durable engine's own tables are in the file, or in the database, `database`. `card` is the
    worker's, where several share a database; None where it is alone. `prepare` is awaited before
    the engine is loaded. `share` is told how many workers are alive.
    """

    database: Path | str
    card: WorkerCard | None
    max_runs: int
    prepare: Callable[[], Awaitable[None]]
    share: Callable[[int], None]


class AtRest:
    """Stands where a worker would, in a process that leaves runs to others."""

    is_ready = True

    def rows_in_flight(self) -> int:
        """None."""
        return 0

    def wake(self, run_id: str) -> None:
        """Nothing: others look for runs by themselves."""

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Nothing is worked on while the block lasts."""
        yield


class Worker:
    """Carries out runs in this process; it is also the nudge that use cases give."""

    def __init__(self, context: EngineContext, duty: Duty) -> None:
        """Does this duty."""
        self._context = context
        self._duty = duty
        self._workbench = Workbench(context)
        self._durable: DurableRuns | None = None
        self._housekeeping = Housekeeping(context)
        self._log_indexing = LogIndexing(context)
        self._heartbeat = None if duty.card is None else self._beating(duty.card)
        self._dispatcher = Dispatcher(
            context,
            self._workbench,
            start=self._start,
            max_runs=duty.max_runs,
            sweep_s=SWEEP_S if duty.card is None else SHARED_SWEEP_S,
        )

    @property
    def is_ready(self) -> bool:
        """Whether runs are carried out."""
        return self._durable is not None

    def rows_in_flight(self) -> int:
        """How many rows are being worked on."""
        return self._workbench.rows_in_flight()

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
                    group.create_task(self._log_indexing.keep_indexed()),
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
        await self._duty.prepare()
        # Importing the durable engine takes seconds: the port answers meanwhile.
        module = await asyncio.to_thread(import_module, "evald.adapters.dbos.durable")
        own_id = self._context.worker_id
        durable: DurableRuns = module.DurableRuns(
            self._workbench, self._duty.database, worker_id=own_id
        )
        # What this worker had in hand when its process died; before anybody here claims anew.
        async with self._context.store.transaction() as tx:
            await tx.workers.free(own_id)
        if self._heartbeat is not None:
            await self._heartbeat.join()
        await durable.launch()
        _spare_the_collector()
        self._durable = durable
        _log.info("worker_ready")
        async with asyncio.TaskGroup() as group:
            group.create_task(self._dispatcher.keep_dispatching())
            if self._heartbeat is not None:
                group.create_task(self._heartbeat.keep_beating())

    async def _start(self, run_id: str) -> bool:
        return self._durable is not None and await self._durable.start(run_id)

    def _beating(self, card: WorkerCard) -> Heartbeat:
        return Heartbeat(
            card,
            self._context.store,
            self._context.clock,
            recover=self._recover,
            share=self._duty.share,
        )

    async def _recover(self, worker_id: str) -> None:
        if self._durable is not None:
            await self._durable.recover(worker_id)

    async def _hand_back(self) -> None:
        try:
            async with asyncio.timeout(HAND_BACK_S):
                await self._workbench.hand_back()
        except TimeoutError:
            _log.warning("hand_back_cut_short")
        if self._heartbeat is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(END_S):
                    await self._heartbeat.end()
