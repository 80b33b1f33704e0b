"""Answers as they come out of the bytes of one connection, one after the other."""

import zlib

import httptools

from evald.adapters.http1.answer import MAX_ANSWER_BYTES, MAX_ERROR_BYTES, Answer, NotHttp

MAX_HEAD_BYTES = 64 * 1024

_UNASKED = "more came than was asked for"
_WINDOW_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


class AnswerReader:
    """Reads one answer after the other from what is fed to it.

    `answer` is the one that is whole; `begin` makes room for the next. `may_go_on` says whether
    the connection is kept for another one.
    """

    def __init__(self) -> None:
        """Reads the first answer."""
        self._parser = httptools.HttpResponseParser(self)
        self.begin()

    def begin(self) -> None:
        """The next answer is read."""
        self.answer: Answer | None = None
        self.may_go_on = False
        self._status = 0
        self._headers: dict[str, str] = {}
        self._head_bytes = 0
        self._pieces: list[bytes] = []
        self._size = 0
        self._most = MAX_ANSWER_BYTES
        self._is_head_over = False

    def feed(self, data: bytes) -> None:
        """Some bytes came.

        Raises:
            NotHttp: they are not of an answer.
        """
        if self.answer is not None:
            raise NotHttp(_UNASKED)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            raise NotHttp("another protocol was offered") from None
        except httptools.HttpParserError as error:
            problem = error.__context__ if isinstance(error.__context__, NotHttp) else error
            raise NotHttp(str(problem)) from None
        if self._is_head_over:
            return
        self._head_bytes += len(data)
        if self._head_bytes > MAX_HEAD_BYTES:
            raise NotHttp(f"headers of more than {MAX_HEAD_BYTES} bytes came")

    def end(self) -> None:
        """No more bytes will come: an answer without a length is whole by that.

        Raises:
            NotHttp: its content is not what its headers say.
        """
        has_length = "content-length" in self._headers or "transfer-encoding" in self._headers
        if self.answer is None and self._is_head_over and not has_length:
            self._finish()
            self.may_go_on = False

    # What follows is called by the parser, by name; what it raises comes out of `feed_data`.

    def on_message_begin(self) -> None:
        """An answer begins."""
        if self.answer is not None:
            raise NotHttp(_UNASKED)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header came."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """All headers came."""
        self._status = self._parser.get_status_code()
        self._is_head_over = True
        if not 200 <= self._status < 300:
            self._most = MAX_ERROR_BYTES

    def on_body(self, piece: bytes) -> None:
        """Some of the content came."""
        if self._size <= self._most:
            self._pieces.append(piece)
            self._size += len(piece)
            if self._size > self._most:
                self._finish()

    def on_message_complete(self) -> None:
        """The answer is whole, or was none yet."""
        if self._status < 200:  # a word in between, such as 100 Continue
            self.begin()
        elif self.answer is None:
            self._finish()
            self.may_go_on = self._parser.should_keep_alive()

    def _finish(self) -> None:
        content = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        coding = self._headers.get("content-encoding")
        if coding is not None and content:
            content = _plain(content, coding.strip().lower(), most=self._most)
        self.answer = Answer(self._status, self._headers, content)


def _plain(content: bytes, coding: str, *, most: int) -> bytes:
    """The content without its coding, cut off behind so many bytes."""
    if coding in ("identity", ""):
        return content
    bits = _WINDOW_BITS.get(coding)
    if bits is None:
        raise NotHttp(f"the content is coded as {coding[:40]!r}, which was not asked for")
    if coding == "deflate" and content[0] & 0x0F != 8:
        bits = -15  # without the wrapping that the standard wants, as many send it
    try:
        return zlib.decompressobj(bits).decompress(content, most + 1)
    except zlib.error as error:
        raise NotHttp(f"the content is not {coding}: {error}") from None
