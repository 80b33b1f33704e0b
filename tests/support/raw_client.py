"""Requests as bytes and what came back: one connection, kept while it may be."""

import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse

Header = tuple[str, bytes]
GIVE_UP_S = 30.0


@dataclass(frozen=True, slots=True)
class Ask:
    """A request of one operation; `target` is its path and query, as it stands in the first line.

    Headers that every request has are not among `headers`.
    """

    method: str
    target: str
    headers: tuple[Header, ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, and after how many seconds; names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def content_type(self) -> str:
        """What its body is said to be."""
        return self.headers.get("content-type", "")


class Connection:
    """A connection to a server on this machine, opened anew whenever it has ended."""

    def __init__(self, port: int, always: Sequence[Header]) -> None:
        """Sends these headers with every request."""
        self._port = port
        self._always = tuple(always)
        self._socket: socket.socket | None = None

    def close(self) -> None:
        """Nothing stays open."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def ask(self, ask: Ask) -> Answer:
        """The answer; a connection that the server closed meanwhile is opened once more."""
        try:
            return self._ask(ask)
        except (ConnectionError, HTTPException):
            self.close()
            return self._ask(ask)

    def _ask(self, ask: Ask) -> Answer:
        began = time.perf_counter()
        opened = self._opened()
        with suppress(BrokenPipeError):  # a server may answer, and close, before all is sent
            opened.sendall(self._bytes(ask))
        answer = HTTPResponse(opened, method=ask.method)
        answer.begin()
        body = answer.read()
        if answer.will_close:
            self.close()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, headers, body, time.perf_counter() - began)

    def _opened(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=GIVE_UP_S)
        return self._socket

    def _bytes(self, ask: Ask) -> bytes:
        headers = [*self._always, *ask.headers]
        if ask.body or ask.method == "POST":
            headers.append(("content-length", b"%d" % len(ask.body)))
        head = f"{ask.method} {ask.target} HTTP/1.1\r\nhost: 127.0.0.1\r\n".encode()
        head += b"".join(name.encode() + b": " + value + b"\r\n" for name, value in headers)
        return head + b"\r\n" + ask.body
