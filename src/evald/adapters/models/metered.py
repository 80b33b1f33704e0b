"""How many calls went to a provider, what came of them, how long they took, and their tokens."""

from typing import assert_never

from pydantic import JsonValue

from evald.ports.clock import Clock
from evald.ports.metrics import NO_METRICS, Metrics
from evald.ports.model import FailureKind, ModelAnswer, ModelClient, ModelFailure, ModelRequest


class MeteredModel:
    """Counts what another model client, that of one provider, does.

    Wrapped right around the client that sends, so that every attempt counts. An abandoned call
    counts nowhere.
    """

    def __init__(
        self,
        inner: ModelClient,
        clock: Clock,
        *,
        metrics: Metrics = NO_METRICS,
        provider: str = "default",
    ) -> None:
        self._inner = inner
        self._clock = clock
        self._calls = metrics.model_calls
        self._tokens = metrics.tokens
        self._provider = provider

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        """What the inner client answers."""
        began = self._clock.monotonic()
        outcome = await self._inner.ask(request)
        took_s = self._clock.monotonic() - began
        if isinstance(outcome, ModelFailure):
            self._calls.time(took_s, self._provider, outcome_of(outcome))
            return outcome
        self._calls.time(took_s, self._provider, "answered")
        usage = outcome.body.get("usage")
        if isinstance(usage, dict):
            self.note_tokens(request.model, usage)
        return outcome

    def note_tokens(self, model: str, usage: dict[str, JsonValue]) -> None:
        """What an answer tells in its `usage`, in the words of either API, is counted."""
        given, made = usage.get("prompt_tokens"), usage.get("completion_tokens")
        details = usage.get("prompt_tokens_details")
        if given is None:  # said by the Responses API
            given, made = usage.get("input_tokens"), usage.get("output_tokens")
            details = usage.get("input_tokens_details")
        cached = details.get("cached_tokens") if isinstance(details, dict) else 0
        if type(given) is not int or type(made) is not int or type(cached) is not int:
            given, made, cached = _count(given), _count(made), _count(cached)
        self._tokens.add(model, given=given, cached=cached, made=made)


def outcome_of(failure: ModelFailure) -> str:
    """The name of what became of a call that failed; a 429 has one of its own."""
    match failure.kind:
        case FailureKind.REFUSED:
            return "rate_limited" if failure.status == 429 else "refused"
        case (
            FailureKind.UNREACHABLE
            | FailureKind.BROKEN
            | FailureKind.TIMEOUT
            | FailureKind.MALFORMED
            | FailureKind.UNSERVED
            | FailureKind.RAISED
        ):
            return failure.kind.value
        case _:
            assert_never(failure.kind)


def _count(value: JsonValue) -> int:
    """A provider's number, if it is one."""
    return value if type(value) is int else 0
