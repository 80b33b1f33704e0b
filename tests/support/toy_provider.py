"""A toy provider's HTTP client, and what is asked of it and answered to it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from pydantic import JsonValue

from evald.adapters.clock import SystemClock
from evald.adapters.http1.connections import open_connections
from evald.adapters.models.openai_http import OpenAiHttp
from evald.adapters.models.provider import Provider
from evald.ports.model import AnyApi, ModelAnswer, ModelFailure, ModelRequest
from tests.support.raw_server import Connection, raw_server

CLOCK = SystemClock()
KEY = "sk-toy-0123456789"
ANSWER = b'{"choices":[]}'


@asynccontextmanager
async def client_of(
    base_url: str, *, api_key: str | None = KEY, attempt_timeout_s: float = 30.0
) -> AsyncIterator[OpenAiHttp]:
    async with open_connections() as connections:
        provider = Provider(name="toy", base_url=base_url, api_key=api_key)
        yield OpenAiHttp(provider, connections, clock=CLOCK, attempt_timeout_s=attempt_timeout_s)


def toy_request(
    body: dict[str, JsonValue] | None = None,
    *,
    api: AnyApi = "chat_completions",
    within_s: float = 30.0,
) -> ModelRequest:
    return ModelRequest(api, "m", body or {"model": "m"}, CLOCK.monotonic() + within_s)


async def outcome_of(
    serve: Callable[[Connection], Awaitable[None]], asked: ModelRequest | None = None
) -> ModelAnswer | ModelFailure:
    async with raw_server(serve) as base_url, client_of(base_url) as client:
        return await client.ask(asked or toy_request())


async def failure_of(serve: Callable[[Connection], Awaitable[None]]) -> ModelFailure:
    outcome = await outcome_of(serve)
    assert isinstance(outcome, ModelFailure)
    return outcome


def answering(
    status: int, body: bytes, headers: dict[str, str] | None = None
) -> Callable[[Connection], Awaitable[None]]:
    async def serve(connection: Connection) -> None:
        await connection.read_request()
        await connection.send(status, body, headers=headers)

    return serve
