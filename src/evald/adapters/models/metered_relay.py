"""How many calls went through the gateway, what came of them, and how long who took."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType

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

    def open(
        self, request: RelayRequest
    ) -> AbstractAsyncContextManager[RelayAnswer | ModelFailure]:
        """The answer, or why there is none."""
        began = self._clock.monotonic() if request.came_at is None else request.came_at

        def note(waited_s: float, outcome: str) -> None:
            added_s = self._clock.monotonic() - began - waited_s
            self._metrics.gateway_calls.time(waited_s, self.provider, outcome)
            self._metrics.gateway_added.time(max(0.0, added_s), self.provider)

        return _Call(self._inner.open(request), self._clock, note)


class _Call(AbstractAsyncContextManager[RelayAnswer | ModelFailure]):
    """Times one call, and notes at its end how long the provider was waited for, and the outcome.

    A class, since a generator of one's own would take three times as long for every call.
    """

    def __init__(
        self,
        call: AbstractAsyncContextManager[RelayAnswer | ModelFailure],
        clock: Clock,
        note: Callable[[float, str], None],
    ) -> None:
        self._call = call
        self._clock = clock
        self._note = note
        self._since: float | None = clock.monotonic()
        self._waited_s = 0.0
        self._outcome = "abandoned"

    async def __aenter__(self) -> RelayAnswer | ModelFailure:
        """The answer; it is noted how long its chunks are waited for."""
        try:
            answer = await self._call.__aenter__()
        except BaseException:
            self._end()
            raise
        self.came()
        self._outcome = _outcome(answer)
        if isinstance(answer, ModelFailure):
            return answer
        chunks = _Chunks(answer.chunks.__aiter__(), self)
        return RelayAnswer(answer.status, answer.headers, chunks)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        """The call is over, and noted."""
        try:
            return await self._call.__aexit__(kind, error, trace)
        finally:
            self._end()

    def wait(self) -> None:
        """The provider is waited for."""
        self._since = self._clock.monotonic()

    def came(self) -> None:
        """What was waited for has come, if anything was, or is waited for no longer."""
        if self._since is not None:
            self._waited_s += self._clock.monotonic() - self._since
            self._since = None

    def broke(self, problem: RelayBroken) -> None:
        """The answer ended before it was whole."""
        is_silent = isinstance(problem, RelaySilent)
        self._outcome = (FailureKind.TIMEOUT if is_silent else FailureKind.BROKEN).value

    def _end(self) -> None:
        self.came()
        self._note(self._waited_s, self._outcome)


class _Chunks(AsyncIterator[bytes]):
    """What comes of an answer, the call noting how long it is waited for. A class as `_Call` is."""

    def __init__(self, chunks: AsyncIterator[bytes], call: _Call) -> None:
        self._chunks = chunks
        self._call = call

    async def __anext__(self) -> bytes:
        """The next of them."""
        self._call.wait()
        try:
            return await self._chunks.__anext__()
        except RelayBroken as problem:
            self._call.broke(problem)
            raise
        finally:
            self._call.came()


def _outcome(answer: RelayAnswer | ModelFailure) -> str:
    if isinstance(answer, ModelFailure):
        return outcome_of(answer)
    if answer.status == 429:
        return "rate_limited"
    return "answered" if answer.status < 400 else "refused"
