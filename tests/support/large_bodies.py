"""Requests of many megabytes: made while they are sent, timed, and never held as a whole."""

import hashlib
import http.client
import json
import select
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import psutil

MIB = 1_048_576
PIECE_BYTES = 262_144
WATCH_EVERY_S = 0.005
TIMEOUT_S = 60.0

_BEFORE_ROWS = (
    b'{"name":"large","data_source":{"type":"jsonl","source":{"type":"file_content","content":['
)
_AFTER_ROWS = b"]}}}"
_CONTENT = b'"content":['
_TEXT = b"The printer on the second floor prints every page twice, the second one empty. " * 12


class RunBody:
    """The body of a POST of a run, of exactly so many bytes, with inline rows of about 1 KB each.

    `pieces` may be gone through once; after that, `content_bytes` and `content_sha256` say what
    stood between the brackets of `content`.
    """

    def __init__(self, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self.rows = 0
        self.content_bytes = 0
        self._hash = hashlib.sha256()

    @property
    def content_sha256(self) -> str:
        return self._hash.hexdigest()

    def pieces(self) -> Iterator[bytes]:
        yield _BEFORE_ROWS
        for piece in self._content(self.size_bytes - len(_BEFORE_ROWS) - len(_AFTER_ROWS)):
            self._hash.update(piece)
            self.content_bytes += len(piece)
            yield piece
        yield _AFTER_ROWS

    def _content(self, left: int) -> Iterator[bytes]:
        piece = bytearray()
        row = _row(0, _TEXT)
        while left > 3 * len(row):
            piece += row + b","
            left -= len(row) + 1
            self.rows += 1
            row = _row(self.rows, _TEXT)
            if len(piece) >= PIECE_BYTES:
                yield bytes(piece)
                piece.clear()
        self.rows += 1
        frame = len(_row(self.rows, b""))
        yield bytes(piece) + _row(self.rows, b"y" * (left - frame))


def _row(number: int, text: bytes) -> bytes:
    return b'{"item":{"number":%d,"text":"%b"}}' % (number, text)


@dataclass(frozen=True, slots=True)
class EchoedRun:
    """A run as it was answered, its rows left out of `run`, and when it came.

    `sent_s` is how long it took to send the request; the others count from its last byte on.
    """

    status: int
    run: dict[str, Any]
    content_sha256: str
    sent_s: float
    first_byte_s: float
    last_byte_s: float


class MemoryWatch:
    """How much memory a process has beyond what it had when the watch began.

    Peaks that are shorter than 5 ms may be missed.
    """

    def __init__(self, process_id: int) -> None:
        self._process = psutil.Process(process_id)
        self._at_first = self._most = self._resident_bytes()

    @property
    def growth_mb(self) -> float:
        """The most there was beyond the first, in megabytes."""
        return (self._most - self._at_first) / 1e6

    def look(self) -> None:
        self._most = max(self._most, self._resident_bytes())

    def _resident_bytes(self) -> int:
        resident: int = self._process.memory_info().rss
        return resident


@contextmanager
def memory_watched(process_id: int) -> Iterator[MemoryWatch]:
    """A watch that looks every few milliseconds while the block lasts."""
    watch, ended = MemoryWatch(process_id), threading.Event()

    def look_often() -> None:
        while not ended.wait(WATCH_EVERY_S):
            watch.look()

    thread = threading.Thread(target=look_often)
    thread.start()
    try:
        yield watch
    finally:
        ended.set()
        thread.join()
        watch.look()


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that came before the request was sent, and after how many bytes of it."""

    status: int
    body: bytes
    sent_bytes: int


class LargeClient:
    """Sends and reads piece by piece, over a new connection for each request."""

    def __init__(self, port: int) -> None:
        self._port = port

    def post_run(self, eval_id: str, body: RunBody) -> EchoedRun:
        """The run that this body made."""
        with self._connection() as connection:
            began = time.perf_counter()
            _begin_run(connection, eval_id, size_bytes=body.size_bytes)
            for piece in body.pieces():
                connection.send(piece)
            sent = time.perf_counter()
            return _echoed(connection, body.content_bytes, began=began, sent=sent)

    def get_run(self, eval_id: str, run_id: str, *, content_bytes: int) -> EchoedRun:
        """The run, whose rows have so many bytes."""
        with self._connection() as connection:
            began = time.perf_counter()
            connection.request("GET", f"/v1/evals/{eval_id}/runs/{run_id}", headers=_HEADERS)
            return _echoed(connection, content_bytes, began=began, sent=time.perf_counter())

    def cancel_run(self, eval_id: str, run_id: str) -> None:
        """The run is canceled; its answer, in which all rows stand again, is not read."""
        with self._connection() as connection:
            path = f"/v1/evals/{eval_id}/runs/{run_id}/cancel"
            connection.request("POST", path, headers=_HEADERS)
            connection.getresponse().close()

    def offer_run(self, eval_id: str, *, size_bytes: int) -> Refusal:
        """The answer to a body of so many bytes, which are sent until it begins to come."""
        with self._connection() as connection:
            _begin_run(connection, eval_id, size_bytes=size_bytes)
            sent = 0
            while sent < size_bytes and not select.select([connection.sock], [], [], 0)[0]:
                piece = b" " * min(65_536, size_bytes - sent)
                connection.send(piece)
                sent += len(piece)
            with connection.getresponse() as response:
                return Refusal(response.status, response.read(), sent)

    @contextmanager
    def _connection(self) -> Iterator[http.client.HTTPConnection]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_S)
        with closing(connection):
            yield connection


def _begin_run(connection: http.client.HTTPConnection, eval_id: str, *, size_bytes: int) -> None:
    connection.putrequest("POST", f"/v1/evals/{eval_id}/runs")
    for name, value in _HEADERS.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(size_bytes))
    connection.endheaders()


def _echoed(
    connection: http.client.HTTPConnection, content_bytes: int, *, began: float, sent: float
) -> EchoedRun:
    with connection.getresponse() as response:
        first = time.perf_counter()
        run, content_sha256 = _without_content(_pieces(response), content_bytes)
        last = time.perf_counter()
    return EchoedRun(
        status=response.status,
        run=run,
        content_sha256=content_sha256,
        sent_s=sent - began,
        first_byte_s=first - sent,
        last_byte_s=last - sent,
    )


_HEADERS = {"Authorization": "Bearer sk-anything", "Content-Type": "application/json"}


def _pieces(response: http.client.HTTPResponse) -> Iterator[bytes]:
    buffer = memoryview(bytearray(PIECE_BYTES))
    while size := response.readinto(buffer):
        yield bytes(buffer[:size])


def _without_content(pieces: Iterator[bytes], content_bytes: int) -> tuple[dict[str, Any], str]:
    """The run with no rows, and the hash of so many bytes that stood in their place."""
    before, rest = b"", b""
    while not rest:
        before += next(pieces)
        before, bracket, rest = before.partition(_CONTENT)
        before += bracket
    content = hashlib.sha256()
    while len(rest) < content_bytes:
        content.update(rest)
        content_bytes -= len(rest)
        rest = next(pieces)
    content.update(rest[:content_bytes])
    return json.loads(before + rest[content_bytes:] + b"".join(pieces)), content.hexdigest()
