"""The watch over runs that clients follow: one look at each every half second, shared by all."""

import asyncio
import logging
import math
from collections.abc import AsyncGenerator

from evald.domain.errors import RunNotFound, TooManyStreams
from evald.domain.pace import Pace
from evald.ports.clock import Clock
from evald.ports.kept import StoredRun
from evald.ports.store import Store
from evald.wire.run_events import RunProgress
from evald.wire.runs import DeletedRun, ResultCounts

_log = logging.getLogger("evald.runs")

LOOK_S = 0.5
"""How often a run is looked at; more often nobody is told of it."""

SILENCE_S = 15.0
"""After so long without news, it is said that there is none."""

MOST_STREAMS = 1_000

Followed = AsyncGenerator[RunProgress | StoredRun | DeletedRun | None, None]
"""How a run goes on: its progress whenever it changes, None where nothing did for long, and in the
end the run, or that it was deleted."""


class RunWatch:
    """Follows runs for a serving process, whoever works on them: it asks the store alone."""

    def __init__(self, store: Store, clock: Clock, *, most_streams: int = MOST_STREAMS) -> None:
        """Begins with nobody following."""
        self._store = store
        self._clock = clock
        self._most_streams = most_streams
        self._watched: dict[str, _Watched] = {}
        self._is_closed = False
        self.streams = 0

    def close(self) -> None:
        """Every stream ends within half a second, without a last word: the process is to end."""
        self._is_closed = True

    async def follow(self, project_id: str, run_id: str) -> Followed:
        """How the run goes on, until it has ended. One that has ended says so at once.

        Raises, before anything else:
            RunNotFound: there is no such run.
            TooManyStreams: as many are open as there may be.
        """
        if self.streams >= self._most_streams:
            raise TooManyStreams(
                f"This server has {self.streams:,} streams of events open, the most it lets: close "
                "some, or ask for the run itself now and then."
            )
        self.streams += 1
        watched = self._watched.setdefault(run_id, _Watched(self._store, self._clock, run_id))
        watched.followers += 1
        try:
            run = await watched.first_look()
            if run is None or run.project_id != project_id:
                raise RunNotFound(run_id)
            async for news in self._news(watched):
                yield news
        finally:
            self.streams -= 1
            watched.followers -= 1
            if not watched.followers:
                watched.stop()
                self._watched.pop(run_id, None)

    async def _news(self, watched: "_Watched") -> Followed:
        said: RunProgress | None = None
        said_at = self._clock.monotonic()
        while True:
            if watched.run is None:
                yield DeletedRun(run_id=watched.run_id)
                return
            if watched.run.has_ended:
                yield watched.run
                return
            if watched.progress != said:
                said, said_at = watched.progress, self._clock.monotonic()
                yield said
            elif self._clock.monotonic() - said_at >= SILENCE_S:
                said_at = self._clock.monotonic()
                yield None
            if self._is_closed:
                return
            await watched.next_look()


class _Watched:
    """One run that somebody follows, as it was at the last look."""

    def __init__(self, store: Store, clock: Clock, run_id: str) -> None:
        self._store = store
        self._clock = clock
        self.run_id = run_id
        self.followers = 0
        self.run: StoredRun | None = None
        self.progress: RunProgress | None = None
        self._pace = Pace()
        self._looked_at = -math.inf
        self._looking: asyncio.Task[None] | None = None

    async def first_look(self) -> StoredRun | None:
        """The run as it was half a second ago at most; None where it is not there."""
        if self._clock.monotonic() - self._looked_at > 2 * LOOK_S:
            await self.next_look()
        return self.run

    async def next_look(self) -> None:
        """Returns after the next look, which all who wait for it share."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        # One who leaves does not take the look away from the others.
        await asyncio.shield(self._looking)

    def stop(self) -> None:
        """Nobody waits for a look any more."""
        if self._looking is not None:
            self._looking.cancel()

    async def _look(self) -> None:
        wait_s = self._looked_at + LOOK_S - self._clock.monotonic()
        if wait_s > 0:
            await self._clock.sleep(wait_s)
        try:
            async with self._store.snapshot() as tx:
                self.run = await tx.work.find(self.run_id)
        except Exception:
            # An outermost loop: those who follow the run wait until the store is back.
            if self.run is None:
                raise
            _log.exception("run_not_looked_at run=%s", self.run_id)
        self._looked_at = self._clock.monotonic()
        if self.run is not None:
            self.progress = self._progress(self.run)

    def _progress(self, run: StoredRun) -> RunProgress:
        if run.planned_rows is None:
            return _told(run, None, None)
        pace = self._pace.look(self._looked_at, run.tally.total)
        to_do = run.planned_rows - run.tally.total
        return _told(run, pace, math.ceil(to_do / pace) if pace else None)


def _told(run: StoredRun, pace: float | None, seconds_left: int | None) -> RunProgress:
    return RunProgress(
        run_id=run.id,
        eval_id=run.eval_id,
        status=run.status,
        result_counts=ResultCounts(
            total=run.planned_rows or 0,
            errored=run.tally.errored,
            failed=run.tally.failed,
            passed=run.tally.passed,
        ),
        planned_rows=run.planned_rows,
        rows_per_second=None if pace is None else round(pace, 1),
        seconds_left=seconds_left,
    )
