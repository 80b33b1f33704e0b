"""What a rescue shows: a bar on a terminal, a line now and then elsewhere, a table at the end."""

import asyncio
import sys
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TextIO

from rich.box import SIMPLE
from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as Bars
from rich.table import Table

from evald.assembly.rescue import Outcome
from evald.domain.archive.account import Missing
from evald.domain.archive.kinds import Kind
from evald.services.rescue_progress import Progress

TICK_S = 0.5
LINE_S = 10.0
WINDOW_S = 30.0
SHOWN = 5


def console_on(stream: TextIO) -> Console:
    """A console that prints text as it is, and moves on a terminal only."""
    force_terminal = None if stream.isatty() else False
    return Console(
        file=stream, force_terminal=force_terminal, markup=False, emoji=False, highlight=False
    )


@asynccontextmanager
async def watching(
    progress: Progress, console: Console, *, every_s: float | None = None
) -> AsyncIterator[None]:
    """Shows how far the rescue is while the block lasts.

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


def tally(progress: Progress, rate: float) -> str:
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


def show_outcome(console: Console, outcome: Outcome, progress: Progress) -> None:
    """Prints what is in the archive, and what could not be had and why."""
    manifest = outcome.manifest
    if manifest is None:
        return
    table = Table(box=SIMPLE)
    table.add_column("")
    for name in ("in the archive", "fetched now"):
        table.add_column(name, justify="right")
    for kind, count in manifest.kinds.items():
        there = f"{count.objects:,}" if count.offered or count.objects else "not offered"
        table.add_row(_plain(kind), there, f"{progress.kept[kind]:,}")
    table.add_row("contents of files", f"{len(manifest.contents):,}", f"{progress.contents:,}")
    console.print(table)
    for reason in sorted({each.reason for each in manifest.missing}):
        _show_missing(console, [each for each in manifest.missing if each.reason is reason])
    if outcome.runs_under_way:
        _line(console, f"{outcome.runs_under_way} runs had not ended; a later call completes them.")


def _show_missing(console: Console, missing: list[Missing]) -> None:
    _line(console, f"Could not be had ({missing[0].reason.replace('_', ' ')}): {len(missing)}")
    for each in missing[:SHOWN]:
        said = f" — {_printable(each.message)}" if each.message else ""
        _line(console, f"  {_printable(each.what)}{said}")
    if len(missing) > SHOWN:
        _line(console, f"  and {len(missing) - SHOWN} more: see manifest.json")


def _line(console: Console, line: str) -> None:
    console.print(line, soft_wrap=True)


def _plain(kind: Kind) -> str:
    return kind.replace("_", " ")


def _printable(text: str) -> str:
    line = "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
    encoding = sys.stdout.encoding or "utf-8"
    return line[:300].encode(encoding, "replace").decode(encoding)


async def _bars(progress: Progress, console: Console, every_s: float) -> None:
    pace, loop = Pace(), asyncio.get_running_loop()
    with Bars(BarColumn(), TextColumn("{task.description}"), console=console) as bars:
        bar = bars.add_task("asking for the lists", total=None)
        while True:
            await asyncio.sleep(every_s)
            rate = pace.rate(progress.done, now=loop.time())
            bars.update(
                bar,
                description=tally(progress, rate),
                completed=progress.done,
                total=progress.done + progress.left,
            )


async def _lines(progress: Progress, console: Console, every_s: float) -> None:
    pace, loop = Pace(), asyncio.get_running_loop()
    while True:
        await asyncio.sleep(every_s)
        _line(console, tally(progress, pace.rate(progress.done, now=loop.time())))
