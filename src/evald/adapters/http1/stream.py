"""One answer while it comes: its head, then its content piece by piece, none held for long."""

import asyncio
import zlib
from collections.abc import Callable

import httptools

from evald.adapters.http1.answer import (
    MAX_ANSWER_BYTES,
    MAX_ERROR_BYTES,
    Answer,
    ConnectionBroken,
    NotHttp,
)

MAX_HEAD_BYTES = 64 * 1024

HELD_BYTES = 256 * 1024
"""While more than this is not taken, no more is read: whoever sends has to wait."""

MAX_PIECE_BYTES = 16 * 1024 * 1024
"""What one read brings may become as large once it is no longer compressed."""


_WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_BARE = -15


class AnswerStream:
    """What comes of one answer, for one who waits for it.

    `is_whole` says whether its end has come; `may_go_on` whether its connection may be used again.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        """Nothing has come yet."""
        self.status = 0
        self.headers: dict[str, str] = {}
        self.is_whole = False
        self.may_go_on = False
        self._transport = transport
        self._loop = loop
        self._parser = httptools.HttpResponseParser(self)
        self._has_begun = False
        self._head_bytes = 0
        self._pieces: list[bytes] = []
        self._size = 0
        self._is_paused = False
        self._plain: Callable[[bytes], bytes] | None = None
        self._error: Exception | None = None
        self._waiting: asyncio.Future[None] | None = None

    async def begin(self, until: float) -> None:
        """Returns once status and headers have come.

        Args:
            until: the moment, of the loop's clock, until which they are waited for.

        Raises:
            ConnectionBroken: the connection ended before.
            NotHttp: what came is no answer.
            TimeoutError: it is too late.
        """
        while not self._has_begun:
            await self._more(until)

    async def piece(self, until: float) -> bytes:
        """What has come of the content, waited for if need be; nothing at its end.

        Raises:
            ConnectionBroken, NotHttp, TimeoutError: as `begin` has it, once all that came before
                has been taken.
        """
        while not self._pieces and not self.is_whole:
            await self._more(until)
        return self.taken()

    async def whole(self, until: float) -> Answer:
        """All of the answer, whose content is cut off somewhere behind the limit of its status.

        Raises:
            ConnectionBroken, NotHttp, TimeoutError: as `begin` has it.
        """
        most = MAX_ANSWER_BYTES if 200 <= self.status < 300 else MAX_ERROR_BYTES
        pieces = [await self.piece(until)]
        size = len(pieces[0])
        while size <= most and not (self.is_whole and not self._pieces):
            pieces.append(await self.piece(until))
            size += len(pieces[-1])
        return Answer(self.status, self.headers, b"".join(pieces))

    def taken(self) -> bytes:
        """What has come of the content and was not taken; it is now."""
        content = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        if self._is_paused:
            self._is_paused = False
            if not self._transport.is_closing():
                self._transport.resume_reading()
        return content

    def feed(self, data: bytes) -> None:
        """Some bytes came."""
        if self.is_whole:
            self.fail(NotHttp("more came than was asked for"))
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.fail(NotHttp("another protocol was offered"))
        except httptools.HttpParserError as error:
            problem = error.__context__ if isinstance(error.__context__, NotHttp) else error
            self.fail(NotHttp(str(problem)))
        if not self._has_begun:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self.fail(NotHttp(f"headers of more than {MAX_HEAD_BYTES} bytes came"))
        elif self._size > HELD_BYTES and not (self._is_paused or self.is_whole):
            self._is_paused = True
            self._transport.pause_reading()
        self._part()
        self._wake()

    def end(self) -> None:
        """The other side sends no more: an answer without a length is whole by that."""
        has_length = "content-length" in self.headers or "transfer-encoding" in self.headers
        if self._has_begun and not has_length and self._error is None:
            self.is_whole = True
        self.fail(ConnectionBroken("the other side closed the connection"))

    def fail(self, error: Exception) -> None:
        """Whoever waits is told, unless the answer is whole: then its connection is done with."""
        self.may_go_on = False
        if not self.is_whole:
            self._error = self._error or error
        self._wake()

    # What follows is called by the parser, by name; what it raises comes out of `feed_data`.

    def on_message_begin(self) -> None:
        """An answer begins."""
        if self.is_whole:
            raise NotHttp("more came than was asked for")

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header came."""
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """All headers came, if not those of a word in between, such as 100 Continue."""
        self.status = self._parser.get_status_code()
        if self.status < 200:
            self.headers = {}
            return
        self._has_begun = True
        coding = self.headers.get("content-encoding", "").strip().lower()
        if coding not in ("", "identity"):
            self._plain = _decoder(coding)

    def on_body(self, piece: bytes) -> None:
        """Some of the content came."""
        if self._plain is not None:
            piece = self._plain(piece)
        if piece:
            self._pieces.append(piece)
            self._size += len(piece)

    def on_message_complete(self) -> None:
        """The answer is whole, or was none yet."""
        if self.status >= 200:
            self.is_whole = True
            self.may_go_on = self._parser.should_keep_alive()

    def _part(self) -> None:
        """A whole answer has no parser."""
        # Each knows the other: both, and the content, would wait for the garbage collector.
        if self.is_whole:
            del self._parser

    async def _more(self, until: float) -> None:
        """Returns when something has happened."""
        if self._error is not None:
            raise self._error
        self._waiting = waiting = self._loop.create_future()
        # A timer of its own takes a fifth of the time of a timeout around each wait.
        timer = self._loop.call_at(until, _too_late, waiting)
        try:
            await waiting
        finally:
            timer.cancel()
            self._waiting = None

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


def _too_late(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_exception(TimeoutError())


def _decoder(coding: str) -> Callable[[bytes], bytes]:
    """Gives out pieces without this coding.

    Raises:
        NotHttp: it is unknown; and, of what is given back, a piece is not so coded.
    """
    bits = _WINDOW_BITS.get(coding)
    if bits is None:
        raise NotHttp(f"the content is coded as {coding[:40]!r}, which was not asked for")
    decoding = None

    def plain(piece: bytes) -> bytes:
        nonlocal decoding
        if decoding is None:
            # Many send "deflate" without the wrapping that the standard wants around it.
            is_bare = coding == "deflate" and piece[0] & 0x0F != 8
            decoding = zlib.decompressobj(_BARE if is_bare else bits)
        try:
            content = decoding.decompress(piece, MAX_PIECE_BYTES)
        except zlib.error as error:
            raise NotHttp(f"the content is not {coding}: {error}") from None
        if decoding.unconsumed_tail:
            raise NotHttp("the content becomes too large once it is no longer compressed")
        return content

    return plain
