"""Heads of requests are bounded in size and time; tests/hostile has the same on a real socket."""

import asyncio
from typing import Any

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from evald.assembly.http_protocol import HEAD_S, MAX_HEAD_BYTES, BoundedHttp
from tests.support.virtual_time import run_in_virtual_time

GET = b"GET / HTTP/1.1\r\nhost: x\r\n"


class Wire(asyncio.Transport):
    """The other end of a connection that is nowhere."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        """What is sent is handed over by the test."""

    def resume_reading(self) -> None:
        """As above."""


async def app(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def connected() -> tuple[BoundedHttp, Wire]:
    config = Config(app, log_config=None, lifespan="off", timeout_keep_alive=1_000)
    protocol = BoundedHttp(config, ServerState(), {})
    wire = Wire()
    protocol.connection_made(wire)
    return protocol, wire


async def is_open_after(wire: Wire, seconds: float) -> bool:
    await asyncio.sleep(seconds)
    return not wire.closed


@pytest.mark.parametrize("sent", [b"", b"G", GET, GET + b"x: " + b"y" * 1_000])
def test_a_head_that_does_not_end_is_given_up(sent: bytes) -> None:
    async def scene() -> tuple[bool, bool]:
        protocol, wire = connected()
        if sent:
            protocol.data_received(sent)
        return await is_open_after(wire, HEAD_S - 1), await is_open_after(wire, 2)

    assert run_in_virtual_time(scene()) == (True, False)


def test_a_second_head_is_given_up_as_the_first() -> None:
    async def scene() -> tuple[bool, bool]:
        protocol, wire = connected()
        protocol.data_received(GET + b"\r\n")
        await asyncio.sleep(10 * HEAD_S)
        protocol.data_received(GET)
        return await is_open_after(wire, HEAD_S - 1), await is_open_after(wire, 2)

    assert run_in_virtual_time(scene()) == (True, False)


def test_a_connection_that_asked_something_may_stay_silent_for_long() -> None:
    async def scene() -> tuple[bytes, bool]:
        protocol, wire = connected()
        protocol.data_received(GET + b"\r\n")
        return wire.written, await is_open_after(wire, 10 * HEAD_S)

    assert run_in_virtual_time(scene())[1]


def test_a_body_may_take_its_time() -> None:
    async def scene() -> bool:
        protocol, wire = connected()
        protocol.data_received(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n1")
        return await is_open_after(wire, 10 * HEAD_S)

    assert run_in_virtual_time(scene())


@pytest.mark.parametrize("begun", [b"GET /", GET + b"x: ", GET])
def test_a_head_that_is_too_large_is_refused_and_the_connection_closed(begun: bytes) -> None:
    async def scene() -> tuple[bytes, bool]:
        protocol, wire = connected()
        protocol.data_received(begun)
        for _ in range(MAX_HEAD_BYTES // 10_000 + 1):
            protocol.data_received(b"a" * 10_000)
        return wire.written, wire.closed

    written, closed = run_in_virtual_time(scene())
    assert closed
    assert written.startswith(b"HTTP/1.1 431 ")


def test_heads_of_many_requests_do_not_add_up() -> None:
    async def scene() -> bool:
        protocol, wire = connected()
        for _ in range(10):
            protocol.data_received(GET + b"x: " + b"y" * (MAX_HEAD_BYTES // 2) + b"\r\n\r\n")
            await asyncio.sleep(0.01)
        return wire.closed

    assert not run_in_virtual_time(scene())
