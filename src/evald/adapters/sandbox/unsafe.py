"""No sandbox: each call in a plain process of its own, for machines that cannot confine code."""

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path

import evald
from evald.adapters.sandbox.inside import report
from evald.adapters.sandbox.inside.order import TIME
from evald.adapters.sandbox.limits import Limits
from evald.adapters.sandbox.outcomes import Ended, outcome
from evald.adapters.sandbox.payload import payload
from evald.adapters.uninterrupted import uninterrupted
from evald.ports.sandbox import CallFailed, CallScored, GraderCall, SandboxDown

_BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]);"
    "from evald.adapters.sandbox.inside.alone import main; del sys.path[0];"
    "main(sys.argv[2])"
)


class UnsafeProcesses:
    """Runs code with all rights of the server, but for its environment. Fulfils `Sandbox`.

    Of the limits only the time holds. What the code starts and sets apart may outlive it.
    """

    is_safe = False

    def __init__(self, interpreter: Path, limits: Limits | None = None) -> None:
        """Runs this interpreter."""
        self._interpreter = interpreter
        self._limits = limits or Limits()
        self._slots = asyncio.Semaphore(self._limits.at_once)

    async def refusal(self) -> str | None:
        """Nothing: the operator has said that code may run."""
        return None

    async def call(self, call: GraderCall) -> CallScored | CallFailed | SandboxDown:
        """What became of the call; cancelling it kills its process."""
        async with self._slots:
            left_s = call.deadline - time.monotonic()
            if left_s <= 0:
                return SandboxDown("The row's time was over before its code could run.")
            scratch = await asyncio.to_thread(tempfile.mkdtemp, prefix="evald-unsafe-")
            try:
                return await self._called(call, scratch, min(self._limits.bounds.seconds, left_s))
            except OSError as problem:
                return SandboxDown(f"The call could not be prepared: {problem}.")
            finally:
                await uninterrupted(asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True))

    async def close(self) -> None:
        """Nothing to do: every process ends with its call."""

    async def _called(
        self, call: GraderCall, scratch: str, seconds: float
    ) -> CallScored | CallFailed | SandboxDown:
        began, breach = time.monotonic(), None
        package = str(Path(evald.__path__[0]).parent)
        process = await asyncio.create_subprocess_exec(
            *(str(self._interpreter), "-I", "-B", "-c", _BOOT, package, scratch),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"LANG": "C.UTF-8", "TZ": "UTC"},
            start_new_session=True,
        )
        said = bytearray()
        try:
            async with asyncio.timeout(seconds):
                await _hear(process, payload(call), said)
        except TimeoutError:
            breach = TIME
        finally:
            _kill(process)
            await uninterrupted(process.wait())
        if breach and seconds < self._limits.bounds.seconds:
            return SandboxDown("The row's time was over before its code had a score.")
        ended = Ended(process.returncode or 0, breach, time.monotonic() - began)
        return outcome(bytes(said), ended, self._limits.bounds)


async def _hear(process: asyncio.subprocess.Process, given: bytes, said: bytearray) -> None:
    """Puts the beginning of what the process writes into `said`; the rest is not waited for."""
    if process.stdin is None or process.stdout is None:
        return
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(given)
        await process.stdin.drain()
    process.stdin.close()
    while len(said) < report.SIZE and (piece := await process.stdout.read(report.SIZE)):
        said += piece


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
