"""How many calls and tokens go out a minute; ours."""

import asyncio

import pytest

from evald.adapters.models.pace import Pace
from evald.adapters.models.paced import FIRST_TOKENS, PacedModel
from evald.ports.model import FailureKind, ModelAnswer, ModelFailure, ModelRequest
from tests.support.virtual_time import LoopClock, run_in_virtual_time

FAR = 1e9


class Provider:
    """Answers after a second, at a cost in tokens, and notes when. Fulfils `SharedClient`."""

    share = 64

    def __init__(self, cost: int = 0) -> None:
        self.cost = cost
        self.asked_at: list[float] = []

    def take_share(self, workers: int) -> None:
        self.share = 64 // workers

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        self.asked_at.append(asyncio.get_running_loop().time())
        await asyncio.sleep(1)
        return ModelAnswer({"usage": {"total_tokens": self.cost}}, 1.0)


def asked(deadline: float = FAR) -> ModelRequest:
    return ModelRequest("chat_completions", "m", {}, deadline)


def times(pace: Pace, *, calls: int, cost: int = 0, workers: int = 1) -> list[float]:
    """When so many calls, made at once, went out."""
    provider = Provider(cost)

    async def ask_all() -> None:
        model = PacedModel(provider, LoopClock(), pace)
        model.take_share(workers)
        async with asyncio.TaskGroup() as group:
            for _ in range(calls):
                group.create_task(model.ask(asked()))

    run_in_virtual_time(ask_all())
    return provider.asked_at


def test_without_a_pace_all_go_at_once() -> None:
    assert times(Pace(), calls=100) == [0.0] * 100


def test_requests_go_out_evenly_after_a_burst_of_a_second() -> None:
    found = times(Pace(requests_per_minute=600), calls=100)

    assert found[:10] == pytest.approx([0.0] * 10)
    assert found[10:] == pytest.approx([(n - 9) / 10 for n in range(10, 100)])


def test_in_no_minute_more_go_out_than_a_minute_and_a_burst() -> None:
    found = times(Pace(requests_per_minute=60), calls=200)

    for at in found:
        assert sum(at <= other < at + 60 for other in found) <= 61


def test_a_slow_pace_goes_on_too() -> None:
    assert times(Pace(requests_per_minute=1), calls=3) == pytest.approx([0.0, 60.0, 120.0])


def test_workers_share_the_pace() -> None:
    assert times(Pace(requests_per_minute=60), calls=3, workers=2) == pytest.approx([0, 2, 4])


def test_tokens_are_reckoned_by_what_calls_have_cost() -> None:
    """6,000 a minute at 100 a call are one call a second, once that is known."""
    found = times(Pace(tokens_per_minute=6_000), calls=200, cost=100)
    late = [at for at in found if at > found[-1] - 60]

    assert len(late) == pytest.approx(60, abs=6)


def test_a_call_that_cost_less_than_expected_gives_the_rest_back() -> None:
    provider = Provider(cost=0)

    async def ask_one_by_one() -> None:
        model = PacedModel(provider, LoopClock(), Pace(tokens_per_minute=int(FIRST_TOKENS)))
        for _ in range(3):
            await model.ask(asked())

    run_in_virtual_time(ask_one_by_one())

    assert provider.asked_at == [0, 1, 2]


def test_whose_turn_comes_after_its_deadline_is_told_at_once() -> None:
    async def ask() -> tuple[ModelAnswer | ModelFailure, float]:
        model = PacedModel(Provider(), LoopClock(), Pace(requests_per_minute=1))
        await model.ask(asked())
        outcome = await model.ask(asked(deadline=30))
        return outcome, asyncio.get_running_loop().time()

    outcome, at = run_in_virtual_time(ask())

    assert isinstance(outcome, ModelFailure)
    assert (outcome.kind, outcome.code) == (FailureKind.TIMEOUT, "deadline_exceeded")
    assert at == 1


def test_whoever_is_canceled_while_it_waits_leaves_its_turn_to_others() -> None:
    provider = Provider()

    async def ask() -> None:
        model = PacedModel(provider, LoopClock(), Pace(requests_per_minute=1))
        await model.ask(asked())
        waiting = asyncio.create_task(model.ask(asked()))
        await asyncio.sleep(10)
        waiting.cancel()
        await asyncio.wait([waiting])
        await model.ask(asked())

    run_in_virtual_time(ask())

    assert provider.asked_at == pytest.approx([0, 60])
