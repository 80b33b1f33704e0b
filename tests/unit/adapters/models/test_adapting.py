"""How near calls come to what a provider admits, and how few are refused; ours."""

import asyncio
import random
from collections.abc import Iterator

import pytest

from evald.adapters.models.limited import LimitedModel
from evald.adapters.models.retrying import RetryingModel
from evald.domain.backoff import RetryPolicy
from evald.ports.model import FailureKind, ModelAnswer, ModelFailure, ModelRequest
from tests.support.virtual_time import LoopClock, run_in_virtual_time

FAR = 1e9
REFUSED_S = 0.02


class Admitting:
    """Admits so many calls at once and so many a minute, evenly. Fulfils `ModelClient`."""

    def __init__(
        self, *, at_once: int, per_minute: int, latency_s: float, retry_after_s: float | None
    ) -> None:
        self.at_once = at_once
        self.per_minute = per_minute
        self._latency_s = latency_s
        self._retry_after_s = retry_after_s
        self._under_way = 0
        self._tokens = per_minute / 60
        self._seen_at = 0.0
        self._chance = random.Random(1)
        self.answered: list[float] = []
        self.refused: list[float] = []

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        """An answer after about the latency, or a 429 at once."""
        now = asyncio.get_running_loop().time()
        if not self._admits(now):
            self.refused.append(now)
            await asyncio.sleep(REFUSED_S)
            return ModelFailure(
                FailureKind.REFUSED,
                "rate_limit_exceeded",
                "Slow down.",
                status=429,
                retry_after_s=self._retry_after_s,
            )
        self.answered.append(now)
        self._under_way += 1
        try:
            await asyncio.sleep(self._latency_s * self._chance.uniform(0.7, 1.3))
        finally:
            self._under_way -= 1
        return ModelAnswer({}, self._latency_s)

    def _admits(self, now: float) -> bool:
        each_second = self.per_minute / 60
        self._tokens = min(each_second, self._tokens + (now - self._seen_at) * each_second)
        self._seen_at = now
        if self._under_way >= self.at_once or self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def ideal(self, seconds: float) -> float:
        """As many calls as could be answered in that time."""
        return min(self.at_once / self._latency_s, self.per_minute / 60) * seconds


async def keep_asking(provider: Admitting, *, until: float, doubling_at: float) -> None:
    """Asks as a large run does, which always has more rows than are let through."""
    clock, policy = LoopClock(), RetryPolicy()
    limited = LimitedModel(provider, 64, clock, policy=policy)
    client = RetryingModel(limited, policy, clock)
    window = asyncio.Semaphore(128)

    async def ask() -> None:
        await client.ask(ModelRequest("chat_completions", "m", {}, FAR))
        window.release()

    def double() -> None:
        provider.at_once *= 2
        provider.per_minute *= 2

    loop = asyncio.get_running_loop()
    loop.call_at(doubling_at, double)
    tasks = set()
    while loop.time() < until:
        await window.acquire()
        task = asyncio.create_task(ask())
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    for task in [*tasks]:
        task.cancel()


def shares(provider: Admitting, *, since: float, until: float) -> Iterator[float]:
    """Which part of the ideal was answered, and which part of the calls refused."""
    answered = sum(since <= each < until for each in provider.answered)
    refused = sum(since <= each < until for each in provider.refused)
    yield answered / provider.ideal(until - since)
    yield refused / (answered + refused)


@pytest.mark.parametrize("latency_s", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("retry_after_s", [None, 1.0])
def test_what_a_provider_admits_is_found_within_a_minute(
    latency_s: float, retry_after_s: float | None
) -> None:
    provider = Admitting(
        at_once=20, per_minute=600, latency_s=latency_s, retry_after_s=retry_after_s
    )
    run_in_virtual_time(keep_asking(provider, until=60, doubling_at=FAR))

    _, refused = shares(provider, since=0, until=60)
    near, _ = shares(provider, since=30, until=60)

    assert near >= 0.85
    assert refused < 0.05


@pytest.mark.parametrize("latency_s", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("retry_after_s", [None, 1.0])
def test_that_it_admits_twice_as_much_is_found_within_a_minute(
    latency_s: float, retry_after_s: float | None
) -> None:
    provider = Admitting(
        at_once=20, per_minute=600, latency_s=latency_s, retry_after_s=retry_after_s
    )
    run_in_virtual_time(keep_asking(provider, until=240, doubling_at=120))

    near, refused = shares(provider, since=180, until=240)

    assert near >= 0.85
    assert refused < 0.05
