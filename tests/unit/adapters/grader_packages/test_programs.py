"""Programs that build are held to their time, with all that they start."""

import os
import time
from pathlib import Path

import psutil
import pytest

from evald.adapters.grader_packages.programs import TOO_LATE, run_program


def test_what_it_says_is_kept_and_logged(tmp_path: Path) -> None:
    log = tmp_path / "log"

    ran = run_program(["sh", "-c", "echo one; echo two >&2; exit 3"], 10, log)

    assert (ran.code, ran.said, ran.is_done) == (3, "one\ntwo\n", False)
    assert "echo one" in log.read_text()
    assert log.read_text().endswith("one\ntwo\n\n")


def test_after_its_time_it_is_gone_with_its_children(tmp_path: Path) -> None:
    child = tmp_path / "child"
    began = time.monotonic()

    ran = run_program(["sh", "-c", f"sleep 60 & echo $! > {child}; wait"], 0.2)

    assert ran.code == TOO_LATE
    assert time.monotonic() - began < 5
    assert ends_soon(int(child.read_text()))


def ends_soon(pid: int) -> bool:
    """Whether the process has ended; one that was killed does when the machine comes to it."""
    try:
        _, alive = psutil.wait_procs([psutil.Process(pid)], timeout=10)
    except psutil.NoSuchProcess:
        return True
    return all(each.status() == psutil.STATUS_ZOMBIE for each in alive)


def test_a_program_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere"):
        run_program([os.fspath(tmp_path / "nowhere")], 1)
