"""One connection on which a server is asked one thing after the other."""

import asyncio
from typing import cast

from evald.adapters.http1.answer import ConnectionBroken
from evald.adapters.http1.stream import AnswerStream

JOINED_BYTES = 64 * 1024
"""So much of a body is cheaper to copy behind the head than to write as a piece of its own."""


class Connection(asyncio.Protocol):
    """Sends a request and waits for its answer; one at a time.

    Whoever lets go of an answer before its end closes the connection, so that the other side learns
    of it at once. `is_idle` says whether another request may be sent.
    """

    def __init__(self) -> None:
        """To be handed to the loop, which connects it."""
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._stream: AnswerStream | None = None
        self.idle_since = 0.0
        self.is_idle = False

    async def begin(self, head: bytes, body: bytes, *, until: float) -> AnswerStream:
        """The answer to a request, once its head has come; `let_go` is to follow.

        Args:
            head: its line and headers, with the empty line behind them.
            body: what follows it.
            until: the moment, of the loop's clock, until which the head is waited for.

        Raises:
            ConnectionBroken: the connection ended before.
            NotHttp: what came is no answer.
            TimeoutError: it is too late.
        """
        if self._transport is None:
            raise ConnectionBroken("the connection was closed")
        self.is_idle = False
        self._stream = stream = AnswerStream(self._transport, self._loop)
        if len(body) <= JOINED_BYTES:
            self._transport.write(head + body)
        else:
            self._transport.writelines([head, body])
        await stream.begin(until)
        return stream

    def let_go(self) -> None:
        """What was begun is waited for no longer; unless it is whole, the connection is closed."""
        stream, self._stream = self._stream, None
        if self._transport is None or stream is None or not stream.may_go_on:
            self.abort()
            return
        if self._transport.get_write_buffer_size() > 0:
            # The answer came before the whole request had gone out. Whoever gave it may take the
            # rest, which is anybody's text, for the next request.
            self.abort()
            return
        stream.taken()
        self.is_idle = True

    def abort(self) -> None:
        """The connection is closed at once."""
        self.is_idle = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are of no class of asyncio
        self.is_idle = True

    def data_received(self, data: bytes) -> None:
        """Some of the answer came."""
        if self._stream is not None:
            self._stream.feed(data)
            return
        self.abort()  # nothing was asked

    def eof_received(self) -> None:
        """No more will come."""
        self.is_idle = False
        if self._stream is not None:
            self._stream.end()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is no longer there."""
        self._transport = None
        self.is_idle = False
        if self._stream is not None:
            self._stream.fail(ConnectionBroken(str(exc or "the connection was closed")))
