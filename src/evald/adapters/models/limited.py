"""How many calls a provider gets at once: at most so many, fewer after it asked for fewer."""

import asyncio
from collections import deque

from evald.adapters.models.retrying import retry_of
from evald.domain.backoff import DEADLINE_EXCEEDED, Retry, RetryPolicy, granted_s
from evald.ports.clock import Clock
from evald.ports.model import FailureKind, ModelAnswer, ModelClient, ModelFailure, ModelRequest


class LimitedModel:
    """Lets at most `max_concurrency` calls through to another model client, first come first go.

    A 429 halves that number, once for all the calls that were sent before the halving; each full
    round of answers adds one again (additive increase, multiplicative decrease, as in TCP). While
    a provider's Retry-After runs, nobody is let through. One of these per provider, used within
    one event loop.

    Source: V. Jacobson, "Congestion Avoidance and Control", SIGCOMM 1988.
    """

    def __init__(
        self, inner: ModelClient, max_concurrency: int, clock: Clock, *, policy: RetryPolicy
    ) -> None:
        self._inner = inner
        self._whole = max_concurrency
        self._max = max_concurrency
        self._clock = clock
        self._policy = policy
        self._limit = max_concurrency
        self._under_way = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._pause: asyncio.TimerHandle | None = None
        self._halvings = 0
        self._answers = 0  # since the limit last changed
        self._rate_limit: ModelFailure | None = None  # why the limit is below its maximum

    @property
    def limit(self) -> int:
        """How many calls are let through at once now."""
        return self._limit

    @property
    def share(self) -> int:
        """How many calls are let through at once at most, of what the provider admits."""
        return self._max

    def take_share(self, workers: int) -> None:
        """This process takes its part of what the provider admits, at least 1, as of now.

        Args:
            workers: how many processes ask the provider, this one included.
        """
        was_full = self._limit == self._max
        self._max = max(1, self._whole // workers)
        if was_full or self._limit > self._max:
            self._limit = self._max
            self._answers = 0
        self._hand_on()

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        """What the inner client answers.

        Where the deadline passes before the call's turn: the provider's last 429, if that is why
        it had to wait, and otherwise a timeout of code `deadline_exceeded`.
        """
        if self._is_open():  # and so nobody waits: whoever opens it hands on until it is not
            self._under_way += 1
        elif not await self._gets_turn(request.deadline):
            return self._rate_limit or _late(request)
        halvings = self._halvings
        try:
            outcome = await self._inner.ask(request)
            # Before the slot is handed on: whoever gets it must know of the pause.
            self._learn(outcome, sent_after=halvings)
            return outcome
        finally:
            self._under_way -= 1
            self._hand_on()

    def _is_open(self) -> bool:
        return self._under_way < self._limit and self._pause is None

    async def _gets_turn(self, deadline: float) -> bool:
        """Whether the call's turn has come, and so a slot was taken, before the deadline."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        taken = False
        try:
            async with asyncio.timeout(deadline - self._clock.monotonic()):
                await turn
            taken = True
        except TimeoutError:
            pass
        finally:
            if not taken:
                self._give_back(turn)
        return taken

    def _give_back(self, turn: asyncio.Future[None]) -> None:
        # The turn may have come in the very moment in which nobody wanted it any more.
        if turn.done() and not turn.cancelled():
            self._under_way -= 1
            self._hand_on()
        turn.cancel()

    def _hand_on(self) -> None:
        while self._waiting and self._is_open():
            turn = self._waiting.popleft()
            if not turn.done():
                self._under_way += 1
                turn.set_result(None)

    def _learn(self, outcome: ModelAnswer | ModelFailure, *, sent_after: int) -> None:
        """Draws the conclusion from what came of a call that was sent after so many halvings."""
        if isinstance(outcome, ModelAnswer):
            if self._limit < self._max and sent_after == self._halvings:
                self._grow()
        elif retry_of(outcome) is Retry.WHEN_LET:
            self._rate_limit = outcome
            if sent_after == self._halvings:
                self._halvings += 1
                self._answers = 0
                self._limit = max(1, self._limit // 2)
            if outcome.retry_after_s is not None:
                self._pause_for(granted_s(outcome.retry_after_s, policy=self._policy))

    def _grow(self) -> None:
        self._answers += 1
        if self._answers >= self._limit:
            self._answers = 0
            self._limit += 1
            if self._limit == self._max:
                self._rate_limit = None

    def _pause_for(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        if self._pause is not None:
            if self._pause.when() >= until:
                return
            self._pause.cancel()
        self._pause = loop.call_at(until, self._resume)

    def _resume(self) -> None:
        self._pause = None
        self._hand_on()


def _late(request: ModelRequest) -> ModelFailure:
    return ModelFailure(
        FailureKind.TIMEOUT,
        DEADLINE_EXCEEDED,
        f"The time of the call ran out before it was its turn to ask the model '{request.model}'.",
    )
