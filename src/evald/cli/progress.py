"""How far something has come: a bar on a terminal, a line now and then elsewhere."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bars

TICK_S = 0.5
LINE_S = 10.0
WINDOW_S = 30.0


class Moving(Protocol):
    """Something that goes on: how many objects are done, and how many are known to be left."""

    @property
    def done(self) -> int:
        """How many objects are done."""
        ...

    @property
    def left(self) -> int:
        """How many are known to be left."""
        ...


def console_on(stream: TextIO) -> Console:
    """A console that prints text as it is, and moves on a terminal only."""
    force_terminal = None if stream.isatty() else False
    return Console(
        file=stream, force_terminal=force_terminal, markup=False, emoji=False, highlight=False
    )


@asynccontextmanager
async def watching(
    progress: Moving, console: Console, *, every_s: float | None = None
) -> AsyncIterator[None]:
    """Shows how far it is while the block lasts.

    Args:
        progress: that is shown.
        console: a bar moves on it if it is a terminal; else a line is printed at times.
        every_s: seconds between two looks, if not the usual ones.
    """
    show, usual_s = (_bars, TICK_S) if console.is_terminal else (_lines, LINE_S)
    # No group of tasks, which would wrap what the block raises.
    task = asyncio.create_task(show(progress, console, every_s or usual_s))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


class Pace:
    """How fast things come, over the last half minute."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def rate(self, done: int, *, now: float) -> float:
        """Objects a second; 0.0 as long as that cannot be said.

        Args:
            done: how many there are by now.
            now: seconds of a clock that never goes back.
        """
        self._seen.append((now, done))
        while now - self._seen[0][0] > WINDOW_S:
            self._seen.popleft()
        began, before = self._seen[0]
        return (done - before) / (now - began) if now > began else 0.0


def tally(progress: Moving, rate: float) -> str:
    """The state of things in a line: "1,200 objects, about 3,400 to go, 45/s, 1 min 16 s left"."""
    parts = [f"{progress.done:,} objects"]
    if progress.left > 0:
        parts.append(f"about {progress.left:,} to go")
    if rate > 0:
        parts.append(f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s")
    if rate > 0 and progress.left > 0:
        parts.append(f"{duration(progress.left / rate)} left")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """A time span for people: "45 s", "3 min 20 s", "2 h 5 min"."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left} min" if hours else f"{minutes} min {rest} s"


async def _bars(progress: Moving, console: Console, every_s: float) -> None:
    pace, loop = Pace(), asyncio.get_running_loop()
    with Bars(BarColumn(), TextColumn("{task.description}"), console=console) as bars:
        bar = bars.add_task("beginning", total=None)
        while True:
            await asyncio.sleep(every_s)
            rate = pace.rate(progress.done, now=loop.time())
            bars.update(
                bar,
                description=tally(progress, rate),
                completed=progress.done,
                total=progress.done + progress.left,
            )


async def _lines(progress: Moving, console: Console, every_s: float) -> None:
    pace, loop = Pace(), asyncio.get_running_loop()
    while True:
        await asyncio.sleep(every_s)
        console.print(tally(progress, pace.rate(progress.done, now=loop.time())), soft_wrap=True)
