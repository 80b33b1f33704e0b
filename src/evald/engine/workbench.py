"""The workbench: the runs this process has in hand, and the steps by which each goes forward."""

import asyncio
import logging

from evald.domain.run_status import has_ended
from evald.engine.context import EngineContext
from evald.engine.ends import note_end
from evald.engine.plan import SHARD_ROWS, plan_run
from evald.engine.run_in_hand import RunInHand
from evald.engine.shard import work_shard
from evald.ports.kept import StoredRun

_log = logging.getLogger("evald.engine")

LOOK_AGAIN_S = 1.0
"""How often a waiting run asks the store which shards are done, should no word have come."""

SPARE_SHARDS = 2
"""Shards open beyond those that fill the window, so that it never runs dry at a border."""


class HandedBack(Exception):
    """The process is about to end: what it had in hand goes on in another one, or after restart."""


class Workbench:
    """Runs in hand, by id. Each step of a run may be repeated."""

    def __init__(self, context: EngineContext) -> None:
        """Begins with no run in hand."""
        self._context = context
        self._runs: dict[str, RunInHand] = {}
        self._driven: set[str] = set()
        self._drivers: dict[str, str] = {}
        self._closing = False
        self.let_go_of = asyncio.Event()

    def has(self, run_id: str) -> bool:
        """Whether the run is being driven by this process."""
        return run_id in self._driven

    def count(self) -> int:
        """How many runs are being driven by this process."""
        return len(self._driven)

    def take_up(self, run_id: str) -> None:
        """The run counts as driven by this process until it is let go of."""
        self._driven.add(run_id)

    def put_down(self, run_id: str) -> None:
        """The run was taken up and is not driven after all; the next sweep tries again."""
        self._driven.discard(run_id)

    def begin_driving(self, run_id: str, driver: str) -> bool:
        """Whether this driver may drive the run here: there is one at most, until it lets go."""
        return self._drivers.setdefault(run_id, driver) == driver

    def is_driven(self, run_id: str) -> bool:
        """Whether a driver drives the run here, and has not let go of it."""
        return run_id in self._drivers

    async def plan(self, run_id: str) -> None:
        """The run's rows are cut into shards, unless it has ended."""
        self.take_up(run_id)
        shards = await plan_run(self._context, run_id)
        _log.info("run_planned run=%s shards=%s", run_id, shards)

    async def next_shard(self, run_id: str) -> int | None:
        """The number of the shard to begin now, claimed; waits until there is room for it.

        None, once no shard is free and none of this process's is open, or the run is over.

        Raises:
            HandedBack: the process ends before the run does.
        """
        self.take_up(run_id)
        run = await self._take(run_id)
        if run is None:
            return None
        room = -(-run.window_rows // SHARD_ROWS) + SPARE_SHARDS
        number = await self._claim(run, open_at_most=room - 1)
        if number is None:
            # One may have been freed while the last ones of ours were worked on.
            number = await self._claim(run, open_at_most=0)
        return number

    async def _claim(self, run: RunInHand, *, open_at_most: int) -> int | None:
        await self._wait(run, open_at_most=open_at_most)
        if self._closing:
            raise HandedBack
        if run.stopped.is_set():
            return None
        async with self._context.store.transaction() as tx:
            number = await tx.workers.claim_shard(run.id, self._context.worker_id)
        if number is not None:
            run.open_shards.add(number)
        return number

    async def work(self, run_id: str, number: int) -> None:
        """The shard's rows are recorded, or the run is over, or another has the shard in hand.

        Raises:
            HandedBack: the process ends before the shard does.
        """
        run = await self._take(run_id)
        if run is None or number in run.shards_worked_on:
            return
        run.open_shards.add(number)
        run.shards_worked_on.add(number)
        try:
            await work_shard(run, number)
        except Exception:
            # The worker's outermost loop: the run stops here and is begun again by the sweep.
            _log.exception("shard_failed run=%s shard=%d", run_id, number)
            run.stop()
            await self._release(run_id, number)
            raise
        finally:
            run.shards_worked_on.discard(number)
            run.close_shard(number)
        if self._closing:
            await self._release(run_id, number)
            raise HandedBack

    async def finish(self, run_id: str) -> None:
        """The run is completed, if all of its shards are done and it has not ended otherwise."""
        context = self._context
        async with context.store.transaction() as tx:
            is_ours = await tx.work.complete(run_id, now=context.clock.now())
        if is_ours:
            await note_end(context, run_id, "completed")

    async def look(self, run_id: str) -> None:
        """A run in hand that has ended, is gone or was taken up again is stopped at once."""
        run = self._runs.get(run_id)
        if run is None:
            return
        async with self._context.store.snapshot() as tx:
            found = await tx.work.find(run_id)
        if _is_over(found, run):
            run.stop()

    def let_go(self, run_id: str) -> None:
        """The run is in hand no longer; `let_go_of` is set, since another may take its place."""
        self._runs.pop(run_id, None)
        self._driven.discard(run_id)
        self._drivers.pop(run_id, None)
        self.let_go_of.set()

    def rows_in_flight(self) -> int:
        """How many rows are being worked on by this process."""
        return sum(run.rows_in_flight() for run in self._runs.values())

    def in_hand(self) -> frozenset[str]:
        """The ids of the runs that are driven here, or of which a shard is worked on here."""
        return frozenset({*self._driven, *self._runs})

    async def hand_back(self) -> None:
        """Every row in flight is abandoned, every finished one recorded, every shard free."""
        self._closing = True
        for run in list(self._runs.values()):
            run.stop()
        for run in list(self._runs.values()):
            while run.shards_worked_on:
                run.changed.clear()
                await run.changed.wait()
        async with self._context.store.transaction() as tx:
            await tx.workers.free(self._context.worker_id)

    async def _release(self, run_id: str, number: int) -> None:
        async with self._context.store.transaction() as tx:
            await tx.work.release_shard(run_id, number)

    async def _take(self, run_id: str) -> RunInHand | None:
        if self._closing:
            raise HandedBack
        if run_id not in self._runs:
            async with self._context.store.snapshot() as tx:
                run = await tx.work.find(run_id)
                if run is None or has_ended(run.status):
                    return None
                if run.planned_rows is None:
                    return None  # another worker plans it, and its rows may not be written yet
                an_eval = await tx.evals.get(run.project_id, run.eval_id)
            if an_eval is None:
                return None
            self._runs.setdefault(run_id, RunInHand(self._context, run, an_eval))
        return self._runs[run_id]

    async def _wait(self, run: RunInHand, *, open_at_most: int) -> None:
        while len(run.open_shards) > open_at_most and not run.stopped.is_set():
            run.changed.clear()
            try:
                async with asyncio.timeout(LOOK_AGAIN_S):
                    await run.changed.wait()
            except TimeoutError:
                await self._close_done(run)

    async def _close_done(self, run: RunInHand) -> None:
        async with self._context.store.snapshot() as tx:
            found = await tx.work.find(run.id)
            done = {shard.number for shard in await tx.work.shards(run.id) if shard.done}
        if _is_over(found, run):
            run.stop()
        for number in run.open_shards & done:
            run.close_shard(number)


def _is_over(found: StoredRun | None, run: RunInHand) -> bool:
    """Whether the run, as it is found now, is no longer the one in hand."""
    return found is None or has_ended(found.status) or found.chance != run.chance
