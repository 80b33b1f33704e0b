"""Shares of what providers admit, as workers come and go. Rests on: ours."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from evald.engine.context import EngineContext
from evald.engine.heartbeat import JOIN_S, Heartbeat
from evald.ports.workers import WorkerCard
from tests.support.instant_clock import InstantClock


async def nobody_recovers(worker_id: str) -> None:
    pass


@dataclass
class Process:
    """A worker: its heart, what it slept, and the shares it was told of."""

    context: EngineContext
    id: str
    clock: InstantClock = field(default_factory=InstantClock)
    workers: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.heart = Heartbeat(
            WorkerCard(self.id, host="here", process_id=1),
            self.context.store,
            self.clock,
            recover=nobody_recovers,
            share=self.workers.append,
        )


async def test_a_newcomer_asks_nobody_until_the_others_have_made_room(
    context: EngineContext,
) -> None:
    one, two = Process(context, "one"), Process(context, "two")
    await one.heart.join()
    await two.heart.join()
    await one.heart.look()

    assert one.clock.slept == []
    assert two.clock.slept == [JOIN_S]
    assert one.workers == [1, 2]


async def test_who_starts_again_is_reckoned_with_and_need_not_wait(context: EngineContext) -> None:
    one, two = Process(context, "one"), Process(context, "two")
    await one.heart.join()
    await two.heart.join()
    again = Process(context, "two")

    await again.heart.join()

    assert again.clock.slept == []
    assert again.workers[-1] == 2


async def test_whoever_leaves_makes_room_for_the_others(context: EngineContext) -> None:
    one, two = Process(context, "one"), Process(context, "two")
    await one.heart.join()
    await two.heart.join()
    await one.heart.look()
    await two.heart.end()
    await one.heart.look()

    assert one.workers == [1, 2, 1]


@pytest.mark.parametrize("awake", [Heartbeat.look, Heartbeat.beat])
async def test_one_that_is_taken_for_dead_counts_itself(
    context: EngineContext, awake: Callable[[Heartbeat], Awaitable[None]]
) -> None:
    one, two = Process(context, "one"), Process(context, "two")
    await one.heart.join()
    await two.heart.join()
    async with context.store.transaction() as tx:
        await tx.workers.remove("two", silent_s=-1)

    await awake(two.heart)

    assert two.workers[-1] == 2
