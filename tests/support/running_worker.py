"""A real worker in a process of its own, beside servers that share its database."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

START_S = 90.0
"""DBOS makes its tables on PostgreSQL in fifty steps: half a minute where much else runs."""

ROOT = Path(__file__).parents[2]


class RunningWorker:
    """`evald worker` on a data folder of its own; it can be killed, paused and started again."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.log = folder.parent / f"{folder.name}.log"
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The process as it was last started."""
        assert self._process is not None
        return self._process

    def start(self) -> None:
        """Returns once the worker carries out runs."""
        command = [sys.executable, "-m", "evald", "worker", "--data-dir", str(self.folder)]
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        environment = {
            **kept,
            "PYTHONPATH": str(ROOT / "src"),
            "PYTHONFAULTHANDLER": "1",
            **self._environment,
        }
        readies = self._readies()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, env=environment, stdout=log, stderr=log, cwd=self.folder.parent
            )
        end = time.monotonic() + START_S
        while time.monotonic() < end and self.process.poll() is None:
            if self._readies() > readies:
                return
            threading.Event().wait(0.02)
        self.process.send_signal(signal.SIGABRT)  # so that it says where every thread stands
        self.process.wait(timeout=10)
        raise AssertionError(f"the worker did not start:\n{self.log.read_text()[-4_000:]}")

    def ensure_up(self) -> None:
        """Started again if a test before has ended it, or has failed before it could start it."""
        if self.process.poll() is not None:
            self.start()

    def kill(self) -> None:
        """The process is gone, as by a power loss of its own."""
        self.process.kill()
        self.process.wait(timeout=10)

    def pause(self) -> None:
        """The process stands still, as on a host that is too busy."""
        self.process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """The process goes on."""
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> int:
        """The exit code after a polite end."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=15)

    def _readies(self) -> int:
        return self.log.read_text().count("worker_ready") if self.log.exists() else 0


@contextmanager
def running_worker(folder: Path, **environment: str) -> Iterator[RunningWorker]:
    """A worker on this folder, at work; ended with the block."""
    worker = RunningWorker(folder, environment)
    worker.start()
    try:
        yield worker
    finally:
        worker.wake()
        worker.kill()
