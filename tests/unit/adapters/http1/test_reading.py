"""Answers read out of bytes: HTTP/1.1 as RFC 9112 has it, and what is refused.

Rests on: documented (RFC 9110, RFC 9112); the limits are ours.
"""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.adapters.http1.answer import MAX_ANSWER_BYTES, MAX_ERROR_BYTES, Answer, NotHttp
from evald.adapters.http1.reading import MAX_HEAD_BYTES, AnswerReader

OK = b"HTTP/1.1 200 OK\r\n"
PLAIN = OK + b"Content-Length: 5\r\nX-A: b\r\n\r\nhello"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nX-B: c\r\n\r\n"


def read(*pieces: bytes, is_over: bool = False) -> AnswerReader:
    reader = AnswerReader()
    for piece in pieces:
        reader.feed(piece)
    if is_over:
        reader.end()
    return reader


def answer(*pieces: bytes, is_over: bool = False) -> Answer:
    found = read(*pieces, is_over=is_over).answer
    assert found is not None
    return found


def coded(coding: str, content: bytes) -> bytes:
    lines = f"Content-Encoding: {coding}\r\nContent-Length: {len(content)}\r\n\r\n"
    return OK + lines.encode() + content


def test_an_answer_has_its_status_headers_in_lower_case_and_content() -> None:
    assert answer(PLAIN) == Answer(200, {"content-length": "5", "x-a": "b"}, b"hello")


@pytest.mark.parametrize("whole", [PLAIN, CHUNKED])
@given(data=st.data())
def test_however_it_is_cut_into_pieces_the_answer_is_the_same(
    whole: bytes, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(1, len(whole) - 1))))
    ends = [*cuts, len(whole)]
    pieces = [whole[first:last] for first, last in zip([0, *cuts], ends, strict=True)]

    assert answer(*pieces).content == b"hello"


@pytest.mark.parametrize(
    ("whole", "may_go_on"),
    [
        (PLAIN, True),
        (CHUNKED, True),
        (OK + b"Connection: close\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
    ],
)
def test_a_connection_is_kept_where_both_sides_may_go_on(whole: bytes, may_go_on: bool) -> None:
    reader = read(whole)

    assert reader.answer is not None
    assert reader.may_go_on is may_go_on


def test_one_answer_follows_the_other() -> None:
    reader = read(PLAIN)
    reader.begin()
    reader.feed(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    assert reader.answer == Answer(404, {"content-length": "0"}, b"")


@pytest.mark.parametrize("word", [b"100 Continue", b"103 Early Hints"])
def test_words_in_between_are_no_answers(word: bytes) -> None:
    found = answer(b"HTTP/1.1 " + word + b"\r\nX-Early: 1\r\n\r\n", PLAIN)

    assert found == answer(PLAIN)


def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    whole = OK + b"\r\nhello"

    assert read(whole).answer is None
    assert answer(whole, is_over=True).content == b"hello"
    assert not read(whole, is_over=True).may_go_on


@pytest.mark.parametrize(
    "cut", [b"", b"HTTP/1.1 20", PLAIN[:-1], CHUNKED[:-2], OK + b"Content-Length: 1\r\n\r\n"]
)
def test_what_ends_before_its_end_is_no_answer(cut: bytes) -> None:
    assert read(cut, is_over=True).answer is None


@pytest.mark.parametrize(
    ("coding", "content"),
    [
        ("gzip", gzip.compress(b"hello")),
        ("X-GZIP", gzip.compress(b"hello")),
        ("deflate", zlib.compress(b"hello")),
        ("deflate", zlib.compress(b"hello")[2:-4]),  # without its wrapping, as many send it
        ("identity", b"hello"),
    ],
)
def test_what_was_compressed_comes_out_as_it_was(coding: str, content: bytes) -> None:
    assert answer(coded(coding, content)).content == b"hello"


def test_what_swells_beyond_the_limit_is_cut_off() -> None:
    bomb = gzip.compress(b"\0" * (MAX_ANSWER_BYTES + 1_000_000), compresslevel=1)

    assert len(answer(coded("gzip", bomb)).content) == MAX_ANSWER_BYTES + 1


def test_of_an_error_only_the_beginning_is_kept() -> None:
    head = b"HTTP/1.1 500 Oh\r\nContent-Length: 10000000\r\n\r\n"

    found = answer(head, b"x" * MAX_ERROR_BYTES, b"y" * 10)

    assert found.status == 500
    assert len(found.content) == MAX_ERROR_BYTES + 10


@pytest.mark.parametrize(
    "content",
    [
        b"220 mail.example.com ESMTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        OK + b"X: " + b"x" * MAX_HEAD_BYTES + b"\r\n",
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        PLAIN + PLAIN,
        coded("br", b"hello"),
        coded("gzip", b"hello"),
    ],
)
def test_what_is_no_answer_is_refused(content: bytes) -> None:
    with pytest.raises(NotHttp):
        read(content)


def test_more_than_was_asked_for_is_refused() -> None:
    reader = read(PLAIN)

    with pytest.raises(NotHttp, match="more came than was asked for"):
        reader.feed(b"HTTP")
