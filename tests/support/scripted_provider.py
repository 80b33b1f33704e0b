"""A provider that answers each model as a test wrote it down, byte for byte, and tells what it saw.

It runs in a thread of the test's own process.
"""

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.support.raw_server import Request

JSON = {"content-type": "application/json"}
EVENTS = {"content-type": "text/event-stream; charset=utf-8"}

Step = bytes | float | Literal["break", "hang"]
"""Bytes to send, seconds to wait, the connection closed at once, or nothing more said for ever."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered: `silent` says not even a status."""

    steps: Sequence[Step] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: dict(JSON))
    silent: bool = False


def json_reply(value: Any, *, status: int = 200, **headers: str) -> Reply:
    """An answer of this JSON."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply([json.dumps(value).encode()], status, {**JSON, **named})


def stream_reply(*chunks: Any, done: bool = True, end: Sequence[Step] = ()) -> Reply:
    """A stream of these chunks, each in a piece of its own; bytes as they are."""
    events: list[Step] = [
        each if isinstance(each, bytes) else f"data: {json.dumps(each)}\n\n".encode()
        for each in chunks
    ]
    return Reply([*events, *([b"data: [DONE]\n\n"] if done else []), *end], 200, dict(EVENTS))


class ScriptedProvider:
    """Its `replies` are by the model of a request, else by the last word of its path."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply | Callable[[Request], Reply]] = {}
        self.seen: list[Request] = []
        self.left = 0  # connections that were closed before their answer was whole
        self.open = 0
        self.connections = 0
        self.port = 0
        self.changed = threading.Condition()

    @property
    def base_url(self) -> str:
        """What an OpenAI client calls its base URL."""
        return f"http://127.0.0.1:{self.port}/v1"

    def until(self, holds: Callable[["ScriptedProvider"], bool], *, within_s: float = 5.0) -> bool:
        """Whether it holds within so many seconds; returns as soon as it does."""
        with self.changed:
            return self.changed.wait_for(lambda: holds(self), timeout=within_s)

    def body_of(self, model: str) -> Any:
        """The last body that asked this model."""
        bodies = (json.loads(request.body) for request in reversed(self.seen) if request.body)
        return next(body for body in bodies if body.get("model") == model)

    def request_of(self, model: str) -> Request:
        """The last request that asked this model."""
        return next(each for each in reversed(self.seen) if _model(each) == model)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._change(connections=1)
        try:
            while True:
                request = await _read(reader)
                with self.changed:
                    self.seen.append(request)
                    self.changed.notify_all()
                await self._answer(request, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        reply = self.replies.get(_model(request)) or self.replies[request.line.split()[1][4:]]
        reply = reply if isinstance(reply, Reply) else reply(request)
        self._change(open=1)
        gone = asyncio.create_task(reader.read(1))
        sending = asyncio.create_task(_send(reply, writer))
        try:
            await asyncio.wait({gone, sending}, return_when=asyncio.FIRST_COMPLETED)
            problem = sending.exception() if sending.done() else ConnectionError()
            if problem is not None:
                self._change(left=not isinstance(problem, _Broken))
                raise problem
        finally:
            self._change(open=-1)
            for task in (gone, sending):
                task.cancel()
            await asyncio.wait({gone, sending})

    def _change(self, **by: int) -> None:
        with self.changed:
            for name, number in by.items():
                setattr(self, name, getattr(self, name) + number)
            self.changed.notify_all()


class _Broken(ConnectionError):
    """The connection is closed as a test wants it."""


def _model(request: Request) -> str:
    with contextlib.suppress(ValueError, AttributeError):
        return str(json.loads(request.body).get("model"))
    return ""


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *fields = head.strip().split("\r\n")
    pairs = (each.split(":", 1) for each in fields)
    headers = {name.lower(): value.strip() for name, value in pairs}
    size = int(headers.get("content-length", "0"))
    return Request(line, headers, await reader.readexactly(size))


async def _send(reply: Reply, writer: asyncio.StreamWriter) -> None:
    if reply.silent:
        await asyncio.Event().wait()
    # An answer of these has no body: what came behind its head would begin the next answer.
    has_body = reply.status not in (204, 304)
    lines = [f"HTTP/1.1 {reply.status} Status"]
    lines += ["transfer-encoding: chunked"] if has_body else []
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    for step in reply.steps:
        if isinstance(step, bytes):
            writer.write(b"%x\r\n%b\r\n" % (len(step), step) if step else b"")
            await writer.drain()
        elif isinstance(step, float):
            await asyncio.sleep(step)
        elif step == "break":
            raise _Broken
        else:
            await asyncio.Event().wait()
    if has_body:
        writer.write(b"0\r\n\r\n")
        await writer.drain()


@contextmanager
def scripted_provider() -> Iterator[ScriptedProvider]:
    """The provider, reachable while the block lasts."""
    provider = ScriptedProvider()
    loop = asyncio.new_event_loop()
    ready, ending = threading.Event(), asyncio.Event()

    async def serve() -> None:
        server = await asyncio.start_server(provider._serve, "127.0.0.1", 0, limit=2**27)  # noqa: SLF001
        provider.port = server.sockets[0].getsockname()[1]
        ready.set()
        await ending.wait()
        server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks) if tasks else None

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(10)
    try:
        yield provider
    finally:
        loop.call_soon_threadsafe(ending.set)
        thread.join(10)
        loop.close()
