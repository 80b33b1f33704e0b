"""The demo's own server: an `evald serve` as a child process, from its settings to its end."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from evald.cli.demo.classifiers import BAYES_MODEL, KEYWORDS_MODEL

HOST = "127.0.0.1"
CONFIG = "evald.toml"
LOG = "demo-server.log"

READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 15.0
_LOOK_EVERY_S = 0.05
_TAIL_LINES = 20

# A setting made for another server (a key, a public URL, a folder) would lead the demo astray;
# these say which provider `--model` asks, and how.
_KEPT_SETTINGS = (
    "EVALD_UPSTREAM_BASE_URL",
    "EVALD_UPSTREAM_API_KEY",
    "EVALD_MAX_CONCURRENCY",
    "EVALD_ATTEMPT_TIMEOUT_S",
    "EVALD_ITEM_TIMEOUT_S",
)

PROVIDERS = f"""\
# Written by `evald demo`: its two candidates, small classifiers that are part of evald.

[[providers]]
name = "{KEYWORDS_MODEL}"
type = "python"
target = "evald.cli.demo.classifiers:classify_by_keywords"
models = ["{KEYWORDS_MODEL}"]

[[providers]]
name = "{BAYES_MODEL}"
type = "python"
target = "evald.cli.demo.classifiers:classify_by_bayes"
models = ["{BAYES_MODEL}"]
"""


class NoServer(Exception):
    """The demo's server has ended, or does not get ready; the message holds its last words."""


class NotToBeHad(Exception):
    """The folder or the port that was asked for is another's."""


@dataclass(frozen=True, slots=True)
class DemoServer:
    """A server that is up."""

    url: str
    folder: Path
    process: subprocess.Popen[bytes]

    def pause(self, seconds: float) -> None:
        """Waits `seconds`, as long as the server lives.

        Raises:
            NoServer: it has ended.
        """
        if _ends_within(self.process, seconds):
            raise _ended(self.process, self.folder)

    def wait(self) -> None:
        """Waits for the server's end, which nobody asked for.

        Raises:
            NoServer: it has ended.
        """
        self.process.wait()
        raise _ended(self.process, self.folder)


@contextmanager
def serving(folder: Path, port: int) -> Iterator[DemoServer]:
    """A server on `port` (0: any free one) of this machine, ready, and ended on the way out.

    Raises:
        NotToBeHad: `folder` holds an evald.toml that is not the demo's, or cannot be written to,
            or `port` is in use.
        NoServer: it does not get ready.
    """
    port = _free_port(port)
    _record_providers(folder)
    process = _start(folder, port)
    try:
        _await_ready(process, folder, port)
        yield DemoServer(url=f"http://{HOST}:{port}", folder=folder, process=process)
    finally:
        _stop(process)


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """What of our own environment the server gets: all but the settings of other servers."""
    return {
        name: value
        for name, value in given.items()
        if not name.startswith("EVALD_") or name in _KEPT_SETTINGS
    }


def _record_providers(folder: Path) -> None:
    config = folder / CONFIG
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if config.exists() and config.read_text(encoding="utf-8") != PROVIDERS:
            raise NotToBeHad(f"{config} is not the demo's and stays as it is: name another folder.")
        config.write_text(PROVIDERS, encoding="utf-8")
    except OSError as error:
        raise NotToBeHad(f"{config} cannot be written: {error.strerror}.") from error


def _start(folder: Path, port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "evald", "serve", "--host", HOST, "--port", str(port)]
    command += ["--data-dir", str(folder), "--config", str(folder / CONFIG)]
    with (folder / LOG).open("wb") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment(os.environ),
            # Ctrl-C is for the demo, which then ends the server in its own time.
            start_new_session=True,
        )


def _await_ready(process: subprocess.Popen[bytes], folder: Path, port: int) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_S
    while not _is_ready(port):
        if _ends_within(process, _LOOK_EVERY_S):
            raise _ended(process, folder)
        if time.monotonic() > deadline:
            sentence = f"The server is not ready after {READY_TIMEOUT_S:.0f} s."
            raise NoServer(sentence + _last_words(folder))


def _is_ready(port: int) -> bool:
    # Not urllib: that would ask a proxy of the environment for this very machine.
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    if not _ends_within(process, STOP_TIMEOUT_S):
        process.kill()
        process.wait()


def _ends_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _ended(process: subprocess.Popen[bytes], folder: Path) -> NoServer:
    sentence = f"The server has ended with exit code {process.returncode}."
    return NoServer(sentence + _last_words(folder))


def _last_words(folder: Path) -> str:
    log = folder / LOG
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    if not lines:
        return " It has printed nothing."
    return "\n".join([f" The end of {log}:", *lines[-_TAIL_LINES:]])


def _free_port(wanted: int) -> int:
    """The port `wanted`, or, for 0, one of the system's choice.

    Asked before the server starts: the one that has the port might be an evald too, and would say
    that it is ready.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted))
        except OSError as error:
            raise NotToBeHad(
                f"Port {wanted} of {HOST} cannot be used: {error.strerror}."
            ) from error
        port: int = probe.getsockname()[1]
        return port
