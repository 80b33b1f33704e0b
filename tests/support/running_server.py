"""A real server in a process of its own, started as an operator starts it."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2
import openai

START_S = 90.0
"""DBOS makes its tables on PostgreSQL in fifty steps: half a minute where much else runs."""

_PORT = re.compile(r'[ "]port"?[=:](\d+)')
ROOT = Path(__file__).parents[2]


class RunningServer:
    """`evald serve` on a data folder; it can be killed and started again on the same port."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.port = 0
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._clients: list[openai.OpenAI] = []
        self._limits: list[str] = []
        self.log = folder.parent / f"{folder.name}.log"

    @property
    def url(self) -> str:
        """Where the server listens, without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The process as it was last started."""
        assert self._process is not None
        return self._process

    def client(self, **options: object) -> openai.OpenAI:
        """The official client, pointed here by its base URL and nothing else.

        It is closed when the server's block ends.
        """
        options.setdefault("api_key", "sk-anything")
        client = openai.OpenAI(base_url=f"{self.url}/v1", **options)  # type: ignore[arg-type]
        self._clients.append(client)
        return client

    def close_clients(self) -> None:
        """No connection of a client that was handed out stays open."""
        while self._clients:
            self._clients.pop().close()

    def limit_files(self, size: int | None) -> None:
        """From the next start on, no file may grow beyond so many bytes; None: beyond any."""
        limited = f'ulimit -f {(size or 0) // 1_024}; exec "$@"'
        self._limits = [] if size is None else ["bash", "-c", limited, "bash"]

    def start(self) -> None:
        """Returns once the server carries out runs."""
        command = [*self._limits, sys.executable, "-m", "evald", "serve", "--port", str(self.port)]
        command += ["--data-dir", str(self.folder)]
        log = self.log.open("ab")
        self._process = subprocess.Popen(
            command, env=self._full_environment(), stdout=log, stderr=log, cwd=self.folder.parent
        )
        log.close()
        self._wait_until_ready()

    def ensure_up(self) -> None:
        """Started again if a test before has ended it, or has failed before it could start it."""
        if self.process.poll() is not None:
            self.start()

    def kill(self) -> None:
        """The process is gone, as by a power loss of its own."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=10)

    def stop(self) -> int:
        """The exit code after a polite end."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=15)

    def _full_environment(self) -> dict[str, str]:
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        places = {"PYTHONPATH": str(ROOT / "src"), "PYTHONFAULTHANDLER": "1"}
        return {**kept, **places, **self._environment}

    def _wait_until_ready(self) -> None:
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            self.port = self.port or _announced_port(self.log)
            if self.port and _is_ready(self.url):
                return
            threading.Event().wait(0.02)
        self.process.send_signal(signal.SIGABRT)  # so that it says where every thread stands
        self.process.wait(timeout=10)
        raise AssertionError(f"the server did not start:\n{self.log.read_text()[-4_000:]}")


@contextmanager
def running_server(folder: Path, **environment: str) -> Iterator[RunningServer]:
    """A server on this folder, ready; ended with the block."""
    server = RunningServer(folder, environment)
    server.start()
    try:
        yield server
    finally:
        server.close_clients()
        if server.process.poll() is None:
            server.kill()


def _announced_port(log: Path) -> int:
    for line in log.read_text().splitlines() if log.exists() else []:
        if "server_listening" in line and (port := _PORT.search(line)):
            return int(port[1])
    return 0


def _is_ready(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/readyz", timeout=5).status_code == 200
    except httpx2.TransportError:
        return False
