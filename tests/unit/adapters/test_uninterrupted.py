"""Work that is waited for to its end. Ours."""

import asyncio

import pytest

from evald.adapters.uninterrupted import uninterrupted


async def answer() -> str:
    await asyncio.sleep(0)
    return "done"


async def fail() -> str:
    await asyncio.sleep(0)
    raise ZeroDivisionError


async def test_what_the_work_returns_comes_back() -> None:
    assert await uninterrupted(answer()) == "done"


async def test_what_the_work_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        await uninterrupted(fail())


@pytest.mark.parametrize("cancellations", [1, 2, 5])
async def test_cancellation_waits_for_the_work(cancellations: int) -> None:
    may_end, ended, crashes = asyncio.Event(), [], list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _, crash: crashes.append(crash))

    async def work() -> None:
        await may_end.wait()
        ended.append("work")

    task = asyncio.create_task(uninterrupted(work()))
    for _ in range(cancellations):
        await asyncio.sleep(0)
        task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    may_end.set()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert (ended, crashes) == (["work"], [])


async def test_a_cancellation_outranks_the_works_own_failure() -> None:
    task = asyncio.create_task(uninterrupted(fail()))
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
