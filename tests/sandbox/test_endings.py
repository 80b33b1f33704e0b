"""However code ends, or keeps from ending, its call is over soon and has no undeserved score."""

import json
import time

import pytest

from evald.adapters.sandbox.confined import ConfinedSandbox
from evald.adapters.sandbox.inside.report import MAX_DETAILS
from evald.adapters.sandbox.unsafe import UnsafeProcesses
from evald.ports.sandbox import CallFailed, CallScored, SandboxDown
from tests.sandbox.runners import INTERPRETER, call_of, limits

STOPPING = """
import os, signal
def grade(sample, item):
    os.kill(os.getpid(), signal.SIGSTOP)
    return 1.0
"""

FAILING = {
    "it leaves": ("os._exit(0)", "exit code 0"),
    "it closes its report": ("os.close(3)", "before it had a score"),
    "it closes all": ("os.closerange(0, 4096)", "before it had a score"),
    "it puts a file in the place of its report": (
        "os.dup2(os.open('file', os.O_RDWR | os.O_CREAT), 3)",
        "before it had a score",
    ),
    "two scores": ("write(b'S', 8, ONE); write(b'S', 8, ONE); os._exit(0)", "exit code 0"),
    "a score, and another one": ("write(b'S', 8, ONE)", "exit code 0"),
    "a bad address": ("ctypes.string_at(0)", "SIGSEGV"),
    "abort": ("os.abort()", "signal"),
    "a stack that is used up": ("sys.setrecursionlimit(10**9); down()", ""),
    "a parser that is used up": ("compile('(' * 1_000_000, 'x', 'eval')", "Error"),
    "an exit with an object": ("sys.exit(object())", "SystemExit"),
    "a long text": ("raise ValueError('x' * 30_000_000)", "xxx"),
    "letters that are none": ("raise ValueError('\\udcff\\ud800 \\0')", "ValueError"),
    "an interruption": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
}

_SOURCE = """
import ctypes, os, struct, sys
ONE = struct.pack("<d", 1.0)
def down():
    return [*map(lambda _: down(), "x")]
def write(kind, size, body):
    os.write(3, kind + struct.pack("<I", size) + body)
def grade(sample, item):
    {body}
    return 1.0
"""

SCORED = {
    "no output": "sys.stdout = None",
    "an output that is shut": "sys.stdout.close()",
    "odd output": "print('\\udcff \\0 \\x1b[2J'); sys.stdout.buffer.write(b'\\xff\\xfe')",
    "an exit handler": "import atexit; atexit.register(time.sleep, 60)",
    "a thread that stays": "import threading as t; t.Thread(target=time.sleep, args=[60]).start()",
    "an alarm": "import signal; signal.alarm(60)",
}


@pytest.mark.parametrize("ending", FAILING)
async def test_it_fails(ending: str, sandbox: ConfinedSandbox) -> None:
    body, words = FAILING[ending]

    outcome = await sandbox.call(call_of(_SOURCE.format(body=body)))

    assert isinstance(outcome, CallFailed), outcome
    assert words in outcome.details
    assert len(outcome.details.encode()) <= MAX_DETAILS
    assert outcome.missing is None


@pytest.mark.parametrize("ending", SCORED)
async def test_it_is_scored_at_once(ending: str, sandbox: ConfinedSandbox) -> None:
    source = f"import sys, time\ndef grade(sample, item):\n    {SCORED[ending]}\n    return 1.0\n"
    await sandbox.call(call_of(source))

    began = time.monotonic()
    outcome = await sandbox.call(call_of(source))

    assert isinstance(outcome, CallScored), outcome
    assert json.dumps(outcome.stdout).isascii()
    assert time.monotonic() - began < 5.0


@pytest.mark.slow
async def test_code_cannot_stop_itself_to_outlast_its_time(sandbox: ConfinedSandbox) -> None:
    free = await UnsafeProcesses(INTERPRETER, limits(seconds=1.0)).call(call_of(STOPPING))
    walled = await sandbox.call(call_of(STOPPING))

    assert isinstance(free, CallFailed)
    assert "longer than 1 seconds" in free.details
    assert isinstance(walled, CallFailed)
    assert "PermissionError" in walled.details


async def test_who_wipes_the_report_says_nothing_of_the_walls(sandbox: ConfinedSandbox) -> None:
    """It comes to an error, and to no score; what it may say is short."""
    body = "os.pwrite(3, b'D' + struct.pack('<I', 60_000) + b'x' * 60_000, 0); os._exit(0)"

    outcome = await sandbox.call(call_of(_SOURCE.format(body=body)))

    assert isinstance(outcome, SandboxDown)
    assert len(outcome.reason) <= MAX_DETAILS
