"""Heavy pure work that must neither hold up other threads nor go on for ever."""

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class WorkTooLong(Exception):
    """The work was not done in time, and was ended."""


class WorkerDied(Exception):
    """The process that did the work ended in its midst, as for want of memory."""


class Apart(Protocol):
    """Another process to compute in: what hangs there is killed."""

    async def run(self, work: Callable[[], T], *, deadline: float) -> T:
        """What `work()` returns or raises, computed in another process.

        Cancelling the call ends the work.

        Args:
            work: picklable, as a `functools.partial` of a module's function is, and so is what it
                returns or raises.
            deadline: a moment of the monotonic clock after which nobody wants the outcome.

        Raises:
            WorkTooLong: it was not done within its limit, or before the deadline.
            WorkerDied: its process ended.
        """
        ...
