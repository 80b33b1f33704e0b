"""A clock on which nobody waits: sleeping takes no time and is written down."""

import asyncio

from evald.wire.ids import IdPrefix

NOW = 1_760_000_000


class InstantClock:
    """Fulfils `evald.ports.clock.Clock`; its time moves by what is slept alone."""

    def __init__(self, *, jitter: float = 0.5) -> None:
        self._jitter = jitter
        self._elapsed = 0.0
        self.slept: list[float] = []

    def now(self) -> int:
        return NOW + int(self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._elapsed += seconds
        await asyncio.sleep(0)

    def jitter(self) -> float:
        return self._jitter

    def new_id(self, prefix: IdPrefix) -> str:
        raise NotImplementedError

    def new_file_id(self) -> str:
        raise NotImplementedError

    def new_uuid(self) -> str:
        raise NotImplementedError
