"""What a rescue shows while it goes on. Ours."""

import asyncio
import io

import pytest
from rich.console import Console

from evald.cli.progress import Pace, console_on, duration, tally, watching
from evald.domain.archive.kinds import item_list
from evald.services.rescue_progress import Progress


def progress_of(done: int, left: int) -> Progress:
    progress = Progress()
    key = item_list("e", "r")
    progress.expect(key, done + left)
    progress.keep(key, done)
    return progress


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "0 s"),
        (59.4, "59 s"),
        (60, "1 min 0 s"),
        (200, "3 min 20 s"),
        (7_500, "2 h 5 min"),
        (-1, "0 s"),
    ],
)
def test_time_spans_are_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("done", "left", "rate", "text"),
    [
        (1_200, 3_400, 45.0, "1,200 objects, about 3,400 to go, 45/s, 1 min 16 s left"),
        (5, 0, 2.5, "5 objects, 2.5/s"),
        (0, 7, 0.0, "0 objects, about 7 to go"),
    ],
)
def test_the_state_of_things_is_a_line(done: int, left: int, rate: float, text: str) -> None:
    assert tally(progress_of(done, left), rate) == text


def test_the_rate_is_that_of_the_last_half_minute() -> None:
    pace = Pace()

    assert pace.rate(0, now=100.0) == 0.0
    assert pace.rate(50, now=105.0) == 10.0
    assert pace.rate(50, now=130.0) == pytest.approx(50 / 30)
    assert pace.rate(80, now=136.0) == pytest.approx(30 / 6)


async def shown(console: Console, output: io.StringIO, wanted: str) -> str:
    async with watching(progress_of(10, 30), console, every_s=0.001), asyncio.timeout(10):
        while wanted not in output.getvalue():  # noqa: ASYNC110 - rich tells nobody
            await asyncio.sleep(0.001)
    return output.getvalue()


async def test_where_there_is_no_terminal_lines_are_printed() -> None:
    output = io.StringIO()

    said = await shown(console_on(output), output, "\n")

    assert said.splitlines()[0] == "10 objects, about 30 to go"
    assert "\x1b" not in said


async def test_on_a_terminal_a_bar_moves() -> None:
    output = io.StringIO()
    console = Console(file=output, force_terminal=True, width=100, _environ={})

    said = await shown(console, output, "about 30 to go")

    assert "\x1b[" in said
    assert "10 objects" in said
