"""The HTTP client's connections: kept, broken, timed out, closed; ours, but for HTTP."""

import asyncio

from evald.ports.model import FailureKind, ModelAnswer, ModelFailure
from tests.support.raw_server import Connection, raw_server
from tests.support.toy_provider import (
    ANSWER,
    CLOCK,
    answering,
    client_of,
    failure_of,
    outcome_of,
    toy_request,
)


async def test_a_connection_is_kept_for_the_next_call() -> None:
    connections = 0

    async def serve(connection: Connection) -> None:
        nonlocal connections
        connections += 1
        for _ in range(3):
            await connection.read_request()
            await connection.send(200, ANSWER)

    async with raw_server(serve) as base_url, client_of(base_url) as client:
        outcomes = [await client.ask(toy_request()) for _ in range(3)]

    assert all(isinstance(outcome, ModelAnswer) for outcome in outcomes)
    assert connections == 1


async def test_where_nobody_listens_the_provider_is_unreachable() -> None:
    async with raw_server(answering(200, ANSWER)) as base_url:
        pass

    async with client_of(base_url) as client:
        outcome = await client.ask(toy_request())

    assert isinstance(outcome, ModelFailure)
    assert (outcome.kind, outcome.code) == (FailureKind.UNREACHABLE, "unreachable")


async def test_a_host_without_address_is_unreachable() -> None:
    async with client_of("http://no-such-host.invalid/v1") as client:
        outcome = await client.ask(toy_request())

    assert isinstance(outcome, ModelFailure)
    assert outcome.kind == FailureKind.UNREACHABLE


async def test_time_that_runs_out_before_there_is_a_connection_means_unreachable() -> None:
    """Nothing was asked, so nothing is paid: here the TLS handshake never ends."""

    async def serve(connection: Connection) -> None:
        await connection.read_to_end()

    async with (
        raw_server(serve) as base_url,
        client_of(base_url.replace("http:", "https:")) as client,
    ):
        outcome = await client.ask(toy_request(within_s=1.0))

    assert isinstance(outcome, ModelFailure)
    assert outcome.kind == FailureKind.UNREACHABLE


async def test_a_server_that_hangs_up_without_a_word_breaks_the_connection() -> None:
    async def serve(connection: Connection) -> None:
        await connection.read_request()

    failure = await failure_of(serve)

    assert (failure.kind, failure.code) == (FailureKind.BROKEN, "connection_broken")


async def test_a_reset_breaks_the_connection() -> None:
    async def serve(connection: Connection) -> None:
        await connection.read_request()
        connection.writer.transport.abort()

    failure = await failure_of(serve)

    assert failure.kind == FailureKind.BROKEN


async def test_an_answer_that_stops_halfway_breaks_the_connection() -> None:
    async def serve(connection: Connection) -> None:
        await connection.read_request()
        await connection.send_bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")

    failure = await failure_of(serve)

    assert failure.kind == FailureKind.BROKEN


async def test_a_kept_connection_that_the_server_closed_is_broken_and_replaced() -> None:
    """The server's farewell may cross our request: that call is safe to make again."""

    async def serve(connection: Connection) -> None:
        await connection.read_request()
        await connection.send(200, ANSWER)
        await connection.read_request()  # and no answer to it

    async with raw_server(serve) as base_url, client_of(base_url) as client:
        first = await client.ask(toy_request())
        second = await client.ask(toy_request())
        third = await client.ask(toy_request())

    assert isinstance(first, ModelAnswer)
    assert isinstance(second, ModelFailure)
    assert second.kind == FailureKind.BROKEN
    assert isinstance(third, ModelAnswer)


async def test_what_is_not_http_is_malformed() -> None:
    async def serve(connection: Connection) -> None:
        await connection.read_request()
        await connection.send_bytes(b"220 mail.example.com ESMTP\r\n\r\n")

    failure = await failure_of(serve)

    assert failure.kind == FailureKind.MALFORMED


async def test_a_silent_server_is_a_timeout_after_the_attempts_time() -> None:
    async def serve(connection: Connection) -> None:
        await connection.read_to_end()

    async with (
        raw_server(serve) as base_url,
        client_of(base_url, attempt_timeout_s=0.05) as client,
    ):
        outcome = await client.ask(toy_request())

    assert isinstance(outcome, ModelFailure)
    assert (outcome.kind, outcome.code) == (FailureKind.TIMEOUT, "timeout")
    assert "within 0.05 s" in outcome.message


async def test_an_answer_that_trickles_is_a_timeout_too() -> None:
    async def serve(connection: Connection) -> None:
        await connection.read_request()
        await connection.send_bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        while True:
            await connection.send_bytes(b" ")
            await CLOCK.sleep(0.01)

    async with (
        raw_server(serve) as base_url,
        client_of(base_url, attempt_timeout_s=0.1) as client,
    ):
        outcome = await client.ask(toy_request())

    assert isinstance(outcome, ModelFailure)
    assert outcome.kind == FailureKind.TIMEOUT


async def test_the_deadline_counts_where_it_comes_before_the_attempts_end() -> None:
    async def serve(connection: Connection) -> None:
        await connection.read_to_end()

    began = CLOCK.monotonic()
    outcome = await outcome_of(serve, toy_request(within_s=0.1))

    assert isinstance(outcome, ModelFailure)
    assert outcome.kind == FailureKind.TIMEOUT
    assert CLOCK.monotonic() - began < 1.0


async def test_canceling_closes_the_socket_at_once() -> None:
    """Documented of the port; the provider must not go on working for nobody."""
    asked, gone = asyncio.Event(), asyncio.Event()

    async def serve(connection: Connection) -> None:
        await connection.read_request()
        asked.set()
        await connection.read_to_end()
        gone.set()

    async with raw_server(serve) as base_url, client_of(base_url) as client:
        call = asyncio.create_task(client.ask(toy_request()))
        await asked.wait()

        call.cancel()
        async with asyncio.timeout(0.5):
            await gone.wait()

    assert call.cancelled()


async def test_canceling_within_an_answer_closes_the_socket_at_once() -> None:
    begun, gone = asyncio.Event(), asyncio.Event()

    async def serve(connection: Connection) -> None:
        await connection.read_request()
        await connection.send_bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        begun.set()
        await connection.read_to_end()
        gone.set()

    async with raw_server(serve) as base_url, client_of(base_url) as client:
        call = asyncio.create_task(client.ask(toy_request()))
        await begun.wait()

        call.cancel()
        async with asyncio.timeout(0.5):
            await gone.wait()

    assert call.cancelled()


async def test_canceling_within_a_large_upload_does_not_send_the_rest() -> None:
    size, received, done = 30_000_000, 0, asyncio.Event()

    async def serve(connection: Connection) -> None:
        nonlocal received
        await connection.reader.readuntil(b"\r\n\r\n")
        call.cancel()
        await asyncio.wait([call])
        received = len(await connection.read_to_end())
        done.set()

    async with raw_server(serve) as base_url, client_of(base_url) as client:
        call = asyncio.create_task(client.ask(toy_request({"model": "m", "user": "x" * size})))
        await done.wait()

    assert call.cancelled()
    assert received < size
