"""A server that does to its connections whatever a test says, byte by byte."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came: its first line, its headers with lower-case names, its body."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection, seen from the server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def read_request(self) -> Request:
        """The next request, whole."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *fields = head.strip().split("\r\n")
        pairs = (field.split(":", 1) for field in fields)
        headers = {name.lower(): value.strip() for name, value in pairs}
        size = int(headers.get("content-length", "0"))
        return Request(line, headers, await self.reader.readexactly(size))

    async def send(
        self, status: int, body: bytes, *, headers: dict[str, str] | None = None
    ) -> None:
        """Answers, and keeps the connection open."""
        lines = [f"HTTP/1.1 {status} Status", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        await self.send_bytes("\r\n".join([*lines, "", ""]).encode() + body)

    async def send_bytes(self, content: bytes) -> None:
        """Sends just this."""
        self.writer.write(content)
        await self.writer.drain()

    async def read_to_end(self) -> bytes:
        """Whatever else the other side sends, once it has closed its end."""
        return await self.reader.read()


@asynccontextmanager
async def raw_server(serve: Callable[[Connection], Awaitable[None]]) -> AsyncIterator[str]:
    """The base URL of a server that does `serve` to every connection and then closes it."""
    writers: list[asyncio.StreamWriter] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await serve(Connection(reader, writer))
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0, limit=2**20)
    try:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await server.wait_closed()
