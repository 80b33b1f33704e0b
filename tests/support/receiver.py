"""An endpoint of a test's own: keeps what it is sent, and answers what the test says."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Received:
    """One delivery as it came."""

    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Receiver:
    """Where it listens, what came, and what it answers: by turns, then the last one for ever.

    An answer of 0 is none: the connection stays open in silence.
    """

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answers: list[int] = field(default_factory=lambda: [200])
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.Response:
        """Keeps the request and gives the next answer."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append(Received(headers, await request.read()))
        self.came.set()
        status = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if status == 0:
            await asyncio.Event().wait()
        location = {"location": self.url + "/moved"} if 300 <= status < 400 else {}
        return web.Response(status=status, headers=location)

    async def wait_for(self, count: int) -> list[Received]:
        """What came, once there are so many."""
        async with asyncio.timeout(40):
            while len(self.received) < count:
                self.came.clear()
                await self.came.wait()
        return self.received

    def wait_until(self, count: int, *, within_s: float) -> list[Received]:
        """As `wait_for`, for tests that are not asynchronous; different deliveries count."""
        end = time.monotonic() + within_s
        while len({each.headers["webhook-id"] for each in self.received}) < count:
            assert time.monotonic() < end, f"{len(self.received)} deliveries came"
            threading.Event().wait(0.05)
        return self.received


@contextmanager
def receiving_apart() -> Iterator[Receiver]:
    """A receiver on this machine, in a thread of its own."""
    started: Future[tuple[Receiver, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def receive() -> None:
        async with receiving() as receiver:
            ended = asyncio.Event()
            started.set_result((receiver, asyncio.get_running_loop(), ended))
            await ended.wait()

    thread = threading.Thread(target=asyncio.run, args=(receive(),))
    thread.start()
    receiver, loop, ended = started.result(timeout=10)
    try:
        yield receiver
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver on this machine."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/{path:.*}", receiver.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    receiver.url = f"http://127.0.0.1:{port}"
    try:
        yield receiver
    finally:
        await runner.cleanup()
