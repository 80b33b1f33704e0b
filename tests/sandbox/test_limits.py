"""What a call may use, and what becomes of one that takes more."""

import asyncio
import time

import pytest

from evald.adapters.sandbox.confined import ConfinedSandbox
from evald.adapters.sandbox.limits import Limits
from evald.adapters.sandbox.unsafe import UnsafeProcesses
from evald.ports.sandbox import CallFailed, CallScored, SandboxDown
from tests.sandbox.runners import (
    INTERPRETER,
    Outcome,
    call_of,
    limits,
    skip_where_the_kernel_cannot,
)

LOOP = """
import time
def grade(sample, item):
    end = time.monotonic() + 1.2
    while time.monotonic() < end:
        pass
    return 1.0
"""

MEMORY = "def grade(sample, item):\n    return float(len(bytearray(item['bytes'])) > 0)\n"

MANY_FILES = """
import time
def grade(sample, item):
    for number in range(250):
        open(str(number), "w").close()
    time.sleep(0.5)
    return 1.0
"""

UNLINKED = """
import os, time
def grade(sample, item):
    files = []
    for number in range(20):
        files.append(open("file", "wb"))
        os.unlink("file")
        files[-1].write(b"x" * 1_000_000)
        files[-1].flush()
    time.sleep(0.5)
    return 1.0
"""

THREADS = """
import threading, time
def grade(sample, item):
    threading.stack_size(65_536)
    for _ in range(600):
        threading.Thread(target=time.sleep, args=(3,), daemon=True).start()
    time.sleep(0.5)
    return 1.0
"""


async def behind_walls(source: str, item: object = None, **given: float) -> Outcome:
    confined = ConfinedSandbox(INTERPRETER, limits(**given))
    try:
        await skip_where_the_kernel_cannot(confined)
        return await confined.call(call_of(source, item))
    finally:
        await confined.close()


async def without_walls(source: str, item: object = None) -> Outcome:
    return await UnsafeProcesses(INTERPRETER).call(call_of(source, item))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "given", "said"),
    [
        (LOOP, {"seconds": 0.4}, "longer than 0.4 seconds"),
        (MANY_FILES, {"files": 200}, "more than 200 files"),
        (UNLINKED, {"scratch_bytes": 10_000_000}, "more than 10000000 bytes"),
        (THREADS, {}, "more than 256 threads"),
    ],
    ids=["an endless loop", "many small files", "files without a name", "many threads"],
)
async def test_what_goes_on_too_long_or_takes_too_much_is_ended(
    source: str, given: dict[str, float], said: str
) -> None:
    free = await without_walls(source)
    ended = await behind_walls(source, **given)

    assert isinstance(free, CallScored), free
    assert isinstance(ended, CallFailed), ended
    assert said in ended.details


WRITING = """
# {package}
import time
def grade(sample, item):
    open("file", "wb").write(b"x" * item["bytes"])
    time.sleep(1.5)
    return 1.0
"""


@pytest.mark.slow
async def test_calls_that_write_too_much_together_lose_the_one_that_wrote_most() -> None:
    """Each keeps to its own bound; they are of different zygotes, and counted in one sum."""
    confined = ConfinedSandbox(INTERPRETER, Limits(at_once=3, scratch_of_all_bytes=10_000_000))
    small, large = ((1_000_000, "none"), (8_000_000, "html"))
    try:
        await skip_where_the_kernel_cannot(confined)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(
                    confined.call(call_of(WRITING.format(package=package), {"bytes": size}))
                )
                for size, package in (small, (4_000_000, "asyncio"), large)
            ]
        after = await confined.call(call_of(WRITING.format(package="none"), {"bytes": 8_000_000}))
    finally:
        await confined.close()

    least, middle, most = (each.result() for each in tasks)
    assert isinstance(least, CallScored)
    assert isinstance(middle, CallScored)
    assert isinstance(most, SandboxDown)
    assert "together" in most.reason
    assert isinstance(after, CallScored)


async def test_memory_beyond_the_limit_is_an_error_of_the_code(sandbox: ConfinedSandbox) -> None:
    within = await sandbox.call(call_of(MEMORY, {"bytes": 50_000_000}))
    beyond = await sandbox.call(call_of(MEMORY, {"bytes": 3_000_000_000}))

    assert isinstance(within, CallScored)
    assert isinstance(beyond, CallFailed)
    assert beyond.details.endswith("MemoryError")


async def test_a_row_whose_time_is_over_is_not_the_codes_fault(sandbox: ConfinedSandbox) -> None:
    late = await sandbox.call(call_of(LOOP, seconds=0.3))
    too_late = await sandbox.call(call_of(LOOP, seconds=-1.0))

    assert isinstance(late, SandboxDown)
    assert isinstance(too_late, SandboxDown)


async def test_canceling_a_call_kills_its_code_at_once(sandbox: ConfinedSandbox) -> None:
    """Its place is free again when the cancellation is through."""
    forever = "def grade(sample, item):\n    while True: pass\n"
    tasks = [asyncio.ensure_future(sandbox.call(call_of(forever))) for _ in range(20)]
    await asyncio.sleep(0.3)

    began = time.monotonic()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    after = await sandbox.call(call_of("def grade(sample, item): return 1.0"))

    assert all(task.cancelled() for task in tasks)
    assert isinstance(after, CallScored)
    assert time.monotonic() - began < 5.0
