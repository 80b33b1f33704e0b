"""What every model client keeps, asked through every adapter; ours, but for the wire's shapes."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from copy import deepcopy
from typing import Any

import pytest

from evald.adapters.clock import SystemClock
from evald.adapters.http1.connections import open_connections
from evald.adapters.models.limited import LimitedModel
from evald.adapters.models.metered import MeteredModel
from evald.adapters.models.openai_http import OpenAiHttp
from evald.adapters.models.provider import Provider
from evald.adapters.models.python_function import PythonFunctionModel
from evald.adapters.models.retrying import RetryingModel
from evald.adapters.models.routing import RoutedModels, ServedProvider
from evald.adapters.models.scripted import ScriptedModel
from evald.domain.backoff import RetryPolicy
from evald.ports.model import (
    FailureKind,
    ModelAnswer,
    ModelApi,
    ModelClient,
    ModelFailure,
    ModelRequest,
)
from tests.support.mock_provider import MockProvider, serving

CLOCK = SystemClock()
POLICY = RetryPolicy()

Opener = Callable[[float], AbstractAsyncContextManager[ModelClient]]


@asynccontextmanager
async def over_http(latency_s: float) -> AsyncIterator[ModelClient]:
    async with (
        serving(MockProvider(latency_s=latency_s)) as mock,
        open_connections() as connections,
    ):
        provider = Provider(name="mock", base_url=mock.base_url, api_key="sk-toy")
        yield OpenAiHttp(provider, connections, clock=CLOCK)


@asynccontextmanager
async def scripted(latency_s: float) -> AsyncIterator[ModelClient]:
    yield _echoing(latency_s)


@asynccontextmanager
async def sync_function(latency_s: float) -> AsyncIterator[ModelClient]:
    def function(body: dict[str, Any]) -> str:
        threading.Event().wait(latency_s)  # blocks, as a function does that knows no async
        return _last_text(body)

    yield PythonFunctionModel(_python(), function, clock=CLOCK)


@asynccontextmanager
async def async_function(latency_s: float) -> AsyncIterator[ModelClient]:
    async def function(body: dict[str, Any]) -> str:
        await CLOCK.sleep(latency_s)
        return _last_text(body)

    yield PythonFunctionModel(_python(), function, clock=CLOCK)


@asynccontextmanager
async def metered(latency_s: float) -> AsyncIterator[ModelClient]:
    yield MeteredModel(_echoing(latency_s), CLOCK)


@asynccontextmanager
async def limited(latency_s: float) -> AsyncIterator[ModelClient]:
    yield LimitedModel(_echoing(latency_s), 2, CLOCK, policy=POLICY)


@asynccontextmanager
async def retrying(latency_s: float) -> AsyncIterator[ModelClient]:
    yield RetryingModel(_echoing(latency_s), POLICY, CLOCK)


@asynccontextmanager
async def all_together(latency_s: float) -> AsyncIterator[ModelClient]:
    async with over_http(latency_s) as http:
        client = LimitedModel(MeteredModel(http, CLOCK), 2, CLOCK, policy=POLICY)
        provider = Provider(name="default", base_url="http://mock")
        yield RoutedModels([ServedProvider(provider, RetryingModel(client, POLICY, CLOCK))])


OPENERS: dict[str, Opener] = {
    opener.__name__: opener
    for opener in (
        over_http,
        scripted,
        sync_function,
        async_function,
        metered,
        limited,
        retrying,
        all_together,
    )
}


@pytest.fixture(params=OPENERS)
def opener(request: pytest.FixtureRequest) -> Opener:
    return OPENERS[request.param]


async def test_an_answer_is_the_body_and_the_seconds_it_took(opener: Opener) -> None:
    async with opener(0.0) as client:
        outcome = await client.ask(_request("Where is my toner?"))

    assert isinstance(outcome, ModelAnswer)
    assert outcome.body["object"] == "chat.completion"
    assert outcome.body["model"] == "mock-model"
    assert _said(outcome) == "Where is my toner?"
    assert 0.0 <= outcome.seconds < 5.0


async def test_each_of_many_calls_gets_its_own_answer(opener: Opener) -> None:
    questions = [f"question {n}" for n in range(40)]

    async with opener(0.0) as client, asyncio.TaskGroup() as group:
        tasks = [group.create_task(client.ask(_request(question))) for question in questions]

    assert [_said(task.result()) for task in tasks] == questions


async def test_the_request_stays_as_it_was(opener: Opener) -> None:
    request = _request("Leave me alone.")
    before = deepcopy(request)

    async with opener(0.0) as client:
        await client.ask(request)

    assert request == before


@pytest.mark.parametrize("text", ["", "ü\u2028\x00", "half an emoji: \ud83d", "long " * 500_000])
async def test_every_text_that_json_can_hold_is_asked_and_answered(
    opener: Opener, text: str
) -> None:
    async with opener(0.0) as client:
        outcome = await client.ask(_request(text))

    assert _said(outcome) == text


@pytest.mark.parametrize("api", ["chat_completions", "responses"])
async def test_a_call_whose_time_is_over_is_a_failure(opener: Opener, api: ModelApi) -> None:
    async with opener(0.1) as client:
        outcome = await client.ask(_request("Too late?", within_s=-1.0, api=api))

    assert isinstance(outcome, ModelFailure)
    assert outcome.kind in (FailureKind.TIMEOUT, FailureKind.UNSERVED)


async def test_no_call_lasts_beyond_its_deadline(opener: Opener) -> None:
    async with opener(1.5) as client, asyncio.timeout(1.0):
        outcome = await client.ask(_request("Slow?", within_s=0.05))

    assert isinstance(outcome, ModelFailure)
    assert outcome.kind == FailureKind.TIMEOUT


async def test_canceled_calls_end_at_once_and_leave_nothing_taken(opener: Opener) -> None:
    async with opener(0.25) as client, asyncio.timeout(20.0):
        tasks = [asyncio.create_task(client.ask(_request("Wait."))) for _ in range(5)]
        await asyncio.wait(tasks, timeout=0.05)

        began = CLOCK.monotonic()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        took_s = CLOCK.monotonic() - began
        outcome = await client.ask(_request("Still there?"))

    assert all(task.cancelled() for task in tasks)
    assert took_s < 0.15
    assert _said(outcome) == "Still there?"


def _request(
    text: str, *, within_s: float = 30.0, api: ModelApi = "chat_completions"
) -> ModelRequest:
    messages = [{"role": "system", "content": "Echo."}, {"role": "user", "content": text}]
    field = "messages" if api == "chat_completions" else "input"
    body: dict[str, Any] = {"model": "mock-model", field: messages}
    return ModelRequest(api, "mock-model", body, CLOCK.monotonic() + within_s)


def _said(outcome: ModelAnswer | ModelFailure) -> str:
    assert isinstance(outcome, ModelAnswer), outcome
    body: dict[str, Any] = outcome.body
    text: str = body["choices"][0]["message"]["content"]
    return text


def _last_text(body: dict[str, Any]) -> str:
    messages = body.get("messages") or body["input"]
    text: str = messages[-1]["content"]
    return text


def _echoing(latency_s: float) -> ScriptedModel:
    return ScriptedModel(lambda request: _last_text(request.body), CLOCK, latency_s=latency_s)


def _python() -> Provider:
    return Provider(name="ours", kind="python", target="module:function", max_concurrency=8)
