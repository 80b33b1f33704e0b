"""The connections of a process to the servers that it asks, kept alive between requests."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache

import aiohappyeyeballs
from yarl import URL

from evald.adapters.http1.answer import Answer, ConnectionBroken, NotReached, NotReachedInTime
from evald.adapters.http1.connection import Connection
from evald.adapters.http1.stream import AnswerStream
from evald.adapters.patient_socket import patient_socket

KEPT_S = 15.0
"""So long a connection is kept with nothing to do; many servers close theirs a little later."""

ADDRESSES_S = 10.0
"""So long a name stands for the addresses that were found for it."""

AddressCheck = Callable[[str, list[str]], None]
"""Raises an OSError where a host may not be asked at these addresses."""

TlsContext = Callable[[], ssl.SSLContext]

_IDEMPOTENT = (b"GET ", b"DELETE ")

SECOND_TRY_S = 0.25
"""So long an address may take until the next one is tried beside it (RFC 8305)."""


@dataclass(frozen=True, slots=True)
class Begun:
    """An answer that has begun, and the connection on which it comes."""

    answer: AnswerStream
    connection: Connection


class Origin:
    """A server at a scheme, host and port, and the connections to it that have nothing to do."""

    def __init__(
        self, url: URL, *, tls: TlsContext, kept_s: float, check: AddressCheck | None = None
    ) -> None:
        """Asks the server of this URL, if nothing is said against the addresses of its name."""
        self._host = url.raw_host or ""
        self._port = url.port or 0
        self._tls = tls if url.scheme == "https" else None
        self._kept_s = kept_s
        self._check = check
        self._idle: list[Connection] = []
        self._busy: set[Connection] = set()
        self._sweep: asyncio.TimerHandle | None = None
        self._addresses: asyncio.Task[Sequence[aiohappyeyeballs.AddrInfoType]] | None = None
        self._addresses_until = 0.0

    async def ask(self, head: bytes, body: bytes, *, within_s: float, connect_s: float) -> Answer:
        """The answer to a request.

        Args:
            head: the request's line and headers, with the empty line behind them.
            body: what follows it.
            within_s: how many seconds all of it may take.
            connect_s: how long connecting may take, where it must.

        Raises:
            TimeoutError: the answer was not whole in time.
            NotReached: there is no connection, and nothing was sent.
            ConnectionBroken: it ended before the answer was whole.
            NotHttp: what came is no answer.
        """
        until = asyncio.get_running_loop().time() + within_s
        begun = await self.begin(head, body, connect_s=connect_s, until=until)
        try:
            return await begun.answer.whole(until)
        finally:
            self.end(begun.connection)

    async def begin(self, head: bytes, body: bytes, *, connect_s: float, until: float) -> "Begun":
        """The answer to a request, once its head has come; to be ended, read or not.

        A GET or DELETE for which a kept connection breaks is sent once more, on a new one.

        Args:
            head: as with `ask`.
            body: likewise.
            connect_s: likewise.
            until: the moment, of the loop's clock, until which the head is waited for.

        Raises:
            NotReached: there is no connection, and nothing was sent.
            ConnectionBroken: it ended before the head had come.
            NotHttp: what came is no answer.
            TimeoutError: it is too late.
        """
        kept = self._kept()
        if kept is not None:
            try:
                return await self._begun(kept, head, body, until=until)
            except ConnectionBroken:
                # The other side may have closed it in the same moment, and have read nothing.
                if not head.startswith(_IDEMPOTENT):
                    raise
        return await self._begun(await self._connected(connect_s), head, body, until=until)

    async def _begun(
        self, connection: Connection, head: bytes, body: bytes, *, until: float
    ) -> "Begun":
        self._busy.add(connection)
        try:
            return Begun(await connection.begin(head, body, until=until), connection)
        except BaseException:
            self.end(connection)
            raise

    def end(self, connection: Connection) -> None:
        """The answer that was begun on it is read no further."""
        self._busy.discard(connection)
        connection.let_go()
        if connection.is_idle:
            self._keep(connection)

    def close(self) -> None:
        """Every connection is closed."""
        for connection in [*self._idle, *self._busy]:
            connection.abort()
        self._idle.clear()
        if self._sweep is not None:
            self._sweep.cancel()
        if self._addresses is not None:
            self._addresses.cancel()

    def _kept(self) -> Connection | None:
        # The latest first: it is the likeliest to be open still, and the others may be let go.
        while self._idle:
            connection = self._idle.pop()
            if connection.is_idle:
                return connection
        return None

    def _keep(self, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        connection.idle_since = loop.time()
        self._idle.append(connection)
        if self._sweep is None:
            self._sweep = loop.call_later(self._kept_s, self._let_go)

    def _let_go(self) -> None:
        """Connections that had nothing to do for long are closed."""
        loop = asyncio.get_running_loop()
        end = loop.time() - self._kept_s
        for connection in self._idle:
            if connection.idle_since <= end:
                connection.abort()
        self._idle = [each for each in self._idle if each.is_idle]
        first = min((each.idle_since for each in self._idle), default=None)
        self._sweep = None if first is None else loop.call_at(first + self._kept_s, self._let_go)

    async def _connected(self, within_s: float) -> Connection:
        try:
            async with asyncio.timeout(within_s):
                return await self._connect()
        except TimeoutError:
            message = f"no connection within {within_s:.4g} s"
            raise NotReachedInTime(message) from None
        except (OSError, UnicodeError) as error:  # of sockets and TLS, and of names
            raise NotReached(str(error)) from error

    async def _connect(self) -> Connection:
        tls = None if self._tls is None else self._tls()
        reached = await aiohappyeyeballs.start_connection(
            await self._found(),
            happy_eyeballs_delay=SECOND_TRY_S,
            interleave=1,
            socket_factory=patient_socket,
        )
        _, connection = await asyncio.get_running_loop().create_connection(
            Connection,
            sock=reached,
            ssl=tls,
            server_hostname=None if tls is None else self._host,
        )
        return connection

    async def _found(self) -> Sequence[aiohappyeyeballs.AddrInfoType]:
        """The addresses of the host, looked up once for all who connect in the same seconds."""
        loop = asyncio.get_running_loop()
        if self._addresses is None or loop.time() >= self._addresses_until:
            self._addresses = loop.create_task(self._look_up())
            self._addresses_until = loop.time() + ADDRESSES_S
        try:
            # Whoever stops waiting does not stop it for the others.
            return await asyncio.shield(self._addresses)
        except (OSError, UnicodeError):
            self._addresses = None
            raise

    async def _look_up(self) -> Sequence[aiohappyeyeballs.AddrInfoType]:
        loop = asyncio.get_running_loop()
        kind, protocol = socket.SOCK_STREAM, socket.IPPROTO_TCP
        found = await loop.getaddrinfo(self._host, self._port, type=kind, proto=protocol)
        if self._check is not None:
            self._check(self._host, [str(each[4][0]) for each in found])
        return found


class Connections:
    """Every origin that is asked, each with its connections."""

    def __init__(self, *, tls: TlsContext, kept_s: float) -> None:
        """None is open yet."""
        self._tls = tls
        self._kept_s = kept_s
        self._origins: dict[URL, Origin] = {}

    def origin(self, url: URL) -> Origin:
        """The server of this URL."""
        origin = url.origin()
        if origin not in self._origins:
            self._origins[origin] = Origin(origin, tls=self._tls, kept_s=self._kept_s)
        return self._origins[origin]

    def close(self) -> None:
        """Every connection is closed."""
        for origin in self._origins.values():
            origin.close()


@cache
def public_tls() -> ssl.SSLContext:
    """Whom this machine trusts, or `SSL_CERT_FILE` names; loaded by the first who asks."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


@asynccontextmanager
async def open_connections(
    *, tls: TlsContext = public_tls, kept_s: float = KEPT_S
) -> AsyncIterator[Connections]:
    """The connections of a process, which are closed with the block.

    Args:
        tls: says whom to trust where TLS is spoken.
        kept_s: seconds that a connection is kept with nothing to do.
    """
    connections = Connections(tls=tls, kept_s=kept_s)
    try:
        yield connections
    finally:
        connections.close()
