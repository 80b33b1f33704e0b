"""How many requests a hosted API gets at once: at most so many, fewer after it asked for fewer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from evald.domain.backoff import RetryPolicy, granted_s
from evald.ports.clock import Clock
from evald.ports.hosted import Fetched, HostedApi, HostedRequest, Refused, Sink


class LimitedApi:
    """Lets at most `most` requests through to another API.

    A 429 halves that number, once for all the requests that were sent before the halving; each
    full round of answers adds one again. While the server wants to be left alone, nobody is let
    through. As `evald.adapters.models.limited`, without its deadlines.

    Source: V. Jacobson, "Congestion Avoidance and Control", SIGCOMM 1988.
    """

    def __init__(self, inner: HostedApi, most: int, clock: Clock, *, policy: RetryPolicy) -> None:
        self._inner = inner
        self._most = most
        self._clock = clock
        self._policy = policy
        self._limit = most
        self._under_way = 0
        self._halvings = 0
        self._answers = 0  # since the limit last changed
        self._closed_until = 0.0
        self._left = asyncio.Condition()

    @property
    def limit(self) -> int:
        """How many requests are let through at once now."""
        return self._limit

    async def get(self, request: HostedRequest, sink: Sink | None = None) -> Fetched | Refused:
        """What the inner API answers."""
        async with self._turn():
            halvings = self._halvings
            outcome = await self._inner.get(request, sink)
            self._learn(outcome, sent_after=halvings)
            return outcome

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        while True:
            async with self._left:
                await self._left.wait_for(lambda: self._under_way < self._limit)
                closed_s = self._closed_until - self._clock.monotonic()
                if closed_s <= 0:
                    self._under_way += 1
                    break
            await self._clock.sleep(closed_s)
        try:
            yield
        finally:
            self._under_way -= 1
            async with self._left:
                self._left.notify_all()

    def _learn(self, outcome: Fetched | Refused, *, sent_after: int) -> None:
        if sent_after == self._halvings:
            if isinstance(outcome, Fetched):
                self._grow()
            elif outcome.status == 429:
                self._halvings += 1
                self._answers = 0
                self._limit = max(1, self._limit // 2)
        if outcome.wait_s is not None:
            until = self._clock.monotonic() + granted_s(outcome.wait_s, policy=self._policy)
            self._closed_until = max(self._closed_until, until)

    def _grow(self) -> None:
        self._answers += 1
        if self._answers >= self._limit < self._most:
            self._answers = 0
            self._limit += 1
