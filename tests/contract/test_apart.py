"""What whoever computes apart keeps; ours. Of the process, which can be killed, more is asked."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from functools import partial

import psutil
import pytest

from evald.adapters.apart import ApartProcess
from evald.adapters.clock import SystemClock
from evald.ports.apart import Apart, WorkerDied, WorkTooLong
from tests.support.similarity import OnTheSpot

pytestmark = pytest.mark.slow  # a second and more in all; `make test` has a minute

CLOCK = SystemClock()
FOR_EVER = partial(signal.sigwait, [signal.SIGUSR1])  # which nobody sends


def soon() -> float:
    return CLOCK.monotonic() + 30.0


@pytest.fixture(params=["process", "on the spot"])
async def apart(request: pytest.FixtureRequest) -> AsyncIterator[Apart]:
    process = ApartProcess(CLOCK)
    yield process if request.param == "process" else OnTheSpot()
    await process.close()


@pytest.fixture
async def process() -> AsyncIterator[ApartProcess]:
    process = ApartProcess(CLOCK)
    yield process
    await process.close()


async def test_what_the_work_returns_comes_back(apart: Apart) -> None:
    assert await apart.run(partial(divmod, 17, 5), deadline=soon()) == (3, 2)


async def test_what_the_work_raises_is_raised(apart: Apart) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        await apart.run(partial(int, "x"), deadline=soon())

    assert await apart.run(partial(int, "1"), deadline=soon()) == 1


async def test_many_at_once_get_each_their_own(apart: Apart) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(apart.run(partial(pow, n, 2), deadline=soon())) for n in range(50)
        ]

    assert [task.result() for task in tasks] == [n**2 for n in range(50)]


async def test_large_texts_go_there_and_back(apart: Apart) -> None:
    text = "é" * 1_000_000

    assert await apart.run(partial(str.upper, text), deadline=soon()) == text.upper()


async def test_it_is_another_process_and_the_same_every_time(process: ApartProcess) -> None:
    first = await process.run(os.getpid, deadline=soon())

    assert first == await process.run(os.getpid, deadline=soon())
    assert first != os.getpid()


async def test_what_takes_too_long_is_ended_and_the_next_piece_done() -> None:
    process = ApartProcess(CLOCK, work_s=3.0)  # its start counts, on a busy machine too
    pid = await process.run(os.getpid, deadline=soon())

    with pytest.raises(WorkTooLong, match="not done within 3 seconds"):
        await process.run(FOR_EVER, deadline=soon())

    assert not psutil.pid_exists(pid)
    assert await process.run(partial(abs, -1), deadline=soon()) == 1
    await process.close()


async def test_the_deadline_ends_it_too(process: ApartProcess) -> None:
    await process.run(partial(abs, -1), deadline=soon())

    with pytest.raises(WorkTooLong):
        await process.run(FOR_EVER, deadline=CLOCK.monotonic() + 0.1)


async def test_who_waits_for_a_turn_waits_no_longer_than_its_deadline(
    process: ApartProcess,
) -> None:
    first = asyncio.create_task(process.run(FOR_EVER, deadline=soon()))
    await asyncio.sleep(0)

    with pytest.raises(WorkTooLong, match="turn"):
        await process.run(partial(abs, -1), deadline=CLOCK.monotonic() + 0.05)

    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_canceling_ends_the_work_and_not_the_next_one(process: ApartProcess) -> None:
    pid = await process.run(os.getpid, deadline=soon())
    work = asyncio.create_task(process.run(FOR_EVER, deadline=soon()))
    await asyncio.sleep(0.01)

    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work

    assert not psutil.pid_exists(pid)
    assert await process.run(partial(abs, -1), deadline=soon()) == 1


async def test_a_process_that_ends_in_the_midst_is_said_to_have(process: ApartProcess) -> None:
    pid = await process.run(os.getpid, deadline=soon())

    with pytest.raises(WorkerDied):
        await process.run(partial(os.kill, pid, signal.SIGKILL), deadline=soon())

    assert await process.run(partial(abs, -1), deadline=soon()) == 1


async def test_after_closing_no_process_is_left() -> None:
    process = ApartProcess(CLOCK)
    pid = await process.run(os.getpid, deadline=soon())

    await process.close()

    assert not psutil.pid_exists(pid)


async def test_nothing_is_started_before_there_is_work() -> None:
    before = len(psutil.Process().children())

    process = ApartProcess(CLOCK)

    assert len(psutil.Process().children()) == before
    await process.close()


async def test_the_alarm_ends_a_child_whose_parent_does_not(process: ApartProcess) -> None:
    """As when we are killed in the midst of its work: no orphan computes for hours."""
    remaining = await process.run(partial(signal.getitimer, signal.ITIMER_REAL), deadline=soon())

    assert 0 < remaining[0] <= 31
    assert await process.run(partial(signal.getsignal, signal.SIGALRM), deadline=soon()) is (
        signal.SIG_DFL
    )
