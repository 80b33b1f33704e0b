"""What a look at a call finds, and that one which is just ending has broken nothing."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from evald.adapters.sandbox.inside.order import FILES, SCRATCH, TIME, Bounds
from evald.adapters.sandbox.inside.watch import Seen, Watched, look

BOUNDS = Bounds(1 << 30, 1_000_000, 10.0, files=5)


@pytest.fixture
def pid() -> Iterator[int]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process.pid
        process.kill()


def seen(pid: int, scratch: Path, *, now: float = 1.0) -> Seen:
    return look(Watched(pid, str(scratch), BOUNDS, 0.0), now)


def test_a_call_within_its_bounds_goes_on(pid: int, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 100_000)

    found = seen(pid, tmp_path)

    assert found.breach is None
    assert 100_000 <= found.scratch_bytes < 300_000


def test_each_bound_is_seen(pid: int, tmp_path: Path) -> None:
    many, large = tmp_path / "many", tmp_path / "large"
    for folder in (many, large):
        folder.mkdir()
    for number in range(6):
        (many / str(number)).touch()
    (large / "file").write_bytes(b"x" * 1_100_000)

    assert seen(pid, many).breach == FILES
    assert seen(pid, large).breach == SCRATCH
    assert seen(pid, tmp_path / "nowhere", now=10.1).breach == TIME


@pytest.mark.skipif(os.geteuid() == 0, reason="Root can look into everything.")
def test_a_folder_that_was_shut_is_a_breach(pid: int, tmp_path: Path) -> None:
    (tmp_path / "shut").mkdir(mode=0o000)

    found = seen(pid, tmp_path)

    (tmp_path / "shut").chmod(0o700)
    assert found.breach == FILES


def test_a_call_that_has_ended_has_broken_nothing(tmp_path: Path) -> None:
    """Not yet buried, it is still in /proc, where an ordinary user may not look any more."""
    with subprocess.Popen(["true"]) as ending:
        os.waitid(os.P_PID, ending.pid, os.WEXITED | os.WNOWAIT)

        found = seen(ending.pid, tmp_path)

    assert found == Seen(None)
    assert seen(ending.pid, tmp_path) == Seen(None)
