"""Connections over real sockets: kept, let go, trusted; ours, but for HTTP and TLS."""

import asyncio
import math
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from yarl import URL

from evald.adapters.clock import SystemClock
from evald.adapters.http1.answer import ConnectionBroken, NotReached
from evald.adapters.http1.connections import Begun, Connections, open_connections
from evald.adapters.http1.request import RequestHead
from tests.support.raw_server import Connection, raw_server


async def get(connections: Connections, base_url: str) -> bytes:
    url = URL(base_url)
    head = RequestHead("GET", url, {}).of(b"")
    return (await connections.origin(url).ask(head, b"", within_s=10.0, connect_s=5.0)).content


async def begun(connections: Connections, base_url: str) -> Begun:
    url = URL(base_url)
    head = RequestHead("GET", url, {}).of(b"")
    return await connections.origin(url).begin(head, b"", connect_s=5.0, until=math.inf)


def certificate(folder: Path) -> Path:
    """A key and a certificate for 127.0.0.1 that it signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "toy")])
    now = datetime.fromtimestamp(SystemClock().now(), UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    form, encoding = serialization.PrivateFormat.PKCS8, serialization.Encoding.PEM
    path = folder / "toy.pem"
    path.write_bytes(key.private_bytes(encoding, form, plain) + made.public_bytes(encoding))
    return path


async def answering_over_tls(path: Path) -> tuple[asyncio.Server, str]:
    """A server with this certificate, and its URL."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=context)
    return server, f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def test_whoever_is_trusted_is_asked_over_tls(tmp_path: Path) -> None:
    path = certificate(tmp_path)
    server, url = await answering_over_tls(path)
    trusting = ssl.create_default_context(cafile=path)

    async with open_connections(tls=lambda: trusting) as connections:
        content = [await get(connections, url) for _ in range(2)]

    server.close()
    assert content == [b"hi", b"hi"]


async def test_whoever_is_not_trusted_is_told_nothing(tmp_path: Path) -> None:
    server, url = await answering_over_tls(certificate(tmp_path))

    async with open_connections() as connections:
        with pytest.raises(NotReached, match="CERTIFICATE_VERIFY_FAILED"):
            await get(connections, url)

    server.close()


def until_end(ended: asyncio.Event) -> Callable[[Connection], Awaitable[None]]:
    """A server that answers once, and sets this when the other side has closed."""

    async def serve(connection: Connection) -> None:
        await connection.read_request()
        await connection.send(200, b"")
        await connection.read_to_end()
        ended.set()

    return serve


async def test_a_connection_with_nothing_to_do_is_let_go_in_time() -> None:
    ended = asyncio.Event()

    async with (
        raw_server(until_end(ended)) as base_url,
        open_connections(kept_s=0.05) as connections,
    ):
        await get(connections, base_url)
        async with asyncio.timeout(5):
            await ended.wait()


async def test_connections_end_with_their_block() -> None:
    ended = asyncio.Event()

    async with raw_server(until_end(ended)) as base_url:
        async with open_connections() as connections:
            await get(connections, base_url)
        async with asyncio.timeout(5):
            await ended.wait()


async def test_as_many_connections_are_made_as_there_are_requests_at_once() -> None:
    everybody = asyncio.Barrier(40)

    async def serve(connection: Connection) -> None:
        await connection.read_request()
        await everybody.wait()
        await connection.send(200, b"hi")

    async with (
        raw_server(serve) as base_url,
        open_connections() as connections,
        asyncio.timeout(10),
        asyncio.TaskGroup() as group,
    ):
        url = base_url.replace("127.0.0.1", "localhost")
        tasks = [group.create_task(get(connections, url)) for _ in range(40)]
        await asyncio.wait(tasks)

    assert [task.result() for task in tasks] == [b"hi"] * 40


async def test_whoever_stops_waiting_for_a_name_leaves_it_to_the_others() -> None:
    async def serve(connection: Connection) -> None:
        await connection.read_request()
        await connection.send(200, b"hi")

    async with raw_server(serve) as base_url, open_connections() as connections:
        url = base_url.replace("127.0.0.1", "localhost")
        one, other = (asyncio.create_task(get(connections, url)) for _ in range(2))
        await asyncio.sleep(0)
        one.cancel()

        assert await other == b"hi"


async def test_a_whole_answer_leaves_its_connection_to_the_next_however_it_was_taken() -> None:
    accepted = 0

    async def serve(connection: Connection) -> None:
        nonlocal accepted
        accepted += 1
        while True:
            await connection.read_request()
            await connection.send(200, b"hi")

    async with raw_server(serve) as base_url, open_connections() as connections:
        origin = connections.origin(URL(base_url))
        for _ in range(2):
            call = await begun(connections, base_url)
            assert await call.answer.piece(math.inf) == b"hi"
            origin.end(call.connection)
            assert await get(connections, base_url) == b"hi"

    assert accepted == 1


async def test_an_answer_that_is_left_takes_its_connection_along() -> None:
    ended = asyncio.Event()

    async def serve(connection: Connection) -> None:
        await connection.read_request()
        await connection.send_bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe")
        await connection.read_to_end()
        ended.set()

    async with raw_server(serve) as base_url, open_connections() as connections:
        call = await begun(connections, base_url)
        assert await call.answer.piece(math.inf) == b"he"
        connections.origin(URL(base_url)).end(call.connection)
        async with asyncio.timeout(5):
            await ended.wait()


async def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    async def serve(connection: Connection) -> None:
        await connection.read_request()
        await connection.send_bytes(b"HTTP/1.1 200 OK\r\n\r\nhi")

    async with raw_server(serve) as base_url, open_connections() as connections:
        call = await begun(connections, base_url)
        pieces = [await call.answer.piece(math.inf) for _ in range(2)]
        connections.origin(URL(base_url)).end(call.connection)

    assert pieces == [b"hi", b""]


async def test_a_connection_on_which_more_comes_than_was_asked_for_is_let_go() -> None:
    taken, ended = asyncio.Event(), asyncio.Event()

    async def serve(connection: Connection) -> None:
        await connection.read_request()
        await connection.send(200, b"hi")
        await taken.wait()
        await connection.send_bytes(b"HTTP/1.1 2")
        await connection.read_to_end()
        ended.set()

    async with raw_server(serve) as base_url, open_connections() as connections:
        call = await begun(connections, base_url)
        await call.answer.piece(math.inf)
        connections.origin(URL(base_url)).end(call.connection)
        taken.set()
        async with asyncio.timeout(5):
            await ended.wait()


async def test_a_connection_on_which_the_request_has_not_gone_out_is_not_used_again() -> None:
    """What is left of it is anybody's text, and would be taken for the next request."""
    seen: list[str] = []

    async def serve(connection: Connection) -> None:
        seen.append((await connection.reader.readuntil(b"\r\n")).decode())
        await connection.send(413, b"")
        await connection.read_to_end()

    async with raw_server(serve) as base_url, open_connections() as connections:
        url = URL(base_url)
        head, body = RequestHead("POST", url, {}), b"x" * 20_000_000
        origin = connections.origin(url)
        answers = [
            await origin.ask(head.of(body), body, within_s=10.0, connect_s=5.0) for _ in range(2)
        ]

    assert [answer.status for answer in answers] == [413, 413]
    assert seen == ["POST /v1 HTTP/1.1\r\n"] * 2


@pytest.mark.parametrize(("method", "again"), [("GET", True), ("DELETE", True), ("POST", False)])
async def test_what_may_be_asked_twice_is_where_a_kept_connection_broke(
    method: str, again: bool
) -> None:
    async def serve(connection: Connection) -> None:
        await connection.read_request()
        await connection.send(200, b"hi")
        await connection.read_request()  # and no answer to it

    async with raw_server(serve) as base_url, open_connections() as connections:
        url = URL(base_url)
        head = RequestHead(method, url, {}).of(b"")
        origin = connections.origin(url)
        await origin.ask(head, b"", within_s=10.0, connect_s=5.0)
        if again:
            answer = await origin.ask(head, b"", within_s=10.0, connect_s=5.0)
            assert answer.content == b"hi"
        else:
            with pytest.raises(ConnectionBroken):
                await origin.ask(head, b"", within_s=10.0, connect_s=5.0)


async def test_a_name_that_is_none_is_not_reached() -> None:
    async with open_connections() as connections:
        with pytest.raises(NotReached):
            await get(connections, f"http://{'a' * 64}.example/")
