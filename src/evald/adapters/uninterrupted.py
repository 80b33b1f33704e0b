"""Work that is waited for to its end even when whoever waits is canceled."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

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
            await asyncio.wait([future])
        except asyncio.CancelledError as raised:
            cancellation = raised
    if cancellation is None:
        return future.result()
    raise cancellation from (None if future.cancelled() else future.exception())
