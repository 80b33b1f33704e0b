"""HTTP/1.1 on one connection: as uvicorn speaks it, heads of requests bounded in size and time."""

import asyncio
import contextlib
import os
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from evald.http.leaving import LEAVING, Leaving

MAX_HEAD_BYTES = 131_072
"""The first line and the headers of a request, together, beyond what one read brings."""

HEAD_S = 60.0
"""How long a connection may take over a head, its first one counted from the connection on."""

KEEP_ALIVE_S = 75

DRAIN_S = 5
"""How long answers under way may take once the process is told to end."""

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\n"
    b"connection: close\r\n\r\n"
)


class BoundedHttp(HttpToolsProtocol):
    """Closes a connection whose head is too large (431) or does not come to its end.

    uvicorn holds any number of headers of any length, before it is asked for a key, and waits for
    ever for the end of them. It also writes the head of an answer apart from the body, which costs
    a trip through the network stack and wakes the client for nothing: here they go together. And
    it has no other word of a client that left than a message to be waited for.
    """

    _in_head = True
    _head_bytes = 0
    _giving_up: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The time for the first head begins."""
        super().connection_made(transport)
        self._leaving = Leaving(self.flow.resume_reading)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._head_came()
        super().connection_lost(exc)
        self._leaving.leave()

    def data_received(self, data: bytes) -> None:
        """Reads on, unless the head that is coming has become too large."""
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse()
        elif self._head_bytes and self._giving_up is None:
            self._wait_for_head()

    def on_headers_complete(self) -> None:
        """A head has come."""
        self._in_head, self._head_bytes = False, 0
        self._head_came()
        self.scope["extensions"] = {LEAVING: self._leaving}  # type: ignore[dict-item]
        super().on_headers_complete()
        self.cycle.transport = _HeadWithBody(self.transport, self.loop)

    def on_message_complete(self) -> None:
        """A request has come, and what comes next is a head."""
        self._in_head = True
        super().on_message_complete()

    def _wait_for_head(self) -> None:
        self._giving_up = self.loop.call_later(HEAD_S, self.transport.close)

    def _head_came(self) -> None:
        if self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None

    def _refuse(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()


class _HeadWithBody(asyncio.Transport):
    """What the answer to one request is written to: its first piece goes out with the second.

    Where no second one follows before the loop's next turn, as when a model is still thinking, the
    first goes out then.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._held = b""
        self._has_begun = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Holds the first piece, and writes all others at once."""
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held + data)
        elif self._has_begun:
            self._transport.write(data)
        else:
            self._has_begun, self._held = True, bytes(data)
            self._loop.call_soon(self._let_go)

    def is_closing(self) -> bool:
        """Whether the connection is closed, or about to be."""
        return self._transport.is_closing()

    def close(self) -> None:
        """The connection is closed once all is written."""
        self._let_go()
        self._transport.close()

    def _let_go(self) -> None:
        if self._held:
            self._transport.write(self._held)
            self._held = b""


class QuietServer(uvicorn.Server):
    """uvicorn, but for its signal handlers: it would end the process before work is handed back."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves signals to us."""
        yield


def uvicorn_config(app: object) -> uvicorn.Config:
    """How uvicorn serves an application here."""
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        http=BoundedHttp,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        proxy_headers=False,
        date_header=True,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=DRAIN_S,
        ws="none",
    )


def behind_proxy(app: ASGIApp) -> ASGIApp:
    """The application, told by proxies that are trusted how their clients asked.

    Those are on this machine, or named as uvicorn has it. It is for the pages, whose cookies depend
    on the scheme; uvicorn by itself would do it for every request.
    """
    trusted = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1")
    told: ASGIApp = ProxyHeadersMiddleware(app, trusted_hosts=trusted)  # type: ignore[arg-type, assignment]
    return told
