"""A mock provider in a process of its own, which is told how long to take and tells what it saw.

It echoes the last user message, as the one of the tests does. Its times are those of the monotonic
clock, which is one for all processes of a machine.
"""

import asyncio
import json
import subprocess
import sys
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvloop

from tests.support.mock_provider import MockProvider, serving
from tests.support.running_server import ROOT


@dataclass(frozen=True, slots=True)
class Seen:
    """What the provider has seen since it last forgot."""

    requests: int
    answers: int
    abandoned: int  # requests whose connection was closed before the answer was there
    last_at: float  # when the last answer went out; 0 before the first


class Provider:
    """The provider as its measurer knows it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.base_url = str(self._told())

    def take(self, seconds: float) -> None:
        """From now on an answer takes so many seconds."""
        self._ask("take", seconds)

    def forget(self) -> None:
        """Nothing has been seen."""
        self._ask("forget")

    def seen(self) -> Seen:
        """The counts so far."""
        return Seen(**self._ask("seen"))  # type: ignore[arg-type]

    def answered_at(self) -> list[float]:
        """When each answer went out, in order."""
        return self._ask("answered_at")  # type: ignore[return-value]

    def _ask(self, *command: object) -> object:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return self._told()

    def _told(self) -> object:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


@contextmanager
def running_provider(latency_s: float = 0.0) -> Iterator[Provider]:
    """A provider that ends with the block."""
    command = [sys.executable, "-m", "bench.provider"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            provider = Provider(process)
            provider.take(latency_s)
            yield provider
        finally:
            process.kill()


class _Mock:
    """The provider itself, and the commands that it obeys."""

    def __init__(self) -> None:
        self._answered_at = array("d")
        self.provider = MockProvider(self._answer)

    def _answer(self, text: str) -> str:
        self._answered_at.append(time.monotonic())
        return text

    def obey(self, name: str, seconds: float = 0.0) -> object:
        seen = self.provider.seen
        match name:
            case "take":
                self.provider.latency_s = seconds
            case "forget":
                del self._answered_at[:]
                seen.requests = seen.answers = seen.abandoned = 0
            case "seen":
                return {
                    "requests": seen.requests,
                    "answers": seen.answers,
                    "abandoned": seen.abandoned,
                    "last_at": self._answered_at[-1] if self._answered_at else 0.0,
                }
            case "answered_at":
                return self._answered_at.tolist()
        return None


async def _serve() -> None:
    """Answers, and obeys standard input until its end."""
    mock, reader = _Mock(), asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with serving(mock.provider):
        _tell(mock.provider.base_url)
        while line := await reader.readline():
            _tell(mock.obey(*json.loads(line)))


def _tell(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve())
