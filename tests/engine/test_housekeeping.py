"""Housekeeping of logs: what is too old or too much goes, in batches. Ours."""

from dataclasses import replace

import pytest

from evald.engine.context import EngineContext, LogLimits
from evald.engine.housekeeping import DELETED_LOGS, Housekeeping
from evald.ports.kept import StoredLog
from tests.support.instant_clock import NOW, InstantClock
from tests.support.kept_logs import PROJECT, completion

DAY_S = 86_400


def limited(context: EngineContext, **limits: int) -> Housekeeping:
    """Housekeeping by these limits, at the time of the instant clock."""
    return Housekeeping(replace(context, clock=InstantClock(), log_limits=LogLimits(**limits)))


async def keep(context: EngineContext, *logs: StoredLog) -> None:
    async with context.store.transaction() as tx:
        assert all(await tx.logs.insert(logs))


async def left(context: EngineContext, *logs: StoredLog) -> list[bool]:
    """Whether each of these logs is still there."""
    async with context.store.snapshot() as tx:
        return [await tx.logs.find(log.id) is not None for log in logs]


async def test_without_limits_logs_stay(context: EngineContext) -> None:
    log = completion("?", "!", created=0)
    await keep(context, log)

    await limited(context).clear()

    assert await left(context, log) == [True]


async def test_logs_that_are_too_old_go(context: EngineContext) -> None:
    logs = [completion("?", "!", created=NOW - DAY_S + shift) for shift in (-1, 0, 1)]
    await keep(context, *logs)

    await limited(context, max_age_s=DAY_S).clear()

    assert await left(context, *logs) == [False, True, True]


@pytest.mark.parametrize("count", [DELETED_LOGS, 2 * DELETED_LOGS + 1])
async def test_all_that_are_too_old_go_however_many(context: EngineContext, count: int) -> None:
    logs = [completion("?", "!", created=number) for number in range(count)]
    await keep(context, *logs)

    await limited(context, max_age_s=DAY_S).clear()

    assert not any(await left(context, *logs))


async def test_of_too_many_bytes_the_oldest_of_each_project_go(context: EngineContext) -> None:
    def some(project: str) -> list[StoredLog]:
        answer = "x" * 1_000
        return [
            completion("?", answer, created=NOW + number, project_id=project)
            for number in range(DELETED_LOGS + 10)
        ]

    mine, theirs = some(PROJECT), some("proj_other")
    few = completion("?", "!", created=0, project_id="proj_small")
    await keep(context, *mine, *theirs, few)

    await limited(context, max_bytes=4_000).clear()

    kept = [False] * (DELETED_LOGS + 8) + [True] * 2
    assert await left(context, *mine) == kept
    assert await left(context, *theirs) == kept
    assert await left(context, few) == [True]
