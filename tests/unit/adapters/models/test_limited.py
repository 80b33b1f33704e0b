import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.adapters.models.limited import LimitedModel
from evald.domain.backoff import RetryPolicy
from evald.ports.model import FailureKind, ModelAnswer, ModelFailure, ModelRequest
from tests.support.virtual_time import LoopClock, run_in_virtual_time

RATE_LIMIT = ModelFailure(FailureKind.REFUSED, "rate_limit_exceeded", "Slow down.", status=429)
PAUSE = ModelFailure(
    FailureKind.REFUSED, "rate_limit_exceeded", "Slow down.", status=429, retry_after_s=30.0
)
BLINK = ModelFailure(
    FailureKind.REFUSED, "rate_limit_exceeded", "Slow down.", status=429, retry_after_s=1.0
)
NO_QUOTA = ModelFailure(
    FailureKind.REFUSED, "insufficient_quota", "Pay.", status=429, retry_after_s=30.0
)
HICCUP = ModelFailure(FailureKind.REFUSED, "server_error", "Oops.", status=500)
ANSWER = ModelAnswer({}, 0.0)
FAR = 100_000.0


@dataclass(slots=True)
class Provider:
    """Answers a request by its model's name: `<seconds> <outcome>`. Fulfils `ModelClient`."""

    under_way: int = 0
    most: int = 0
    begun: list[tuple[float, str]] = field(default_factory=list)

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        seconds, _, outcome = request.model.partition(" ")
        self.begun.append((asyncio.get_running_loop().time(), outcome))
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            await asyncio.sleep(float(seconds))
        finally:
            self.under_way -= 1
        outcomes = {
            "429": RATE_LIMIT,
            "pause": PAUSE,
            "blink": BLINK,
            "quota": NO_QUOTA,
            "500": HICCUP,
        }
        return outcomes.get(outcome, ANSWER)


def limited(max_concurrency: int) -> tuple[LimitedModel, Provider]:
    provider = Provider()
    policy = RetryPolicy()
    return LimitedModel(provider, max_concurrency, LoopClock(), policy=policy), provider


def asking(
    client: LimitedModel, model: str = "1 ok", *, deadline: float = FAR
) -> Coroutine[Any, Any, ModelAnswer | ModelFailure]:
    return client.ask(ModelRequest("chat_completions", model, {}, deadline))


async def all_of(client: LimitedModel, *models: str) -> list[ModelAnswer | ModelFailure]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(asking(client, model)) for model in models]
    return [task.result() for task in tasks]


def test_so_many_calls_are_let_through_at_once_and_no_more() -> None:
    async def ask() -> tuple[int, float]:
        client, provider = limited(3)
        await all_of(client, *["1 ok"] * 10)
        return provider.most, asyncio.get_running_loop().time()

    assert run_in_virtual_time(ask()) == (3, 4.0)


def test_who_comes_first_goes_first() -> None:
    names = [f"1 call-{n}" for n in range(20)]

    async def ask() -> list[str]:
        client, provider = limited(2)
        await all_of(client, *names)
        return [name for _, name in provider.begun]

    assert run_in_virtual_time(ask()) == [name.removeprefix("1 ") for name in names]


def test_a_newcomer_does_not_overtake_those_who_wait() -> None:
    async def ask() -> list[str]:
        client, provider = limited(1)
        async with asyncio.TaskGroup() as group:
            first = group.create_task(asking(client, "1 first"))
            group.create_task(asking(client, "1 second"))
            await first
            # The slot of the first is handed on in the same moment in which the third comes.
            group.create_task(asking(client, "1 third"))
        return [name for _, name in provider.begun]

    assert run_in_virtual_time(ask()) == ["first", "second", "third"]


def test_who_is_canceled_in_the_moment_of_its_turn_hands_it_on() -> None:
    async def ask() -> list[str]:
        client, provider = limited(1)

        async def first() -> None:
            await asking(client, "1 first")
            second.cancel()  # which has the slot by now, and does not know it yet

        async with asyncio.TaskGroup() as group:
            group.create_task(first())
            second = group.create_task(asking(client, "1 second"))
            group.create_task(asking(client, "1 third"))
        return [name for _, name in provider.begun]

    assert run_in_virtual_time(ask()) == ["first", "third"]


def test_a_429_takes_the_limit_down() -> None:
    async def ask() -> list[int]:
        client, _ = limited(9)
        limits = []
        for _ in range(5):
            await asking(client, "1 429")
            limits.append(client.limit)
        return limits

    assert run_in_virtual_time(ask()) == [6, 4, 2, 1, 1]


def test_calls_sent_before_a_cut_do_not_cut_again() -> None:
    async def ask() -> list[int]:
        client, _ = limited(16)
        await all_of(client, *["1 429"] * 16)
        once = client.limit
        await asking(client, "1 429")
        return [once, client.limit]

    assert run_in_virtual_time(ask()) == [11, 7]


@pytest.mark.parametrize("outcome", ["quota", "500"])
def test_other_failures_leave_the_limit_alone(outcome: str) -> None:
    async def ask() -> tuple[int, float]:
        client, _ = limited(8)
        await asking(client, f"1 {outcome}")
        await asking(client)
        return client.limit, asyncio.get_running_loop().time()

    assert run_in_virtual_time(ask()) == (8, 2.0)


def test_a_round_of_answers_adds_one_up_to_the_maximum() -> None:
    """From 2 on, where 4 were refused: 20 answers make it 3, and 20 more 4, the maximum."""

    async def ask() -> list[int]:
        client, _ = limited(4)
        await asking(client, "1 429")
        limits = []
        for _ in range(60):
            await asking(client)
            limits.append(client.limit)
        return limits

    assert run_in_virtual_time(ask()) == [2] * 19 + [3] * 20 + [4] * 21


def test_answers_to_calls_sent_before_a_cut_do_not_add() -> None:
    async def ask() -> int:
        client, _ = limited(4)
        await all_of(client, "1 429", "2 ok", "2 ok", "2 ok")
        return client.limit

    assert run_in_virtual_time(ask()) == 2


def test_a_cut_begins_the_round_anew() -> None:
    async def ask() -> list[int]:
        client, _ = limited(8)
        await asking(client, "1 429")
        await all_of(client, *["1 ok"] * 19)
        await asking(client, "1 429")
        limits = [client.limit]
        for _ in range(20):
            await asking(client)
            limits.append(client.limit)
        return limits

    assert run_in_virtual_time(ask()) == [4] * 20 + [5]


def test_where_most_are_answered_a_refusal_takes_a_tenth() -> None:
    async def ask() -> list[int]:
        client, _ = limited(16)
        await all_of(client, *["1 ok"] * 8)
        await asking(client, "1 429")
        limits = [client.limit]
        await asking(client, "1 429")
        return [*limits, client.limit]

    assert run_in_virtual_time(ask()) == [14, 9]


def test_as_long_as_nothing_is_refused_twice_as_many_go_every_50_ms() -> None:
    async def ask() -> list[tuple[float, int]]:
        client, provider = limited(100)
        await all_of(client, *["1 ok"] * 100)
        begun = [round(began, 3) for began, _ in provider.begun]
        return [(moment, begun.count(moment)) for moment in sorted(set(begun))]

    assert run_in_virtual_time(ask()) == [(0, 16), (0.05, 16), (0.1, 32), (0.15, 36)]


def test_the_first_refusal_ends_the_opening() -> None:
    async def ask() -> int:
        client, provider = limited(100)
        await all_of(client, "0.01 429", *["1 ok"] * 50)
        return sum(began < 1 for began, _ in provider.begun)

    assert run_in_virtual_time(ask()) == 16


def test_who_only_refuses_is_left_alone_for_longer_and_longer() -> None:
    async def ask() -> list[float]:
        client, provider = limited(1)
        for _ in range(9):
            await asking(client, "0 429")
        return [began for began, _ in provider.begun]

    # The first three at once; then after 0.5, 1, 2, 4, 8 and 8 seconds.
    assert run_in_virtual_time(ask()) == [0, 0, 0, 0.5, 1.5, 3.5, 7.5, 15.5, 23.5]


def test_while_retry_after_runs_nobody_is_let_through() -> None:
    async def ask() -> list[tuple[float, str]]:
        client, provider = limited(4)
        await all_of(client, "1 pause", "2 ok", *["1 later"] * 4)
        return provider.begun

    begun = run_in_virtual_time(ask())

    # At second 1 comes "30 seconds", which ends at 31; the limit is then 2.
    assert begun == [
        (0.0, "pause"),
        (0.0, "ok"),
        (0.0, "later"),
        (0.0, "later"),
        (31.0, "later"),
        (31.0, "later"),
    ]


def test_a_newcomer_waits_for_the_end_of_the_pause_too() -> None:
    async def ask() -> float:
        client, provider = limited(4)
        await asking(client, "1 pause")
        await asking(client)
        return provider.begun[-1][0]

    assert run_in_virtual_time(ask()) == 31.0


@pytest.mark.parametrize(("second", "end"), [("2 pause", 32.0), ("2 blink", 31.0)])
def test_of_two_pauses_the_one_that_ends_later_counts(second: str, end: float) -> None:
    async def ask() -> float:
        client, provider = limited(4)
        await all_of(client, "1 pause", second)
        await asking(client)
        return provider.begun[-1][0]

    assert run_in_virtual_time(ask()) == end


def test_who_waits_beyond_the_deadline_is_too_late() -> None:
    async def ask() -> tuple[ModelAnswer | ModelFailure, float]:
        client, _ = limited(1)
        async with asyncio.TaskGroup() as group:
            group.create_task(asking(client, "100 ok"))
            late = group.create_task(asking(client, deadline=5.0))
            outcome = await late
            return outcome, asyncio.get_running_loop().time()

    outcome, at = run_in_virtual_time(ask())

    assert isinstance(outcome, ModelFailure)
    assert (outcome.kind, outcome.code) == (FailureKind.TIMEOUT, "deadline_exceeded")
    assert at == 5.0


def test_who_waits_beyond_the_deadline_for_a_rate_limit_is_told_so() -> None:
    async def ask() -> ModelAnswer | ModelFailure:
        client, _ = limited(4)
        await asking(client, "1 pause")
        return await asking(client, deadline=5.0)

    assert run_in_virtual_time(ask()) == PAUSE


def test_a_rate_limit_that_was_outgrown_is_no_reason_any_more() -> None:
    async def ask() -> ModelAnswer | ModelFailure:
        client, _ = limited(2)
        await all_of(client, "1 429")
        await all_of(client, *["1 ok"] * 20)
        async with asyncio.TaskGroup() as group:
            for _ in range(2):
                group.create_task(asking(client, "100 ok"))
            return await group.create_task(asking(client, deadline=10.0))

    outcome = run_in_virtual_time(ask())

    assert isinstance(outcome, ModelFailure)
    assert outcome.code == "deadline_exceeded"


def test_an_exception_within_gives_the_slot_back() -> None:
    async def ask() -> int:
        client, provider = limited(1)
        with pytest.raises(ValueError, match="could not convert"):
            await asking(client, "soon ok")
        await asking(client)
        return len(provider.begun)

    assert run_in_virtual_time(ask()) == 2


Step = tuple[float, str, float | None]
"""How long a call takes and how it ends, and after how many seconds it is canceled, if ever."""

steps = st.tuples(
    st.sampled_from([0.0, 1.0, 2.0, 3.0]),
    st.sampled_from(["ok", "ok", "429", "pause", "500"]),
    st.sampled_from([None, None, 0.0, 1.0, 2.0, 31.0]),
)


@given(st.integers(1, 3), st.lists(steps, max_size=12), st.sampled_from([2.0, 40.0, FAR]))
def test_however_calls_end_no_slot_is_lost_and_none_is_won(
    max_concurrency: int, calls: list[Step], deadline: float
) -> None:
    """Cancellations, deadlines and grants meet in the same moment here, over and over."""

    async def ask() -> tuple[int, list[bool]]:
        client, provider = limited(max_concurrency)
        tasks = []
        for seconds, outcome, canceled_after in calls:
            task = asyncio.create_task(asking(client, f"{seconds} {outcome}", deadline=deadline))
            if canceled_after is not None:
                asyncio.get_running_loop().call_later(canceled_after, task.cancel)
            tasks.append(task)
        if tasks:
            await asyncio.wait(tasks)
        await asyncio.sleep(200.0)
        for _ in range(60):  # answers enough for the limit to be at its maximum again
            await asking(client)
        provider.most = 0
        ends = await all_of(client, *["1 ok"] * max_concurrency)
        return provider.most, [isinstance(end, ModelAnswer) for end in ends]

    most, answered = run_in_virtual_time(ask())

    assert most == max_concurrency
    assert answered == [True] * max_concurrency


def test_workers_share_what_a_provider_admits() -> None:
    async def work() -> list[int]:
        model, provider = limited(8)
        shares = []
        for workers in (1, 2, 3, 100, 1):
            model.take_share(workers)
            provider.most = 0
            async with asyncio.TaskGroup() as group:
                for _ in range(20):
                    group.create_task(asking(model, "1 ok"))
            shares.append(provider.most)
        return shares

    assert run_in_virtual_time(work()) == [8, 4, 2, 1, 8]


def test_a_larger_share_lets_those_who_wait_go_at_once() -> None:
    async def work() -> float:
        model, _ = limited(4)
        model.take_share(4)
        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(asking(model, "10 ok"))
            await asyncio.sleep(1)
            model.take_share(1)
        return asyncio.get_running_loop().time()

    assert run_in_virtual_time(work()) == 11


def test_a_share_taken_while_a_provider_asks_for_less_stays_less() -> None:
    async def work() -> int:
        model, _ = limited(16)
        await asking(model, "1 429")
        model.take_share(1)
        return model.limit

    assert run_in_virtual_time(work()) == 11
