"""How many calls went through the gateway, what came of them, and how long who took."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from evald.adapters.models.metered import outcome_of
from evald.ports.clock import Clock
from evald.ports.metrics import Metrics
from evald.ports.model import FailureKind, ModelFailure
from evald.ports.relay import (
    Relay,
    RelayAnswer,
    RelayBroken,
    RelayRequest,
    RelaySilent,
)


class MeteredRelay:
    """Times what another relay does. Fulfils `evald.ports.relay.Relay`.

    A call that is abandoned before its answer has begun counts as `abandoned`.
    """

    def __init__(self, inner: Relay, clock: Clock, metrics: Metrics) -> None:
        self._inner = inner
        self._clock = clock
        self._metrics = metrics
        self.provider = inner.provider
        self.forwards_store = inner.forwards_store
        self.responses = inner.responses

    @asynccontextmanager
    async def open(self, request: RelayRequest) -> AsyncIterator[RelayAnswer | ModelFailure]:
        """The answer, or why there is none."""
        call = _Call(self._clock)
        began = self._clock.monotonic() if request.came_at is None else request.came_at
        try:
            async with self._inner.open(request) as answer:
                call.came()
                call.outcome = _outcome(answer)
                yield call.watched(answer)
        finally:
            call.came()
            added_s = self._clock.monotonic() - began - call.waited_s
            self._metrics.gateway_calls.time(call.waited_s, self.provider, call.outcome)
            self._metrics.gateway_added.time(max(0.0, added_s), self.provider)


class _Call:
    """What becomes of one call, and how long the provider was waited for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: float | None = clock.monotonic()
        self.waited_s = 0.0
        self.outcome = "abandoned"

    def came(self) -> None:
        """What was waited for has come, if anything was, or is waited for no longer."""
        if self._since is not None:
            self.waited_s += self._clock.monotonic() - self._since
            self._since = None

    def watched(self, answer: RelayAnswer | ModelFailure) -> RelayAnswer | ModelFailure:
        """The answer; it is noted how long its chunks are waited for."""
        if isinstance(answer, ModelFailure):
            return answer
        return RelayAnswer(answer.status, answer.headers, self._waited_for(answer.chunks))

    async def _waited_for(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        try:
            self._since = self._clock.monotonic()
            async for chunk in chunks:
                self.came()
                yield chunk
                self._since = self._clock.monotonic()
            self.came()
        except RelaySilent:
            self.outcome = FailureKind.TIMEOUT.value
            raise
        except RelayBroken:
            self.outcome = FailureKind.BROKEN.value
            raise


def _outcome(answer: RelayAnswer | ModelFailure) -> str:
    if isinstance(answer, ModelFailure):
        return outcome_of(answer)
    if answer.status == 429:
        return "rate_limited"
    return "answered" if answer.status < 400 else "refused"
