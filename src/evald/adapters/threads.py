"""Heavy pure work in threads, beside the event loop."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class ThreadCpu:
    """Computes in the event loop's pool of threads."""

    async def run(self, work: Callable[[], T]) -> T:
        """What `work()` returns or raises, computed in another thread."""
        return await asyncio.to_thread(work)
