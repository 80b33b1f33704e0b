"""Trying again what may go better next time."""

from typing import assert_never

from evald.domain.backoff import (
    DEADLINE_EXCEEDED,
    FINAL_CODES,
    NO_FAILURES,
    Retry,
    RetryPolicy,
    next_wait_s,
    retry_of_refusal,
)
from evald.ports.clock import Clock
from evald.ports.metrics import NO_METRICS, Metrics
from evald.ports.model import FailureKind, ModelAnswer, ModelClient, ModelFailure, ModelRequest


def retry_of(failure: ModelFailure) -> Retry:
    """How the call that failed so may be tried again.

    A success that cannot be read is a provider's hiccup, as a 5xx is.
    """
    if failure.code in FINAL_CODES:
        return Retry.NEVER
    match failure.kind:
        case FailureKind.UNREACHABLE | FailureKind.BROKEN | FailureKind.MALFORMED:
            return Retry.COUNTED
        case FailureKind.TIMEOUT:
            return Retry.ONCE
        case FailureKind.REFUSED:
            return retry_of_refusal(failure.status or 0, failure.code)
        case FailureKind.UNSERVED | FailureKind.RAISED:
            return Retry.NEVER
        case _:
            assert_never(failure.kind)


class RetryingModel:
    """Asks another model client again, until there is an answer or no use in asking.

    Wrapped around the limiting client, so that a call that waits for its next attempt holds no
    slot.
    """

    def __init__(
        self,
        inner: ModelClient,
        policy: RetryPolicy,
        clock: Clock,
        *,
        metrics: Metrics = NO_METRICS,
        provider: str = "default",
    ) -> None:
        self._inner = inner
        self._policy = policy
        self._retries = metrics.model_retries
        self._provider = provider
        self._clock = clock

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        """The first answer, or the last failure.

        The last failure comes back at once where the next attempt would begin after the deadline,
        or later than is to be tried again.
        """
        outcome = await self._inner.ask(request)
        if isinstance(outcome, ModelAnswer):
            return outcome
        return await self._ask_again(request, outcome)

    async def _ask_again(
        self, request: ModelRequest, failure: ModelFailure
    ) -> ModelAnswer | ModelFailure:
        failures, last_start = NO_FAILURES, min(request.deadline, request.retry_until)
        while True:
            failures = failures.and_then(retry_of(failure))
            wait_s = next_wait_s(
                failures,
                retry_after_s=failure.retry_after_s,
                jitter=self._clock.jitter(),
                policy=self._policy,
            )
            if wait_s is None or self._clock.monotonic() + wait_s >= last_start:
                return failure
            await self._clock.sleep(wait_s)
            self._retries.count(self._provider)
            outcome = await self._inner.ask(request)
            if isinstance(outcome, ModelAnswer):
                return outcome
            if outcome.code == DEADLINE_EXCEEDED:
                return failure  # why it was asked again says more than that time ran out
            failure = outcome
