"""The zygotes at work: one for each set of packages that sources name, none while all is idle."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from evald.adapters.sandbox.inside.warming import BY_NAME
from evald.adapters.sandbox.scratch_sum import ScratchSum
from evald.adapters.sandbox.zygote_link import Place, ZygoteLink, start

MOST = 4
"""So many sets of packages have a zygote of their own, none being a set too. A further set takes
the place of one that nobody had for a while; else it shares a zygote that has all packages.
"""

RESTING_S = 5.0
"""Who is idle for less may be wanted again with the next row."""


@dataclass(slots=True)
class _Held:
    link: ZygoteLink
    users: int = 0
    idle: asyncio.TimerHandle | None = None
    idle_since: float = 0.0


class Zygotes:
    """Starts a zygote when it is first wanted, and ends it once nobody has for a while."""

    def __init__(
        self, place: Place, idle_s: float, scratch: ScratchSum, *, resting_s: float = RESTING_S
    ) -> None:
        """Starts them there, and ends them after so many idle seconds.

        Args:
            place: where, and under which interpreter.
            idle_s: how long one is kept that nobody has.
            scratch: is told what their calls write.
            resting_s: how long one is kept that stands in another's way.
        """
        self._place = place
        self._idle_s = idle_s
        self._resting_s = resting_s
        self._scratch = scratch
        # Two calls at once would otherwise start two zygotes of a kind.
        self._starting = asyncio.Lock()
        self._held: dict[frozenset[str], _Held] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def use(self, names: frozenset[str]) -> AsyncIterator[ZygoteLink]:
        """A zygote that has these packages; it does not end while the block lasts.

        Raises:
            ZygoteDown: it could not be started.
        """
        held = await self._get(names)
        held.users += 1
        if held.idle is not None:
            held.idle.cancel()
        try:
            yield held.link
        finally:
            held.users -= 1
            if not held.users:
                loop = asyncio.get_running_loop()
                held.idle_since = loop.time()
                held.idle = loop.call_later(self._idle_s, self._rest, held)

    async def close(self) -> None:
        """Every zygote is gone, and every call with it."""
        for held in list(self._held.values()):
            if held.idle is not None:
                held.idle.cancel()
            await held.link.close()
        self._held.clear()
        for task in list(self._closing):
            await task

    async def _get(self, names: frozenset[str]) -> _Held:
        async with self._starting:
            if names not in self._held and len(self._held) >= MOST and not self._make_room():
                names = frozenset(BY_NAME)
            held = self._held.get(names)
            if held is not None and not held.link.is_open:
                await held.link.close()
                held = None
            if held is None:
                held = self._held[names] = _Held(await start(self._place, names, self._scratch))
            return held

    def _make_room(self) -> bool:
        now = asyncio.get_running_loop().time()
        for each in self._held.values():
            if not each.users and each.idle and now - each.idle_since >= self._resting_s:
                each.idle.cancel()
                self._rest(each)
                return True
        return False

    def _rest(self, held: _Held) -> None:
        if held.users:
            return
        self._held = {names: each for names, each in self._held.items() if each is not held}
        task = asyncio.ensure_future(held.link.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
