"""How many calls a provider gets at once: at most so many, fewer after it asked for fewer."""

import asyncio
from collections import deque

from evald.adapters.models.retrying import retry_of
from evald.domain.backoff import DEADLINE_EXCEEDED, Retry, RetryPolicy, granted_s
from evald.ports.clock import Clock
from evald.ports.model import FailureKind, ModelAnswer, ModelClient, ModelFailure, ModelRequest

FIRST_CALLS = 16
OPENING_S = 0.05
"""How many calls are let through at once at first, and after how many seconds twice as many, as
long as nothing is refused: a refusal comes sooner than an answer.
"""

ROUND = 20
"""So many answers at least count as a round: of a few calls at once, one more is a great deal."""

BEYOND = 1.25
"""So far beyond where it was last refused, the provider seems to admit more than it did."""

GENTLY = 0.9
HARD = 0.7
"""What is left of the limit after a refusal: the first where most calls were answered before it,
so that the limit is near what the provider admits; the second where most were not.
"""

IN_VAIN = 3
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 8.0
"""After how many refusals without any answer between them nobody is let through for a while, and
for how long, if the provider does not say: doubled each time.
"""


class LimitedModel:
    """Lets at most `max_concurrency` calls through to another model client, first come first go.

    It begins with 16 and, as long as nothing is refused, lets twice as many through every 50 ms. A
    429 takes the limit down, once for all the calls that were sent before; from then on each full
    round of answers, or 20 where that is more, adds one again (additive increase, multiplicative
    decrease, as in TCP); well beyond where it was last refused, a quarter of a round does. While
    a provider's Retry-After runs, nobody is let through; where it gives none and only refuses,
    pauses of our own grow. One of these per provider, used within one event loop.

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
        self._limit = min(max_concurrency, FIRST_CALLS)
        self._opening: asyncio.TimerHandle | None = None
        self._is_starting = self._limit < max_concurrency  # and nothing was refused yet
        self._under_way = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._pause: asyncio.TimerHandle | None = None
        self._cuts = 0
        self._cuts_in_vain = 0  # without an answer since
        self._cut_at = max_concurrency  # what the limit was when it last went down
        self._answers = 0  # since the limit last changed
        self._answers_since_cut = 0
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
        if self._is_starting and self._opening is None:
            self._open_up_later()
        if self._is_open():  # and so nobody waits: whoever opens it hands on until it is not
            self._under_way += 1
        elif not await self._gets_turn(request.deadline):
            return self._rate_limit or _late(request)
        cuts = self._cuts
        try:
            outcome = await self._inner.ask(request)
            # Before the slot is handed on: whoever gets it must know of the pause.
            self._learn(outcome, sent_after=cuts)
            return outcome
        finally:
            self._under_way -= 1
            self._hand_on()

    def _open_up_later(self) -> None:
        self._opening = asyncio.get_running_loop().call_later(OPENING_S, self._open_up)

    def _open_up(self) -> None:
        self._limit = min(self._max, 2 * self._limit)
        if self._limit < self._max:
            self._open_up_later()
        else:
            self._end_start()
        self._hand_on()

    def _end_start(self) -> None:
        self._is_starting = False
        if self._opening is not None:
            self._opening.cancel()

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
        """Draws the conclusion from what came of a call that was sent after so many cuts."""
        if isinstance(outcome, ModelAnswer):
            self._cuts_in_vain = 0
            self._answers_since_cut += 1
            if self._limit < self._max and sent_after == self._cuts:
                self._grow()
        elif retry_of(outcome) is Retry.WHEN_LET:
            self._rate_limit = outcome
            if sent_after == self._cuts:
                self._cut(outcome)
            if outcome.retry_after_s is not None:
                self._pause_for(granted_s(outcome.retry_after_s, policy=self._policy))

    def _cut(self, refusal: ModelFailure) -> None:
        """The limit goes down; after refusals in vain, nobody is let through for a while."""
        is_near = self._answers_since_cut * 2 >= self._limit
        self._answers_since_cut = 0
        self._cuts += 1
        self._cuts_in_vain += 1
        self._end_start()
        self._cut_at = self._limit
        self._answers = 0
        self._limit = max(1, min(self._limit - 1, int(self._limit * (GENTLY if is_near else HARD))))
        in_vain = self._cuts_in_vain - IN_VAIN
        if in_vain >= 0 and refusal.retry_after_s is None:
            self._pause_for(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(in_vain, 10)))

    def _grow(self) -> None:
        self._answers += 1
        if self._answers >= self._round():
            self._answers = 0
            self._limit += 1
        if self._limit == self._max:
            self._rate_limit = None

    def _round(self) -> int:
        """How many answers it takes for one more call at once."""
        if self._limit > BEYOND * self._cut_at:
            return max(ROUND // 4, self._limit // 4)
        return max(ROUND, self._limit)

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
