import asyncio
import math
import threading
from collections.abc import Callable
from typing import Any

import pytest

from evald.adapters.clock import SystemClock
from evald.adapters.models.provider import Provider
from evald.adapters.models.python_function import PythonFunctionModel
from evald.adapters.models.python_target import Target
from evald.ports.model import FailureKind, ModelAnswer, ModelApi, ModelFailure, ModelRequest

CLOCK = SystemClock()


def client_of(
    function: Target, *, threads: int = 4, timeout_s: float = 30.0
) -> PythonFunctionModel:
    provider = Provider(
        name="ours", kind="python", target="module:function", max_concurrency=threads
    )
    return PythonFunctionModel(provider, function, clock=CLOCK, attempt_timeout_s=timeout_s)


def request(api: ModelApi = "chat_completions", **body: Any) -> ModelRequest:
    return ModelRequest(api, "m", {"model": "m", **body}, CLOCK.monotonic() + 30.0)


async def outcome_of(function: Target, **body: Any) -> ModelAnswer | ModelFailure:
    return await client_of(function).ask(request(**body))


def asynchronous(function: Callable[[dict[str, Any]], Any]) -> Target:
    async def call(body: dict[str, Any]) -> Any:
        return function(body)

    return call


def synchronous(function: Callable[[dict[str, Any]], Any]) -> Target:
    return function


both_kinds = pytest.mark.parametrize("kind", [synchronous, asynchronous])
Kind = Callable[[Callable[[dict[str, Any]], Any]], Target]


@both_kinds
async def test_a_text_becomes_a_chat_completion_of_the_model(kind: Kind) -> None:
    outcome = await outcome_of(kind(lambda _: "Hello."))

    assert isinstance(outcome, ModelAnswer)
    body: dict[str, Any] = outcome.body
    assert body["object"] == "chat.completion"
    assert body["model"] == "m"
    assert body["choices"][0]["message"] == {
        "role": "assistant",
        "content": "Hello.",
        "refusal": None,
    }


@both_kinds
async def test_a_dict_is_the_answer_itself(kind: Kind) -> None:
    answer = {"choices": [{"n": 1, "x": 0.5, "yes": True, "no": None}], "ids": ("a", "b")}

    outcome = await outcome_of(kind(lambda _: answer))

    assert isinstance(outcome, ModelAnswer)
    assert outcome.body == {**answer, "ids": ["a", "b"]}


@both_kinds
async def test_the_function_gets_the_body_and_may_do_with_it_what_it_likes(kind: Kind) -> None:
    asked = request(messages=[{"role": "user", "content": "Hi."}])

    def function(body: dict[str, Any]) -> str:
        text: str = body["messages"].pop()["content"]
        body.clear()
        return text

    outcome = await client_of(kind(function)).ask(asked)

    assert isinstance(outcome, ModelAnswer)
    assert asked.body == {"model": "m", "messages": [{"role": "user", "content": "Hi."}]}


class Clumsy(Exception):
    def __str__(self) -> str:
        raise ValueError


def raising(error: BaseException) -> Callable[[dict[str, Any]], Any]:
    def function(body: dict[str, Any]) -> Any:
        raise error

    return function


@both_kinds
@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("No ticket."), "ValueError: No ticket."),
        (KeyError("messages"), "KeyError: 'messages'"),
        (TimeoutError("of its own"), "TimeoutError: of its own"),
        (SystemExit(3), "SystemExit: 3"),
        (asyncio.CancelledError("of its own"), "CancelledError: of its own"),
        (Clumsy(), "Clumsy"),
        (ValueError("x" * 5_000), f"ValueError: {'x' * 988}"),
    ],
)
async def test_what_the_function_raises_is_the_failure(
    kind: Kind, error: BaseException, message: str
) -> None:
    outcome = await outcome_of(kind(raising(error)))

    assert outcome == ModelFailure(FailureKind.RAISED, "python_provider_error", message)


async def test_an_iterator_that_ends_in_a_thread_is_a_failure_too() -> None:
    """A StopIteration cannot be put into a future: without care, such a call never ends."""
    outcome = await outcome_of(raising(StopIteration()))

    assert isinstance(outcome, ModelFailure)
    assert outcome.message == "StopIteration: "


loop: dict[str, Any] = {}
loop["itself"] = loop


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (None, "TypeError: the function returned NoneType; str or dict is needed"),
        (["text"], "TypeError: the function returned list; str or dict is needed"),
        ({"a": {1: 2}}, "TypeError: the answer has the key 1; the keys of JSON are strings"),
        ({"a": [{1, 2}]}, "TypeError: the answer holds a set, which is no JSON"),
        ({"a": b"bytes"}, "TypeError: the answer holds a bytes, which is no JSON"),
        ({"a": math.nan}, "ValueError: the answer holds nan, which is no JSON"),
        (loop, "RecursionError: maximum recursion depth exceeded"),
    ],
)
async def test_what_is_no_answer_is_a_failure(returned: object, message: str) -> None:
    outcome = await outcome_of(lambda _: returned)

    assert isinstance(outcome, ModelFailure)
    assert (outcome.kind, outcome.code) == (FailureKind.RAISED, "python_provider_error")
    assert outcome.message.startswith(message)


async def test_an_object_with_an_async_call_is_awaited() -> None:
    class Model:
        async def __call__(self, body: dict[str, Any]) -> str:
            return "Hello."

    assert isinstance(await outcome_of(Model()), ModelAnswer)


async def test_the_responses_api_is_not_spoken() -> None:
    outcome = await client_of(lambda _: "Hello.").ask(request("responses"))

    assert outcome == ModelFailure(
        FailureKind.UNSERVED,
        "unsupported_api",
        "The model 'm' is served by the Python provider 'ours', which speaks chat completions "
        "and not responses.",
    )


async def test_a_function_that_takes_too_long_is_a_timeout() -> None:
    ended = threading.Event()

    outcome = await client_of(lambda _: ended.wait(30.0), timeout_s=0.05).ask(request())
    ended.set()

    assert outcome == ModelFailure(
        FailureKind.TIMEOUT, "timeout", "Provider 'ours' did not answer within 0.05 s."
    )


async def test_an_abandoned_thread_stays_taken_until_its_function_returns() -> None:
    ended = threading.Event()
    client = client_of(lambda _: str(ended.wait(30.0)), threads=1)
    first = asyncio.create_task(client.ask(request()))
    await asyncio.wait([first], timeout=0.02)
    first.cancel()
    second = asyncio.create_task(client.ask(request()))

    await asyncio.wait([second], timeout=0.02)
    waited = not second.done()
    ended.set()

    assert waited
    assert isinstance(await second, ModelAnswer)
    assert first.cancelled()


async def test_a_call_that_is_canceled_before_it_gets_a_thread_is_never_made() -> None:
    ended, calls = threading.Event(), []

    def function(body: dict[str, Any]) -> str:
        calls.append(body["user"])
        ended.wait(30.0)
        return "Hello."

    client = client_of(function, threads=1)
    tasks = [asyncio.create_task(client.ask(request(user=name))) for name in ("a", "b", "c")]
    await asyncio.wait(tasks, timeout=0.02)
    tasks[1].cancel()
    await asyncio.wait([tasks[1]])
    ended.set()
    await asyncio.wait(tasks)

    assert calls == ["a", "c"]


async def test_functions_run_side_by_side_up_to_the_providers_concurrency() -> None:
    together = threading.Barrier(4, timeout=10.0)
    client = client_of(lambda _: str(together.wait()), threads=4)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(client.ask(request())) for _ in range(8)]

    assert all(isinstance(task.result(), ModelAnswer) for task in tasks)


async def test_a_single_call_needs_a_single_thread() -> None:
    client = client_of(lambda _: "Hello.", threads=50)
    before = threading.active_count()

    await client.ask(request())

    assert threading.active_count() == before + 1
