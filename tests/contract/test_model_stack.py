"""All the wrappers around the HTTP client, against a provider with faults; ours."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from openai import AsyncOpenAI
from pydantic import JsonValue

from evald.adapters.clock import SystemClock
from evald.adapters.http1.connections import open_connections
from evald.adapters.models.limited import LimitedModel
from evald.adapters.models.metered import MeteredModel
from evald.adapters.models.openai_http import OpenAiHttp
from evald.adapters.models.provider import Provider
from evald.adapters.models.retrying import RetryingModel
from evald.adapters.models.routing import RoutedModels, ServedProvider
from evald.domain.backoff import RetryPolicy
from evald.ports.model import ModelAnswer, ModelFailure, ModelRequest
from tests.support.mock_provider import Faults, MockProvider, serving

CLOCK = SystemClock()
HASTY = RetryPolicy(attempts=20, first_s=0.01, shortest_s=0.005)


@asynccontextmanager
async def stack_over(mock: MockProvider, *, max_concurrency: int) -> AsyncIterator[RoutedModels]:
    async with serving(mock), open_connections() as connections:
        provider = Provider(
            name="default",
            base_url=mock.base_url,
            api_key="sk-toy",
            max_concurrency=max_concurrency,
        )
        http = OpenAiHttp(provider, connections, clock=CLOCK, attempt_timeout_s=1.5)
        limited = LimitedModel(
            MeteredModel(http, CLOCK), provider.max_concurrency, CLOCK, policy=HASTY
        )
        client = RetryingModel(limited, HASTY, CLOCK)
        yield RoutedModels([ServedProvider(provider, client, http)])


async def outcomes(client: RoutedModels, prompts: list[str]) -> list[ModelAnswer | ModelFailure]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(client.ask(_request(prompt))) for prompt in prompts]
    return [task.result() for task in tasks]


def _request(prompt: str) -> ModelRequest:
    messages: list[JsonValue] = [{"role": "user", "content": prompt}]
    body: dict[str, JsonValue] = {"model": "mock-model", "messages": messages}
    return ModelRequest("chat_completions", "mock-model", body, CLOCK.monotonic() + 30.0)


async def test_every_row_gets_through_but_the_one_that_is_refused() -> None:
    faults = Faults(
        refuse_prompt="forbidden",
        rate_limit_every=5,
        retry_after_s=0.01,
        error_every=7,
        drop_every=11,
        slow_at=13,
    )
    mock = MockProvider(faults=faults)
    prompts = [f"row {n}" for n in range(60)] + ["a forbidden row"]

    async with stack_over(mock, max_concurrency=8) as client:
        *rows, forbidden = await outcomes(client, prompts)

    assert all(isinstance(row, ModelAnswer) for row in rows)
    assert isinstance(forbidden, ModelFailure)
    assert (forbidden.status, forbidden.code) == (401, "invalid_api_key")
    seen = mock.seen
    assert (seen.answers, seen.refusals, seen.abandoned) == (60, 1, 1)
    assert min(seen.rate_limits, seen.errors, seen.drops) > 0
    assert seen.requests == sum(
        (seen.answers, seen.refusals, seen.abandoned, seen.rate_limits, seen.errors, seen.drops)
    )
    assert seen.most_at_once <= 8
    assert seen.authorizations == {"Bearer sk-toy"}


async def test_canceling_all_rows_closes_every_connection_in_use() -> None:
    mock = MockProvider(faults=Faults(slow_prompt="row"))

    async with stack_over(mock, max_concurrency=8) as client:
        tasks = [asyncio.create_task(client.ask(_request(f"row {n}"))) for n in range(20)]
        await mock.until(lambda seen: seen.at_once == 8, within_s=5.0)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await mock.until(lambda seen: seen.abandoned == 8, within_s=0.5)

    assert (mock.seen.requests, mock.seen.abandoned, mock.seen.at_once) == (8, 8, 0)


async def test_the_mock_provider_speaks_as_the_official_client_expects() -> None:
    mock = MockProvider(str.upper, models=("a", "b"))

    async with serving(mock), AsyncOpenAI(base_url=mock.base_url, api_key="sk-toy") as client:
        chat = await client.chat.completions.create(
            model="a", messages=[{"role": "user", "content": [{"type": "text", "text": "hello"}]}]
        )
        response = await client.responses.create(model="b", input="hello")
        models = [model.id async for model in client.models.list()]

    assert chat.choices[0].message.content == "HELLO"
    assert chat.usage is not None
    assert chat.usage.total_tokens == 4  # two of five letters each
    assert (response.model, response.output_text) == ("b", "HELLO")
    assert models == ["a", "b"]
