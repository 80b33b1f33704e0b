"""One connection on which a server is asked one thing after the other."""

import asyncio
from typing import cast

from evald.adapters.http1.answer import Answer, ConnectionBroken, NotHttp
from evald.adapters.http1.reading import AnswerReader


class Connection(asyncio.Protocol):
    """Sends a request and waits for its answer; one at a time.

    Whoever stops waiting closes the connection, so that the other side learns of it at once.
    `is_idle` says whether another request may be sent.
    """

    def __init__(self) -> None:
        """To be handed to the loop, which connects it."""
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._reader = AnswerReader()
        self._waiting: asyncio.Future[Answer] | None = None
        self.idle_since = 0.0
        self.is_idle = False

    async def ask(self, head: bytes, body: bytes) -> Answer:
        """The answer to a request.

        Raises:
            ConnectionBroken: the connection ended before it was whole.
            NotHttp: what came is no answer.
        """
        if self._transport is None:
            raise ConnectionBroken("the connection was closed")
        self.is_idle = False
        self._reader.begin()
        self._waiting = self._loop.create_future()
        self._transport.writelines([head, body])
        try:
            return await self._waiting
        except BaseException:
            self.abort()
            raise
        finally:
            self._waiting = None

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
        try:
            self._reader.feed(data)
        except NotHttp as error:
            self._fail(error)
            return
        if self._reader.answer is not None:
            self._succeed(self._reader.answer)

    def eof_received(self) -> None:
        """No more will come."""
        self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is no longer there."""
        self._transport = None
        self._end(exc)

    def _end(self, exc: Exception | None) -> None:
        self.is_idle = False
        if self._waiting is None or self._waiting.done():
            return
        try:
            if exc is None:
                self._reader.end()
        except NotHttp as error:
            self._fail(error)
            return
        if self._reader.answer is not None:
            self._succeed(self._reader.answer)
        else:
            self._fail(ConnectionBroken(str(exc or "the other side closed the connection")))

    def _succeed(self, answer: Answer) -> None:
        if self._waiting is None or self._waiting.done():
            self.abort()  # an answer to nothing
            return
        self._waiting.set_result(answer)
        if self._reader.may_go_on:
            self.is_idle = True
        else:
            self.abort()

    def _fail(self, error: Exception) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)
        self.abort()
