"""Heavy pure work, done off the event loop."""

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Cpu(Protocol):
    """Somewhere else to compute."""

    async def run(self, work: Callable[[], T]) -> T:
        """What `work()` returns or raises, computed in another thread."""
        ...
