"""Asking a hosted API again for what may go better next time."""

from evald.domain.archive.scopes import lacks_scope
from evald.domain.backoff import NO_FAILURES, Retry, RetryPolicy, next_wait_s, retry_of_refusal
from evald.ports.clock import Clock
from evald.ports.hosted import Fetched, HostedApi, HostedRequest, Refused, Sink, Trouble

POLICY = RetryPolicy(attempts=6, longest_s=30.0, longest_retry_after_s=300.0)
"""A server that fails gets a minute or so; one that asks for patience gets PATIENCE_S."""

PATIENCE_S = 600.0
"""No request is tried for longer than this, in seconds."""

TOO_MUCH = frozenset({408, 413, 504, 522, 524})
"""Statuses of a page that was too much for the server, or for a gateway before it.

Source: 408 and 504, reports on large pages of output items; 522 and 524, Cloudflare's time-outs.
"""


def retry_of(refused: Refused) -> Retry:
    """How a request that failed so may be tried again.

    A GET costs nothing, so one that ran out of time is like any other. A 401 for missing scopes is
    tried once more: the hosted service says so in error at times (observed 2026-04).
    """
    match refused.trouble:
        case Trouble.UNREACHABLE | Trouble.BROKEN | Trouble.TIMED_OUT:
            return Retry.COUNTED
        case Trouble.TOO_LARGE:
            return Retry.NEVER
        case Trouble.REFUSED:
            if lacks_scope(refused.status, refused.message):
                return Retry.ONCE
            return retry_of_refusal(refused.status or 0, refused.code)


def is_too_much(refused: Refused) -> bool:
    """Whether fewer objects may come where these did not."""
    if refused.trouble is Trouble.REFUSED:
        return refused.status in TOO_MUCH
    return refused.trouble in (Trouble.TIMED_OUT, Trouble.TOO_LARGE)


class RetryingApi:
    """Asks another API again, until there is an answer or no use in asking.

    Wrapped around the limiting one, so that a request that waits for its next attempt holds no
    place.
    """

    def __init__(
        self,
        inner: HostedApi,
        clock: Clock,
        *,
        policy: RetryPolicy = POLICY,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._inner = inner
        self._clock = clock
        self._policy = policy
        self._patience_s = patience_s

    async def get(self, request: HostedRequest, sink: Sink | None = None) -> Fetched | Refused:
        """The first success, or the last refusal."""
        deadline = self._clock.monotonic() + self._patience_s
        failures = NO_FAILURES
        while True:
            outcome = await self._inner.get(request, sink)
            if isinstance(outcome, Fetched):
                return outcome
            if request.may_shrink and is_too_much(outcome):
                return outcome
            failures = failures.and_then(retry_of(outcome))
            wait_s = next_wait_s(
                failures,
                retry_after_s=outcome.wait_s,
                jitter=self._clock.jitter(),
                policy=self._policy,
            )
            if wait_s is None or self._clock.monotonic() + wait_s >= deadline:
                return outcome
            await self._clock.sleep(wait_s)
