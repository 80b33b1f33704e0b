"""The zygotes at work: one for each set of packages that sources name, none while all is idle."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from evald.adapters.sandbox.inside.warming import BY_NAME
from evald.adapters.sandbox.zygote_link import Place, ZygoteLink, start

MOST = 3
"""So many sets of packages have a zygote of their own, and none as well: who names no package shall
not wait for those of others. Any further sets share one that has all packages.
"""


@dataclass(slots=True)
class _Held:
    link: ZygoteLink
    users: int = 0
    idle: asyncio.TimerHandle | None = None


class Zygotes:
    """Starts a zygote when it is first wanted, and ends it once nobody has for a while."""

    def __init__(self, place: Place, idle_s: float) -> None:
        """Starts them there; idle time in seconds."""
        self._place = place
        self._idle_s = idle_s
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
            if names and names not in self._held and len(self._held) > MOST:
                names = frozenset(BY_NAME)
            held = self._held.get(names)
            if held is not None and not held.link.is_open:
                await held.link.close()
                held = None
            if held is None:
                held = self._held[names] = _Held(await start(self._place, names))
            return held

    def _rest(self, held: _Held) -> None:
        if held.users:
            return
        self._held = {names: each for names, each in self._held.items() if each is not held}
        task = asyncio.ensure_future(held.link.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
