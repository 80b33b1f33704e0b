"""How many calls and tokens a provider gets a minute: as many as its operator says, evenly."""

import asyncio
from typing import Protocol

from evald.adapters.models.pace import Pace
from evald.domain.backoff import DEADLINE_EXCEEDED
from evald.domain.conversation.reading import tokens
from evald.ports.clock import Clock
from evald.ports.model import FailureKind, ModelAnswer, ModelClient, ModelFailure, ModelRequest

MINUTE_S = 60.0

LOOK_AGAIN_S = 1.0
"""How often whoever is next looks whether answers have cost less than was expected."""

BURST_S = 1.0
"""What was not used for a while may come at once, but no more of it than of so many seconds."""

SMOOTHING = 0.1
"""How much the latest answer counts in what a call is expected to cost."""

FIRST_TOKENS = 500.0
"""What a call is expected to cost before any was answered."""


class SharedClient(ModelClient, Protocol):
    """A model client whose limit several processes share."""

    @property
    def share(self) -> int:
        """How many calls this process may make at once."""
        ...

    def take_share(self, workers: int) -> None:
        """This process takes its part, of so many."""
        ...


class PacedModel:
    """Lets calls through to another client at the pace that the provider admits.

    A call waits for its turn in requests and in tokens. What it will cost in tokens is what calls
    have cost of late; the difference is made good once its answer says. Several processes take
    equal parts. One of these per provider, used within one event loop.

    Source: "virtual scheduling" of the generic cell rate algorithm, ITU-T I.371 (1993), annex A.
    """

    def __init__(self, inner: SharedClient, clock: Clock, pace: Pace) -> None:
        """Asks this client, at this pace."""
        self._inner = inner
        self._clock = clock
        self._requests = _Meter(pace.requests_per_minute)
        self._tokens = _Meter(pace.tokens_per_minute)
        self._is_paced = pace != Pace()
        self._expected = FIRST_TOKENS
        self._queue = asyncio.Lock()

    @property
    def share(self) -> int:
        """How many calls this process may make at once."""
        return self._inner.share

    def take_share(self, workers: int) -> None:
        """This process takes its part of what the provider admits, of so many processes."""
        self._inner.take_share(workers)
        self._requests.workers = self._tokens.workers = workers

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        """What the inner client answers; a timeout where the call's turn comes too late."""
        if not self._is_paced:
            return await self._inner.ask(request)
        try:
            async with asyncio.timeout(request.deadline - self._clock.monotonic()):
                expected = await self._turn(request.deadline)
        except TimeoutError:
            return _late(request)
        outcome = await self._inner.ask(request)
        self._settle(outcome, expected)
        return outcome

    async def _turn(self, deadline: float) -> float:
        """What the call is expected to cost, which is taken; returns when its turn has come.

        Raises:
            TimeoutError: it will come too late.
        """
        # Two that wait at once would both count on the same moment; and what the first learns of
        # costs while it waits is to hold for the second.
        async with self._queue:
            while True:
                now, expected = self._clock.monotonic(), self._expected
                wait_s = max(self._requests.wait_s(1, now), self._tokens.wait_s(expected, now))
                if wait_s <= 0:
                    self._requests.take(1, now)
                    self._tokens.take(expected, now)
                    return expected
                if now + wait_s >= deadline:
                    raise TimeoutError
                await self._clock.sleep(min(wait_s, LOOK_AGAIN_S))

    def _settle(self, outcome: ModelAnswer | ModelFailure, expected: float) -> None:
        if not isinstance(outcome, ModelAnswer):
            return
        cost = tokens(outcome.body).total_tokens
        self._expected += SMOOTHING * (cost - self._expected)
        self._tokens.give_back(expected - cost)


class _Meter:
    """When the next unit may come, so that no more come than a minute admits."""

    def __init__(self, per_minute: int | None) -> None:
        self._per_minute = per_minute
        self._free_at = 0.0
        self.workers = 1

    def wait_s(self, units: float, now: float) -> float:
        """Seconds until so many may come; 0 where they may come now."""
        if self._per_minute is None:
            return 0.0
        # More than a burst at once would never have its turn.
        slack = max(BURST_S, self._seconds(units))
        return max(0.0, self._free_at + self._seconds(units) - slack - now)

    def take(self, units: float, now: float) -> None:
        """So many come at their turn."""
        if self._per_minute is not None:
            self._free_at = max(self._free_at, now) + self._seconds(units)

    def give_back(self, units: float) -> None:
        """So many did not come after all; less than none where more did."""
        if self._per_minute is not None:
            self._free_at -= self._seconds(units)

    def _seconds(self, units: float) -> float:
        return units * MINUTE_S * self.workers / (self._per_minute or 1)


def _late(request: ModelRequest) -> ModelFailure:
    return ModelFailure(
        FailureKind.TIMEOUT,
        DEADLINE_EXCEEDED,
        "The time of the call ran out before the pace that its provider is asked at let it ask "
        f"the model '{request.model}'.",
    )
