"""What graders commonly do works behind the walls."""

import asyncio
import sys
from pathlib import Path

import psutil
import pytest

from evald.adapters.sandbox.confined import ConfinedSandbox
from evald.adapters.sandbox.limits import Limits
from evald.ports.sandbox import CallFailed, CallScored
from tests.sandbox.runners import INTERPRETER, call_of, skip_where_the_kernel_cannot

HONEST = {
    "asyncio": """
import asyncio
async def work():
    await asyncio.sleep(0.01)
    return 1.0
def grade(sample, item):
    return asyncio.run(work())
""",
    "threads": """
from concurrent.futures import ThreadPoolExecutor
def grade(sample, item):
    with ThreadPoolExecutor(4) as pool:
        return sum(pool.map(abs, [0.25] * 4))
""",
    "temporary files": """
import os, shutil, tempfile
def grade(sample, item):
    folder = tempfile.mkdtemp()
    open(folder + "/a", "w").write("x")
    shutil.copy2(folder + "/a", folder + "/b")
    with tempfile.TemporaryFile() as file, tempfile.NamedTemporaryFile() as named:
        file.write(b"x"), named.write(b"x")
    shutil.rmtree(folder)
    return float(not os.path.exists(folder))
""",
    "a database": """
import sqlite3
def grade(sample, item):
    with sqlite3.connect("scratch.db") as database:
        database.execute("create table numbers (number)")
        database.execute("insert into numbers values (1.0)")
        return database.execute("select number from numbers").fetchone()[0]
""",
    "functions of C": """
import ctypes
libm = ctypes.CDLL(None)
libm.fabs.restype, libm.fabs.argtypes = ctypes.c_double, [ctypes.c_double]
def grade(sample, item):
    return libm.fabs(-1.0)
""",
    "locks and space set aside": """
import fcntl, os
def grade(sample, item):
    with open("file", "wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        fcntl.lockf(file, fcntl.LOCK_EX)
        os.posix_fallocate(file.fileno(), 0, 100_000)
        return float(os.fstat(file.fileno()).st_size == 100_000)
""",
    "data classes": """
from __future__ import annotations
from dataclasses import dataclass
@dataclass
class Verdict:
    score: float
def grade(sample: dict[str, object], item: dict[str, object]) -> float:
    return Verdict(1.0).score
""",
    "chance, hashes and time": """
import datetime, hashlib, random, secrets, time, uuid, zoneinfo
def grade(sample, item):
    hashlib.sha256(secrets.token_bytes(8) + uuid.uuid4().bytes)
    datetime.datetime.now(zoneinfo.ZoneInfo("UTC"))
    time.sleep(0.001)
    return float(0.0 <= random.random() < 1.0)
""",
    "warnings and logs": """
import logging, sys, warnings
logging.warning("hm")
warnings.warn("hm")
print("hm", file=sys.stderr)
def grade(sample, item):
    return True
""",
    "large numbers": "def grade(sample, item): return len(str(item['large'])) / 4000\n",
}

COUNTING = """
import os
def grade(sample, item):
    for path in ("cpu.max", "cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us"):
        if os.path.exists("/sys/fs/cgroup/" + path):
            open("/sys/fs/cgroup/" + path).read()
    return float(os.environ["OMP_NUM_THREADS"])
"""

FAILING = {
    "raise SystemExit": "SystemExit",
    "return 'high'": "a value of type str",
    "return None": "a value of type NoneType",
    "return float('nan')": "finite",
    "return 10 ** 400": "OverflowError",
    "import os; os._exit(3)": "exit code 3",
    "return grade(sample, item)": "RecursionError",
    "raise type('Odd', (Exception,), {'__str__': lambda self: 1 / 0})()": "Odd",
}

OTHERS = [
    each
    for name in ("python3.11", "python3.12", "python3.13", "python3")
    for each in (Path("/usr/bin") / name, Path("/usr/local/bin") / name)
    if each.exists() and each.resolve() != Path(sys.executable).resolve()
]


@pytest.mark.parametrize("task", HONEST)
async def test_it_works(task: str, sandbox: ConfinedSandbox) -> None:
    outcome = await sandbox.call(call_of(HONEST[task], {"large": 10**3999}))

    assert isinstance(outcome, CallScored), outcome
    assert outcome.score == 1.0


async def test_processors_can_be_counted_without_bubblewrap_too() -> None:
    """Joblib raises where it can see these files and not read them."""
    sandbox = ConfinedSandbox(INTERPRETER, bubblewrap=None)
    try:
        await skip_where_the_kernel_cannot(sandbox)
        outcome = await sandbox.call(call_of(COUNTING))
    finally:
        await sandbox.close()

    assert isinstance(outcome, CallScored), outcome
    assert outcome.score == 1.0


async def test_what_goes_wrong_in_the_code_is_told(sandbox: ConfinedSandbox) -> None:
    for body, words in FAILING.items():
        outcome = await sandbox.call(call_of(f"def grade(sample, item):\n    {body}\n"))

        assert isinstance(outcome, CallFailed), body
        assert words in outcome.details, body
        assert outcome.missing is None


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def grade(sample): return 1.0", "takes 1 positional argument but 2 were given"),
        ("grade = 1.0", "no function 'grade(sample, item)'"),
        ("def grade(sample, item) return 1.0", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
async def test_a_source_that_is_no_grader_says_so(
    source: str, words: str, sandbox: ConfinedSandbox
) -> None:
    outcome = await sandbox.call(call_of(source))

    assert isinstance(outcome, CallFailed)
    assert words in outcome.details


async def test_a_package_that_is_not_there_is_named(sandbox: ConfinedSandbox) -> None:
    outcome = await sandbox.call(call_of("from no_such.thing import it\n"))

    assert isinstance(outcome, CallFailed)
    assert outcome.missing == "no_such"


async def test_a_module_of_a_package_that_is_there_is_named_in_full(
    sandbox: ConfinedSandbox,
) -> None:
    outcome = await sandbox.call(call_of("import json.no_such\n"))

    assert isinstance(outcome, CallFailed)
    assert outcome.missing == "json.no_such"


@pytest.mark.parametrize(
    ("raising", "missing"),
    [
        ("try: import no_such\nexcept ImportError: raise ImportError('Install it')", "no_such"),
        ("raise ImportError(\"Missing optional dependency 'pyarrow'. Use pip\")", "pyarrow"),
        (
            'raise LookupError("\\n  Resource \\x1b[93mpunkt\\x1b[0m not found.")',
            "NLTK data 'punkt'",
        ),
        ("try: import no_such\nexcept ImportError: raise ValueError('odd')", None),
        ("from json import no_such", None),
    ],
)
async def test_what_code_misses_is_told_from_what_it_does_wrong(
    raising: str, missing: str | None, sandbox: ConfinedSandbox
) -> None:
    outcome = await sandbox.call(call_of(raising))

    assert isinstance(outcome, CallFailed)
    assert outcome.missing == missing


@pytest.mark.skipif(not OTHERS, reason="There is no other Python 3.11 or newer on this machine.")
async def test_another_interpreter_without_evald_runs_the_code() -> None:
    sandbox = ConfinedSandbox(OTHERS[0])
    try:
        await skip_where_the_kernel_cannot(sandbox)
        source = "import sys\ndef grade(sample, item):\n    print(sys.prefix)\n    return 1.0\n"
        outcome = await sandbox.call(call_of(source))
    finally:
        await sandbox.close()

    assert isinstance(outcome, CallScored)
    assert outcome.stdout.startswith("/usr")


async def test_an_interpreter_that_cannot_start_is_a_sandbox_that_is_down(tmp_path: Path) -> None:
    sandbox = ConfinedSandbox(tmp_path / "python")

    refusal = await sandbox.refusal()
    await sandbox.close()

    assert refusal is not None
    assert "cannot be started" in refusal


async def test_an_idle_sandbox_ends_its_process_and_begins_anew() -> None:
    sandbox = ConfinedSandbox(INTERPRETER, Limits(idle_s=0.05))
    await skip_where_the_kernel_cannot(sandbox)
    call = call_of("def grade(sample, item): return 1.0\n")
    others = psutil.Process().children()
    try:
        await sandbox.call(call)
        begun = [each for each in psutil.Process().children() if each not in others]
        gone, alive = await asyncio.to_thread(psutil.wait_procs, begun, timeout=10)
        again = await sandbox.call(call)
    finally:
        await sandbox.close()

    assert (len(gone) > 0, alive) == (True, [])
    assert isinstance(again, CallScored)
