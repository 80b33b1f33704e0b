"""The sandbox: a zygote that starts at the first call, ends when idle, and forks behind walls."""

import asyncio
import os
import shutil
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from evald.adapters.sandbox.inside import report
from evald.adapters.sandbox.inside.order import TIME, Order
from evald.adapters.sandbox.inside.warming import named_in
from evald.adapters.sandbox.limits import Limits
from evald.adapters.sandbox.memory import sealed_memory, shared_memory
from evald.adapters.sandbox.outcomes import Ended, outcome
from evald.adapters.sandbox.payload import payload
from evald.adapters.sandbox.scratch import ScratchRoom, remove, remove_tree
from evald.adapters.sandbox.scratch_sum import ScratchSum
from evald.adapters.sandbox.zygote_link import (
    END_S,
    Place,
    ZygoteDown,
    ZygoteLink,
    try_walls,
)
from evald.adapters.sandbox.zygotes import Zygotes
from evald.adapters.uninterrupted import uninterrupted
from evald.ports.sandbox import CallFailed, CallScored, GraderCall, SandboxDown

LATE_S = 10.0
"""How much later than its end a call may be given up: then the zygote itself hangs."""


class ConfinedSandbox:
    """Runs each call in a fresh fork behind every wall there is. Fulfils `Sandbox`.

    Calls beyond `limits.at_once` wait their turn; the time they wait is not theirs.
    """

    is_safe = True

    def __init__(
        self,
        interpreter: Path,
        limits: Limits | None = None,
        *,
        bubblewrap: str | None = "bwrap",
    ) -> None:
        """Runs this interpreter; nothing is started or made before it is needed.

        `bubblewrap` is the program of that name, which adds a layer where it is there and works.
        """
        self._interpreter = interpreter
        self._bubblewrap = bubblewrap
        self._limits = limits or Limits()
        self._slots = asyncio.Semaphore(self._limits.at_once)
        self._scratch = ScratchSum(self._limits.scratch_of_all_bytes)
        # Two calls at once would otherwise both try the walls, in two rooms.
        self._trying = asyncio.Lock()
        self._room: ScratchRoom | None = None
        self._zygotes: Zygotes | None = None
        self._refusal: str | None = None
        self._count = 0

    async def refusal(self) -> str | None:
        """Why code cannot be confined here, found out by trying it in a process of its own."""
        async with self._trying:
            if self._refusal is None and self._zygotes is None:
                await self._try()
            return self._refusal

    async def call(self, call: GraderCall) -> CallScored | CallFailed | SandboxDown:
        """What became of the call; cancelling it kills its process and waits until it is gone."""
        refusal = await self.refusal()
        if refusal is not None or self._zygotes is None:
            return SandboxDown(refusal or "The sandbox is closed.")
        try:
            async with self._slots, self._zygotes.use(named_in(call.source)) as link:
                return await self._called(call, link)
        except ZygoteDown as down:
            return SandboxDown(str(down))
        except OSError as problem:
            return SandboxDown(f"The call could not be prepared: {problem}.")

    async def close(self) -> None:
        """No process and no file of it is left."""
        if self._zygotes is not None:
            await self._zygotes.close()
            self._zygotes = None
        if self._room is not None:
            await asyncio.to_thread(self._room.close)
            self._room = None
        self._refusal = "The sandbox is closed."

    async def _called(
        self, call: GraderCall, link: ZygoteLink
    ) -> CallScored | CallFailed | SandboxDown:
        limit, left_s = self._limits.bounds, call.deadline - time.monotonic()
        if left_s <= 0 or self._room is None:
            return SandboxDown("The row's time was over before its code could run.")
        bounds = replace(limit, seconds=min(limit.seconds, left_s))
        number = self._count = self._count + 1
        with (
            sealed_memory(payload(call)) as given,
            shared_memory(report.SIZE) as answer,
        ):
            folder = self._room.make(number)
            try:
                order = Order(number, str(folder), bounds)
                ended = await _ended(link, order, link.begin(order, (given, answer)))
            finally:
                self._scratch.forget(number)
                if not remove(folder):
                    await uninterrupted(asyncio.to_thread(remove_tree, folder))
            if ended.breach == TIME and bounds.seconds < limit.seconds:
                return SandboxDown("The row's time was over before its code had a score.")
            return outcome(os.pread(answer, report.SIZE, 0), ended, bounds)

    async def _try(self) -> None:
        """Finds out by a trial, with bubblewrap and then without, whether the walls stand."""
        try:
            self._room = await asyncio.to_thread(ScratchRoom)
            place = Place(self._interpreter, self._room.path)
            working = await _working_place(place, self._bubblewrap)
        except (ZygoteDown, OSError) as problem:
            self._refusal = str(problem)
        else:
            self._zygotes = Zygotes(working, self._limits.idle_s, self._scratch)


async def _working_place(place: Place, bubblewrap: str | None) -> Place:
    program = None if bubblewrap is None else shutil.which(bubblewrap)
    if program is not None:
        with suppress(ZygoteDown):
            within = replace(place, bubblewrap=program)
            await try_walls(within)
            return within
    await try_walls(place)
    return place


async def _ended(link: ZygoteLink, order: Order, ending: asyncio.Future[Ended]) -> Ended:
    try:
        async with asyncio.timeout(order.bounds.seconds + LATE_S):
            return await asyncio.shield(ending)
    except TimeoutError:
        raise ZygoteDown("The sandbox's process did not end the call in time.") from None
    finally:
        if not ending.done():
            link.kill(order.number)
            await uninterrupted(_gone(link, ending))


async def _gone(link: ZygoteLink, ending: asyncio.Future[Ended]) -> None:
    """The call's process is no more; if the zygote does not say so, it is none either."""
    await asyncio.wait([ending], timeout=END_S)
    if not ending.done():
        await link.close()
    if ending.done():
        ending.exception()  # nobody waits for it any more
