"""Heads of requests are bounded in size and time; tests/hostile has the same on a real socket."""

import asyncio
from typing import Any

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from evald.assembly.http_protocol import HEAD_S, MAX_HEAD_BYTES, BoundedHttp, behind_proxy
from evald.http.leaving import leaving_of
from tests.support.virtual_time import run_in_virtual_time
from tests.unit.http.asgi import ask, scope_of

GET = b"GET / HTTP/1.1\r\nhost: x\r\n"


class Wire(asyncio.Transport):
    """The other end of a connection that is nowhere."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: Any) -> None:
        if not self.closed:
            self.written += bytes(data)
            self.writes.append(bytes(data))

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


def connected(app: Any = app) -> tuple[BoundedHttp, Wire]:
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


def test_whoever_answers_is_told_that_the_client_left() -> None:
    has_begun, told = asyncio.Event(), []

    async def waiting(scope: Any, receive: Any, send: Any) -> None:
        with leaving_of(scope).told(lambda: told.append("left")):
            has_begun.set()
            await asyncio.Event().wait()

    async def scene() -> tuple[list[str], list[str]]:
        protocol, _ = connected(waiting)
        protocol.data_received(GET + b"\r\n")
        await has_begun.wait()
        before = list(told)
        protocol.connection_lost(None)
        return before, told

    assert run_in_virtual_time(scene()) == ([], ["left"])


def test_heads_of_many_requests_do_not_add_up() -> None:
    async def scene() -> bool:
        protocol, wire = connected()
        for _ in range(10):
            protocol.data_received(GET + b"x: " + b"y" * (MAX_HEAD_BYTES // 2) + b"\r\n\r\n")
            await asyncio.sleep(0.01)
        return wire.closed

    assert not run_in_virtual_time(scene())


HEAD = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}


def answering(*messages: Any, pause_s: float = 0.0) -> Any:
    """An application that says this, and lets time pass after the first, if it is to."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)
            if pause_s and message is messages[0]:
                await asyncio.sleep(pause_s)

    return answer


def written_for(app: Any, sent: bytes = GET + b"\r\n") -> list[tuple[float, bytes]]:
    """What goes out for these bytes, and when, in seconds."""

    async def scene() -> list[tuple[float, bytes]]:
        protocol, wire = connected(app)
        began = asyncio.get_running_loop().time()
        protocol.data_received(sent)
        written: list[tuple[float, bytes]] = []
        for _ in range(40):
            await asyncio.sleep(0.1)
            now = asyncio.get_running_loop().time() - began
            written += [(round(now, 1), each) for each in wire.writes[len(written) :]]
        return written

    return run_in_virtual_time(scene())


def test_the_head_of_an_answer_goes_out_with_its_body() -> None:
    body = {"type": "http.response.body", "body": b"hi", "more_body": False}

    [(_, whole)] = written_for(answering(HEAD, body))

    assert whole.startswith(b"HTTP/1.1 200 OK\r\n")
    assert whole.endswith(b"\r\n\r\nhi")


def test_a_head_does_not_wait_for_a_body_that_is_long_in_coming() -> None:
    body = {"type": "http.response.body", "body": b"hi", "more_body": False}

    head, rest = written_for(answering(HEAD, body, pause_s=2.05))

    assert head[0] == 0.1
    assert head[1].endswith(b"\r\n\r\n")
    assert rest == (2.1, b"hi")


def test_later_pieces_go_out_as_they_come() -> None:
    pieces = [
        {"type": "http.response.body", "body": piece, "more_body": piece == b"h"}
        for piece in (b"h", b"i")
    ]

    first, second = written_for(answering(HEAD, *pieces))

    assert first[1].endswith(b"\r\n\r\nh")
    assert second[1] == b"i"


@pytest.mark.parametrize("closing", [b"", b"connection: close\r\n"])
def test_a_head_without_a_body_goes_out_too(closing: bytes) -> None:
    body = {"type": "http.response.body", "body": b"hi", "more_body": False}

    [(_, head)] = written_for(
        answering(HEAD, body), b"HEAD / HTTP/1.1\r\nhost: x\r\n" + closing + b"\r\n"
    )

    assert head.endswith(b"\r\n\r\n")


def test_answers_to_requests_that_came_together_stay_in_order() -> None:
    async def answer(scope: Any, receive: Any, send: Any) -> None:
        content = scope["path"].encode()[1:]
        await send(HEAD)
        await send({"type": "http.response.body", "body": content, "more_body": False})

    requests = b"".join(b"GET /%s HTTP/1.1\r\nhost: x\r\n\r\n" % each for each in (b"aa", b"bb"))

    written = written_for(answer, requests)

    assert [each[-2:] for _, each in written] == [b"aa", b"bb"]


@pytest.mark.parametrize(("client", "scheme"), [("127.0.0.1", "https"), ("192.0.2.1", "http")])
async def test_a_proxy_on_this_machine_says_how_its_client_asked(client: str, scheme: str) -> None:
    async def echo(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": scope["scheme"].encode()})

    scope = scope_of(headers=[("x-forwarded-proto", "https")])
    scope["client"], scope["scheme"] = (client, 1), "http"

    assert (await ask(behind_proxy(echo), scope)).body.decode() == scheme
