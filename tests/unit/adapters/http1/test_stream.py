"""Answers that are taken while they come: HTTP/1.1 as RFC 9112 has it, and what is refused.

Rests on: documented (RFC 9110, RFC 9112); the limits are ours.
"""

import asyncio
import gzip
import math
import weakref
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.adapters.http1.answer import (
    MAX_ANSWER_BYTES,
    MAX_ERROR_BYTES,
    Answer,
    ConnectionBroken,
    NotHttp,
)
from evald.adapters.http1.stream import (
    HELD_BYTES,
    MAX_HEAD_BYTES,
    MAX_PIECE_BYTES,
    AnswerStream,
)
from tests.support.virtual_time import run_in_virtual_time

OK = b"HTTP/1.1 200 OK\r\n"
PLAIN = OK + b"Content-Length: 5\r\nX-A: b\r\n\r\nhello"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nX-B: c\r\n\r\n"
ENDLESS = OK + b"\r\nhello"
EVER = math.inf


class Wire(asyncio.Transport):
    """Says whether it is read from."""

    is_paused = False

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False

    def is_closing(self) -> bool:
        return False


def begun(wire: Wire | None = None) -> AnswerStream:
    return AnswerStream(wire or Wire(), asyncio.get_running_loop())


async def all_of(stream: AnswerStream, *, within_s: float = 60.0) -> bytes:
    until = asyncio.get_running_loop().time() + within_s
    await stream.begin(until)
    content = b""
    while piece := await stream.piece(until):
        content += piece
    return content


async def content_of(*pieces: bytes, is_over: bool = False) -> bytes:
    stream = begun()
    for piece in pieces:
        stream.feed(piece)
    if is_over:
        stream.end()
    return await all_of(stream)


def coded(coding: str, content: bytes) -> bytes:
    lines = f"Content-Encoding: {coding}\r\nContent-Length: {len(content)}\r\n\r\n"
    return OK + lines.encode() + content


async def test_an_answer_has_its_status_and_headers_in_lower_case_before_its_content() -> None:
    stream = begun()
    stream.feed(PLAIN[:-5])

    await stream.begin(EVER)

    assert (stream.status, stream.headers) == (200, {"content-length": "5", "x-a": "b"})
    assert not stream.is_whole


@pytest.mark.parametrize("whole", [PLAIN, CHUNKED])
@given(data=st.data())
def test_however_it_is_cut_into_pieces_the_content_is_the_same(
    whole: bytes, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(1, len(whole) - 1))))
    ends = [*cuts, len(whole)]
    pieces = [whole[first:last] for first, last in zip([0, *cuts], ends, strict=True)]

    assert run_in_virtual_time(content_of(*pieces)) == b"hello"


@pytest.mark.parametrize(
    ("whole", "may_go_on"),
    [
        (PLAIN, True),
        (CHUNKED, True),
        (OK + b"Connection: close\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
        (b"HTTP/1.1 100 Continue\r\nX-Z: a\r\n\r\n" + PLAIN, True),
        (PLAIN + PLAIN, False),
        (PLAIN + b"HTTP/1.1 200 OK\r\n", False),
        (PLAIN + b"\r\nnonsense", False),
    ],
)
async def test_the_connection_is_kept_where_that_is_safe(whole: bytes, may_go_on: bool) -> None:
    stream = begun()
    stream.feed(whole)

    await all_of(stream)

    assert (stream.is_whole, stream.may_go_on) == (True, may_go_on)
    assert "x-z" not in stream.headers


async def test_after_more_than_was_asked_for_the_connection_is_not_kept() -> None:
    stream = begun()

    stream.feed(PLAIN)
    before = stream.may_go_on
    stream.feed(PLAIN)

    assert (before, stream.may_go_on) == (True, False)
    assert await all_of(stream) == b"hello"


async def test_a_whole_answer_goes_with_the_last_that_holds_it() -> None:
    stream = begun()
    stream.feed(PLAIN)

    held = weakref.ref(stream)
    del stream

    assert held() is None  # else each waits for the garbage collector, content and all


async def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    assert await content_of(ENDLESS, is_over=True) == b"hello"


@pytest.mark.parametrize("whole", [PLAIN, CHUNKED, ENDLESS])
async def test_what_came_before_a_break_is_taken_first(whole: bytes) -> None:
    stream = begun()
    stream.feed(whole[: whole.index(b"he") + 2])
    stream.fail(ConnectionBroken("reset"))
    await stream.begin(EVER)

    assert await stream.piece(EVER) == b"he"
    with pytest.raises(ConnectionBroken, match="reset"):
        await stream.piece(EVER)


@pytest.mark.parametrize("whole", [b"", OK, PLAIN[:-1], CHUNKED[:-2]])
async def test_an_end_before_the_end_is_a_break(whole: bytes) -> None:
    with pytest.raises(ConnectionBroken):
        await content_of(whole, is_over=True)


@pytest.mark.parametrize(
    "sent",
    [
        b"SMTP ready\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        OK + b"Content-Length: x\r\n\r\n",
        OK + b"Content-Length: -1\r\n\r\n",
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        OK + b"X: " + b"y" * MAX_HEAD_BYTES,
        coded("br", b"x"),
        coded("gzip", b"not so"),
        coded("gzip", gzip.compress(b"0" * (MAX_PIECE_BYTES + 1), mtime=0)),
    ],
)
async def test_what_is_no_answer_is_refused(sent: bytes) -> None:
    with pytest.raises(NotHttp):
        await content_of(sent)


@pytest.mark.parametrize(
    "whole",
    [
        coded("gzip", gzip.compress(b"hello", mtime=0)),
        coded(" GZIP ", gzip.compress(b"hello", mtime=0)),
        coded("deflate", zlib.compress(b"hello")),
        coded("deflate", zlib.compress(b"hello")[2:-4]),  # without its wrapping, as many send it
        coded("x-gzip", gzip.compress(b"hello", mtime=0)),
        coded("identity", b"hello"),
    ],
)
async def test_content_that_came_compressed_is_given_plain(whole: bytes) -> None:
    """Nobody asks for it; some send it nevertheless."""
    assert await content_of(whole[:-3], whole[-3:]) == b"hello"


async def whole_of(*pieces: bytes) -> Answer:
    stream = begun()
    for piece in pieces:
        stream.feed(piece)
    await stream.begin(EVER)
    return await stream.whole(EVER)


async def test_an_answer_may_be_had_as_a_whole() -> None:
    assert await whole_of(PLAIN) == Answer(200, {"content-length": "5", "x-a": "b"}, b"hello")


@pytest.mark.parametrize(
    ("status", "most"), [(200, MAX_ANSWER_BYTES), (204, 0), (307, MAX_ERROR_BYTES), (500, 65_536)]
)
async def test_a_whole_answer_is_cut_off_behind_its_limit(status: int, most: int) -> None:
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {10**9}\r\n\r\n".encode()

    answer = await whole_of(head, b"x" * most, b"yz") if most else await whole_of(head)

    assert (answer.status, len(answer.content)) == (status, most + 2 if most else 0)


async def test_whoever_sends_waits_for_whoever_takes() -> None:
    wire = Wire()
    stream = begun(wire)
    stream.feed(OK + b"Content-Length: 1000000\r\n\r\n" + b"x" * HELD_BYTES)
    paused = [wire.is_paused]
    stream.feed(b"x")
    paused.append(wire.is_paused)

    await stream.piece(EVER)

    assert [*paused, wire.is_paused] == [False, True, False]


@pytest.mark.parametrize("sent", [b"", PLAIN[:-1]])
def test_nobody_waits_beyond_the_moment_that_was_named(sent: bytes) -> None:
    async def scene() -> Any:
        stream = begun()
        if sent:
            stream.feed(sent)
        began = asyncio.get_running_loop().time()
        with pytest.raises(TimeoutError):
            await all_of(stream, within_s=5.0)
        return asyncio.get_running_loop().time() - began

    assert run_in_virtual_time(scene()) == pytest.approx(5.0)
