"""Models that are functions of the operator's own, called with the body of a chat completion."""

import asyncio
import inspect
import math
from collections.abc import Awaitable
from dataclasses import dataclass

from pydantic import JsonValue

from evald.adapters.models.completion import answer_body
from evald.adapters.models.daemon_threads import DaemonThreads
from evald.adapters.models.provider import MAX_MESSAGE, Provider
from evald.adapters.models.python_target import Target, described
from evald.domain.backoff import DEADLINE_EXCEEDED
from evald.ports.clock import Clock
from evald.ports.model import FailureKind, ModelAnswer, ModelFailure, ModelRequest


@dataclass(frozen=True, slots=True)
class _Raised:
    """What the function raised, as a value."""

    error: BaseException


class PythonFunctionModel:
    """A provider of kind `python`: one function that answers for all its models.

    An async function is awaited. Any other is called in a thread, of which the provider has
    `max_concurrency`; a call that is canceled or takes too long is let go of, but its thread stays
    taken until the function returns.

    Args:
        provider: of kind `python`.
        function: from `load_target`.
        clock: for deadlines, and for the ids and times of answers.
        attempt_timeout_s: seconds that one call may take.
    """

    def __init__(
        self,
        provider: Provider,
        function: Target,
        *,
        clock: Clock,
        attempt_timeout_s: float = 600.0,
    ) -> None:
        self._provider = provider
        self._function = function
        self._clock = clock
        self._attempt_timeout_s = attempt_timeout_s
        self._threads = DaemonThreads(provider.max_concurrency, name=f"provider-{provider.name}")
        self._is_async = _is_async(function)

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        """What the function makes of the body, of which it gets a copy.

        Whatever it raises, and whatever it returns that is neither a text nor a dict of JSON, is a
        failure of code `python_provider_error`.
        """
        if request.api != "chat_completions":
            return self._without_api(request)
        began = self._clock.monotonic()
        limit_s = min(self._attempt_timeout_s, request.deadline - began)
        if limit_s <= 0:
            return self._late(DEADLINE_EXCEEDED, "was asked too late.")
        try:
            async with asyncio.timeout(limit_s):
                returned = await self._called(_copy(request.body))
        except TimeoutError:
            return self._late("timeout", f"did not answer within {limit_s:.4g} s.")
        outcome = self._outcome(returned, request)
        if isinstance(outcome, ModelFailure):
            return outcome
        return ModelAnswer(outcome, self._clock.monotonic() - began)

    async def _called(self, body: dict[str, JsonValue]) -> object:
        if self._is_async:
            return await _awaited(self._function(body))
        return await self._threads.run(lambda: _result(self._function, body))

    def _outcome(
        self, returned: object, request: ModelRequest
    ) -> dict[str, JsonValue] | ModelFailure:
        if isinstance(returned, _Raised):
            return _failure(described(returned.error))
        if isinstance(returned, str):
            return answer_body(request, returned, self._clock)
        if not isinstance(returned, dict):
            kind = type(returned).__name__
            return _failure(f"TypeError: the function returned {kind}; str or dict is needed")
        try:
            return _copy(returned)
        except (TypeError, ValueError, RecursionError) as error:
            return _failure(described(error))

    def _without_api(self, request: ModelRequest) -> ModelFailure:
        return ModelFailure(
            FailureKind.UNSERVED,
            "unsupported_api",
            f"The model '{request.model}' is served by the Python provider "
            f"'{self._provider.name}', which speaks chat completions and not {request.api}.",
        )

    def _late(self, code: str, text: str) -> ModelFailure:
        return ModelFailure(FailureKind.TIMEOUT, code, f"Provider '{self._provider.name}' {text}")


def _is_async(function: Target) -> bool:
    # An object that can be called says so by its `__call__`.
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - not whether it is callable, but how
    )


def _result(function: Target, body: dict[str, JsonValue]) -> object:
    """What the function returns or raises; called in a thread."""
    try:
        return function(body)
    except BaseException as error:  # noqa: BLE001 - the operator's code, here and nowhere else: a
        # SystemExit would end the thread silently, a StopIteration could not cross into a future,
        # and either would leave the call without an outcome.
        return _Raised(error)


async def _awaited(call: Awaitable[object]) -> object:
    """What the coroutine returns or raises; our own cancellation goes through."""
    try:
        return await call
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        return _Raised(error)  # a canceled task of its own: to let it out would look like ours
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the operator's code: it must not
        # end the server.
        return _Raised(error)


def _failure(text: str) -> ModelFailure:
    return ModelFailure(FailureKind.RAISED, "python_provider_error", text[:MAX_MESSAGE])


def _copy(body: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """A copy that shares nothing that can be changed.

    Raises:
        TypeError: it holds what is no JSON.
        ValueError: it holds a number that is none.
    """
    for key in body:
        if not isinstance(key, str):
            raise TypeError(f"the answer has the key {key!r}; the keys of JSON are strings")
    return {key: _value_copy(value) for key, value in body.items()}


def _value_copy(value: object) -> JsonValue:
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"the answer holds {value}, which is no JSON")
        return value
    if isinstance(value, dict):
        return _copy(value)
    if isinstance(value, list | tuple):
        return [_value_copy(each) for each in value]
    raise TypeError(f"the answer holds a {type(value).__name__}, which is no JSON")
