"""`evald rescue` as a process of its own: killed, interrupted, at work on 100,000 items. Ours."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from evald.adapters.archive.reader import open_reader
from evald.adapters.archive.verifying import problems
from evald.domain.archive.kinds import Kind
from tests.support.fake_hosted import EVALS, KEY, Asked, Reply, World, add_run, running_world
from tests.support.hosted_bodies import eval_body
from tests.support.rescued import ids, pages_given

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

ROOT = Path(__file__).resolve().parents[2]
GROWN_BYTES = 64 * 1024 * 1024


def world_of(*, items: int, runs: int) -> World:
    """One eval with so many runs, which share so many items."""
    world = World()
    eval_id = world.put(EVALS, eval_body(1)).id
    for number in range(runs):
        add_run(world, eval_id, 10 + number, items=items // runs)
    return world


def slowly(seconds: float) -> Callable[[Asked], Reply | None]:
    """A server that takes its time, so that there is time to kill its client."""

    def wait(_: Asked) -> None:
        threading.Event().wait(seconds)

    return wait


class Rescuing:
    """The command, started."""

    def __init__(self, folder: Path, url: str) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "evald", "rescue", "--out", str(folder), "--base-url", url],
            env={**kept, "PYTHONPATH": str(ROOT / "src"), "OPENAI_API_KEY": KEY},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def ended(self) -> tuple[int, str, str]:
        """The exit code and what was said."""
        said, complained = self._process.communicate(timeout=120)
        return self._process.returncode, said, complained

    def memory(self) -> Iterator[int]:
        """The process's own memory in bytes, time and again until it ends."""
        process = psutil.Process(self._process.pid)
        while self._process.poll() is None:
            try:
                yield process.memory_info().rss
            except psutil.NoSuchProcess:
                return
            threading.Event().wait(0.05)


def wait_for(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        threading.Event().wait(0.005)


def assert_whole(folder: Path, world: World) -> None:
    assert sorted(ids(folder, Kind.OUTPUT_ITEMS)) == sorted(
        thing.id for thing in world.things("output_items")
    )
    with open_reader(folder) as reader:
        assert list(problems(reader)) == []
        assert reader.manifest.missing == ()


def has_replied(world: World, times: int) -> bool:
    return len(world.replies) >= times


def test_a_killed_rescue_is_completed_by_the_next_one(tmp_path: Path) -> None:
    world = world_of(items=6_000, runs=3)
    world.faults.append(slowly(0.01))
    with running_world(world) as url:
        for moment in (3, 12, 30):
            rescuing = Rescuing(tmp_path, url)
            wait_for(partial(has_replied, world, len(world.replies) + moment))
            rescuing.send(signal.SIGKILL)
            assert rescuing.ended()[0] == -signal.SIGKILL

        code, _, complained = Rescuing(tmp_path, url).ended()

    assert (code, complained) == (0, "")
    assert_whole(tmp_path, world)
    # What was under way at a kill is asked for again: at most eight requests each time.
    assert sum(times - 1 for times in Counter(pages_given(world)).values()) <= 3 * 8


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_rescue_says_how_to_go_on(tmp_path: Path, number: signal.Signals) -> None:
    world = world_of(items=3_000, runs=3)
    world.faults.append(slowly(0.01))
    with running_world(world) as url:
        rescuing = Rescuing(tmp_path, url)
        wait_for(lambda: len(world.replies) >= 10)
        rescuing.send(number)
        code, said, complained = rescuing.ended()

        assert code == 130
        assert "output items" in said
        assert "Interrupted. Call the same command again: it goes on" in complained
        with open_reader(tmp_path) as reader:
            assert list(problems(reader)) == [
                "The rescue was interrupted; call it again, and what is there is completed."
            ]
            assert reader.manifest.kinds[Kind.OUTPUT_ITEMS].objects >= 100

        code, _, _ = Rescuing(tmp_path, url).ended()

    assert code == 0
    assert_whole(tmp_path, world)


def test_two_rescues_do_not_fill_one_folder_at_once(tmp_path: Path) -> None:
    world, gate = world_of(items=300, runs=1), threading.Event()

    def wait(_: Asked) -> None:
        gate.wait(60)

    world.faults.append(wait)
    with running_world(world) as url:
        first = Rescuing(tmp_path, url)
        wait_for(lambda: len(world.asked) >= 1)
        code, _, complained = Rescuing(tmp_path, url).ended()
        gate.set()

        assert first.ended()[0] == 0
    assert code == 2
    assert re.search("Another `evald rescue` writes to", complained)
    assert_whole(tmp_path, world)


def test_100_000_items_take_less_than_a_minute_and_no_more_memory_than_few(tmp_path: Path) -> None:
    world = world_of(items=100_000, runs=8)
    with running_world(world) as url:
        began = time.monotonic()
        rescuing = Rescuing(tmp_path, url)
        memory = list(rescuing.memory())
        code, _, complained = rescuing.ended()
        seconds = time.monotonic() - began

    settled = memory[len(memory) // 10]
    print(f"{100_000 / seconds:,.0f} items/s, {max(memory) / 2**20:.0f} MiB at most")
    assert code == 0, complained
    assert seconds < 60
    assert max(memory) - settled < GROWN_BYTES
    with open_reader(tmp_path) as reader:
        assert reader.manifest.kinds[Kind.OUTPUT_ITEMS].objects == 100_000
        assert reader.manifest.kinds[Kind.OUTPUT_ITEMS].ids == 100_000
