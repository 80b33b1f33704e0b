"""Work that is waited for to its end even when whoever waits is canceled."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")


async def uninterrupted(work: Awaitable[T]) -> T:
    """What the work returns or raises; a cancellation that came meanwhile is raised after it.

    For what must not be left half done, and for threads: a thread cannot be canceled, so what it
    works on must not be closed before it has ended. The work itself must be bounded.
    """
    future = asyncio.ensure_future(work)
    cancellation: asyncio.CancelledError | None = None
    while not future.done():
        try:
            await _ended(future)
        except asyncio.CancelledError as raised:
            cancellation = raised
    if cancellation is None:
        return future.result()
    raise cancellation from (None if future.cancelled() else future.exception())


async def _ended(future: asyncio.Future[Any]) -> None:
    """Returns once the future is done, whatever came of it.

    As `asyncio.wait` of one, which takes four times as long; every statement is waited for so.
    """
    ended: asyncio.Future[None] = future.get_loop().create_future()

    def end(_: object) -> None:
        if not ended.done():
            ended.set_result(None)

    future.add_done_callback(end)
    await ended
