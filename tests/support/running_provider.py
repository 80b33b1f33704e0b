"""The mock provider in a thread of the test's own process, so that a test sees what it saw."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.mock_provider import MockProvider, serving


@contextmanager
def running_provider(mock: MockProvider) -> Iterator[MockProvider]:
    """The provider, reachable while the block lasts."""
    loop = asyncio.new_event_loop()
    ready, ending = threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with serving(mock):
            ready.set()
            await ending.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(10)
    try:
        yield mock
    finally:
        loop.call_soon_threadsafe(ending.set)
        thread.join(10)
        loop.close()
