"""Runs a program to its end or its time, with all that it starts, and keeps what it says."""

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TOO_LATE = -1


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended: its exit code, or `TOO_LATE`, and what it printed."""

    code: int
    said: str

    @property
    def is_done(self) -> bool:
        """Whether it did what it was to do."""
        return self.code == 0


def run_program(command: Sequence[str], seconds: float, log: Path | None = None) -> Ran:
    """How the program ended; what it and its own programs did not finish in time is killed.

    Args:
        command: the program and its arguments.
        seconds: how long it may take.
        log: a file to whose end goes what was called and what it said.

    Raises:
        OSError: it cannot be started.
    """
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # a group of its own, which can be killed as one
    ) as process:
        try:
            said, _ = process.communicate(timeout=seconds)
            ran = Ran(process.returncode, said.decode(errors="replace"))
        except subprocess.TimeoutExpired as late:
            ran = Ran(TOO_LATE, (late.stdout or b"").decode(errors="replace"))
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    if log is not None:
        with log.open("a", encoding="utf-8") as file:
            file.write(f"$ {' '.join(command)}\n{ran.said}\n")
    return ran
