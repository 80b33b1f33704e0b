"""Heavy work in a process of its own, which is killed when the work takes too long."""

import asyncio
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import evald
from evald.adapters.apart_child import LENGTH_BYTES, Returned
from evald.ports.apart import WorkerDied, WorkTooLong
from evald.ports.clock import Clock

T = TypeVar("T")

WORK_S = 30.0
"""Seconds that one piece of work may take."""


class ApartProcess:
    """One child process, started when work first comes, doing one piece at a time.

    Fulfils `evald.ports.apart.Apart`. The wait for one's turn counts toward the deadline, not
    toward the limit; the child's start counts toward both. The child ends with us, also when we are
    killed: its input ends, and what it is at has an alarm set. Used within one event loop, and
    closed at its end.
    """

    def __init__(self, clock: Clock, *, work_s: float = WORK_S) -> None:
        self._clock = clock
        self._work_s = work_s
        self._child: asyncio.subprocess.Process | None = None
        # Two hands writing at once would mix up their answers.
        self._turn = asyncio.Lock()

    async def run(self, work: Callable[[], T], *, deadline: float) -> T:
        """What `work()` returns or raises."""
        await self._take_turn(deadline)
        try:
            left_s = min(self._work_s, deadline - self._clock.monotonic())
            returned = await self._done(pickle.dumps((left_s, work)), within_s=left_s)
        finally:
            self._turn.release()
        if returned.error is not None:
            raise returned.error
        value: T = returned.value
        return value

    async def close(self) -> None:
        """The child is ended."""
        await self._end_child()

    async def _take_turn(self, deadline: float) -> None:
        try:
            async with asyncio.timeout(deadline - self._clock.monotonic()):
                await self._turn.acquire()
        except TimeoutError:
            raise WorkTooLong("its turn did not come in time") from None

    async def _done(self, message: bytes, *, within_s: float) -> Returned:
        done = False
        try:
            child = await self._running_child()
            async with asyncio.timeout(within_s):
                returned = await _exchanged(child, message)
            done = True
        except TimeoutError:
            raise WorkTooLong(f"it was not done within {within_s:.4g} seconds") from None
        except (asyncio.IncompleteReadError, ConnectionError):
            raise WorkerDied("its process ended") from None
        finally:
            if not done:
                # Its answer, should it come, would be taken for that of the next piece.
                await self._end_child()
        return returned

    async def _running_child(self) -> asyncio.subprocess.Process:
        if self._child is None:
            self._child = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # nothing in the current folder is taken for a module
                "-c",
                "from evald.adapters.apart_child import serve; serve()",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=_environment(),
                start_new_session=True,  # a Ctrl-C at the terminal is for us alone
            )
        return self._child

    async def _end_child(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            if child.returncode is None:
                child.kill()
            await child.wait()


def _environment() -> dict[str, str]:
    """Ours, with the folder that this package is in, wherever it was imported from."""
    (place, *_) = evald.__path__
    paths = [str(Path(place).parent), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}


async def _exchanged(child: asyncio.subprocess.Process, message: bytes) -> Returned:
    if child.stdin is None or child.stdout is None:
        raise RuntimeError("the child was started without pipes")
    child.stdin.write(len(message).to_bytes(LENGTH_BYTES, "big") + message)
    await child.stdin.drain()
    length = int.from_bytes(await child.stdout.readexactly(LENGTH_BYTES), "big")
    returned: Any = pickle.loads(await child.stdout.readexactly(length))  # noqa: S301 - our child
    if not isinstance(returned, Returned):
        raise TypeError(f"the child answered with a {type(returned).__name__}")
    return returned
