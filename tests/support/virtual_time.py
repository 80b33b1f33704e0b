"""An event loop whose time leaps over every wait, and a clock that follows whatever loop runs."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from evald.wire.ids import FILE_PREFIX, IdPrefix

T = TypeVar("T")

EPOCH = 1_750_000_000
"""The second at which virtual time begins."""


def run_in_virtual_time(work: Coroutine[Any, Any, T]) -> T:
    """What the coroutine returns, without any real waiting: an hour of sleep takes no time.

    Not for threads and sockets, over whose work such time would leap.
    """
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(work)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Its time stands still while there is something to do, and then leaps to the next timer."""

    def __init__(self) -> None:
        self.virtual_now = 0.0
        super().__init__(_LeapingSelector(self._leap))

    def time(self) -> float:
        return self.virtual_now

    def _leap(self, seconds: float) -> None:
        self.virtual_now += seconds


class _LeapingSelector(selectors.SelectSelector):
    def __init__(self, leap: Callable[[float], None]) -> None:
        super().__init__()
        self._leap = leap

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("Every task waits and no timer runs: this would hang for ever.")
        ready = super().select(0)
        if not ready:
            self._leap(timeout)
        return ready


class LoopClock:
    """The running loop's time, a constant jitter, and ids that count up. Fulfils `Clock`."""

    def __init__(self, *, jitter: float = 0.5) -> None:
        self._jitter = jitter
        self._ids = 0
        self.slept: list[float] = []

    def now(self) -> int:
        return EPOCH + int(self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(seconds)

    def jitter(self) -> float:
        return self._jitter

    def new_id(self, prefix: IdPrefix) -> str:
        return f"{prefix}{self.now():08x}{self._next():024x}"

    def new_file_id(self) -> str:
        return f"{FILE_PREFIX}{self._next():022}"

    def new_uuid(self) -> str:
        return f"00000000-0000-4000-8000-{self._next():012x}"

    def _next(self) -> int:
        self._ids += 1
        return self._ids
