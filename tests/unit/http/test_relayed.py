"""An answer is passed on while it comes; a client that leaves ends it at once."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message, Scope

from evald.domain.errors import ProviderBroken
from evald.http.leaving import Leaving
from evald.http.relayed import RelayedAnswer
from evald.services.relaying import AnswerHead, Relayed
from tests.unit.http.asgi import scope_of


class Client:
    """Someone who reads what is sent, and leaves when a test says so."""

    def __init__(self) -> None:
        self.got: list[Message] = []
        self.listened = 0
        self.leaving = Leaving(self.listen)
        self.has_got = asyncio.Event()

    def listen(self) -> None:
        self.listened += 1

    async def receive(self) -> Message:
        raise AssertionError

    async def send(self, message: Message) -> None:
        self.got.append(message)
        self.has_got.set()

    def scope(self) -> Scope:
        return scope_of("POST", "/v1/x", leaving=self.leaving)

    async def ask(self, answer: Relayed) -> None:
        await RelayedAnswer(answer)(self.scope(), self.receive, self.send)


class Source:
    """An answer of these pieces, each as it is or made when it is its turn; says how it ended."""

    def __init__(self, *pieces: AnswerHead | bytes | Callable[[], Any]) -> None:
        self.pieces = pieces
        self.is_closed = False

    async def answer(self) -> Relayed:
        try:
            for piece in self.pieces:
                if callable(piece):
                    await piece()
                else:
                    yield piece
        finally:
            self.is_closed = True


HEAD = AnswerHead(203, {"content-type": "text/event-stream"})


async def never() -> None:
    await asyncio.Event().wait()


async def broken() -> None:
    raise ProviderBroken("It broke.")


async def test_what_comes_is_sent_piece_by_piece() -> None:
    client, source = Client(), Source(HEAD, b"a", b"", b"b")

    await client.ask(source.answer())

    assert client.got == [
        {
            "type": "http.response.start",
            "status": 203,
            "headers": [(b"content-type", b"text/event-stream")],
        },
        {"type": "http.response.body", "body": b"a", "more_body": True},
        {"type": "http.response.body", "body": b"b", "more_body": True},
        {"type": "http.response.body", "body": b"", "more_body": False},
    ]
    assert source.is_closed


async def test_nobody_looks_after_a_client_whose_answer_is_sent() -> None:
    client, source = Client(), Source(HEAD, b"a")
    await client.ask(source.answer())

    client.leaving.leave()
    await asyncio.sleep(0)

    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_client_that_had_left_before_ends_it_too() -> None:
    client, source = Client(), Source(HEAD, never)
    client.leaving.leave()

    with pytest.raises(ClientDisconnect):
        await asyncio.wait_for(client.ask(source.answer()), 1)

    assert source.is_closed


async def test_a_connection_is_read_while_its_client_may_leave() -> None:
    """Reading may have been paused by a large body, and nobody is seen to leave then."""
    client, source = Client(), Source(HEAD, b"a")

    await client.ask(source.answer())

    assert client.listened == 1


@pytest.mark.parametrize("pieces", [[b""], [], [b"ab"], [b"a", b"b"]])
async def test_an_answer_whose_length_is_known_is_ended_once(pieces: list[bytes]) -> None:
    """One of no bytes too: the connection would be closed otherwise."""
    length = str(len(b"".join(pieces)))
    client, source = Client(), Source(AnswerHead(200, {"content-length": length}), *pieces)

    await client.ask(source.answer())

    said = [message for message in client.got if message["type"] == "http.response.body"]
    assert b"".join(message["body"] for message in said) == b"".join(pieces)
    assert [message["more_body"] for message in said] == [*([True] * (len(said) - 1)), False]


@pytest.mark.parametrize("before", [[], [HEAD], [HEAD, b"a"]])
async def test_a_client_that_leaves_ends_what_is_on_its_way(before: list[Any]) -> None:
    client, source = Client(), Source(*before, never)
    asking = asyncio.create_task(client.ask(source.answer()))
    if before:
        await client.has_got.wait()

    client.leaving.leave()
    await asyncio.wait([asking], timeout=1)

    assert isinstance(asking.exception(), ClientDisconnect)
    assert source.is_closed


async def test_a_request_that_is_canceled_ends_what_is_on_its_way() -> None:
    client, source = Client(), Source(HEAD, never)
    asking = asyncio.create_task(client.ask(source.answer()))
    await client.has_got.wait()

    asking.cancel()
    await asyncio.wait([asking], timeout=1)

    assert asking.cancelled()
    assert source.is_closed


@pytest.mark.parametrize("before", [[], [HEAD, b"a"]])
async def test_an_error_is_the_caller_s_to_tell(before: list[Any]) -> None:
    client, source = Client(), Source(*before, broken)

    with pytest.raises(ProviderBroken):
        await client.ask(source.answer())

    assert len(client.got) == len(before)
    assert source.is_closed
