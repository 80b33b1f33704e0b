"""However often a process is killed, its runs end as if it had never stopped. Ours."""

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.scene import (
    Work,
    begin,
    end_state,
    have_ended,
    name_endpoint,
    prepare,
    rows_done,
    wait_until_ended,
    wait_until_further,
)
from tests.support.mock_provider import MockProvider
from tests.support.postgresql import new_database
from tests.support.receiver import Receiver, receiving_apart
from tests.support.running_provider import running_provider
from tests.support.running_server import RunningServer, running_server
from tests.support.running_worker import RunningWorker, running_worker

pytestmark = [pytest.mark.slow, pytest.mark.timeout(0)]

CONCURRENCY = 16
LATENCY_S = 0.03
RECORDED_ROWS = 64
"""So many rows finished but not yet recorded a kill can cost, at most (engine/recorder.py)."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A server, whoever may be killed, a provider that counts, and an endpoint."""

    server: RunningServer
    mortals: Sequence[RunningServer | RunningWorker]
    provider: MockProvider
    receiver: Receiver

    @property
    def calls(self) -> int:
        """How many calls of models there were."""
        return self.provider.seen.requests


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def on_sqlite(folder: Path, stack: ExitStack) -> Stage:
    """One process and its files."""
    provider = stack.enter_context(running_provider(MockProvider(latency_s=LATENCY_S)))
    receiver = stack.enter_context(receiving_apart())
    server = stack.enter_context(running_server(folder / "data", **settings(provider)))
    return Stage(server, [server], provider, receiver)


def on_postgresql(folder: Path, stack: ExitStack) -> Stage:
    """A server that only answers, and two workers, beside one database."""
    provider = stack.enter_context(running_provider(MockProvider(latency_s=LATENCY_S)))
    receiver = stack.enter_context(receiving_apart())
    shared = {**settings(provider), "EVALD_DATABASE_URL": new_database(), "EVALD_SECRET_KEY": "k"}
    server = stack.enter_context(running_server(folder / "data", **shared, EVALD_WORK="false"))
    workers = [
        stack.enter_context(running_worker(folder / f"worker{number}", **shared))
        for number in range(2)
    ]
    return Stage(server, [server, *workers], provider, receiver)


def settings(provider: MockProvider) -> dict[str, str]:
    return {
        "EVALD_UPSTREAM_BASE_URL": provider.base_url,
        "EVALD_MAX_CONCURRENCY": str(CONCURRENCY),
        "EVALD_WEBHOOK_ALLOW_PRIVATE": "true",
    }


@pytest.mark.parametrize("stage_on", [on_sqlite, on_postgresql], ids=["sqlite", "postgresql"])
def test_the_end_is_the_same_over_any_number_of_kills(
    stage_on: Callable[[Path, ExitStack], Stage],
    tmp_path: Path,
    stack: ExitStack,
    kills: int,
    chance: random.Random,
) -> None:
    stage = stage_on(tmp_path, stack)
    name_endpoint(stage.server, stage.receiver.url)
    works = prepare(stage.server.client())

    calm, calm_calls = carried_out(stage, works)
    assert [state["status"] for state in calm.values()] == ["completed"] * len(works)
    batches, calls = carried_out_over_kills(stage, works, kills=kills, chance=chance)

    for batch in batches:
        assert batch == calm
    repeated = calls - len(batches) * calm_calls
    runs = (1 + len(batches)) * len(works)
    print(f"{kills} kills: {runs - len(works)} runs, {calls} calls, {repeated} of them repeated")
    assert 0 <= repeated <= kills * (CONCURRENCY + RECORDED_ROWS)
    told = stage.receiver.wait_until(runs, within_s=90)
    assert len({each.headers["webhook-id"] for each in told}) == runs


Ends = dict[str, Any]
"""How each kind of run ended."""


def carried_out(stage: Stage, works: Sequence[Work]) -> tuple[Ends, int]:
    """How each run ended while nobody was killed, and how many calls it took all of them."""
    calls = stage.calls
    client = stage.server.client()
    runs = {work.name: begin(client, work) for work in works}
    wait_until_ended(stage.server, list(runs.values()), within_s=90)
    return ends_of(stage, runs), stage.calls - calls


def carried_out_over_kills(
    stage: Stage, works: Sequence[Work], *, kills: int, chance: random.Random
) -> tuple[list[Ends], int]:
    """How each run ended, batch by batch, and how many calls it took all of them.

    A further batch is begun wherever one has ended before the last kill.
    """
    calls, batches, standstill = stage.calls, [begun(stage, works)], Standstill(stage.server)
    for _ in range(kills):
        if have_ended(stage.server, list(batches[-1].values())):
            batches.append(begun(stage, works))
        threading.Event().wait(chance.uniform(0.05, 0.8))
        standstill.allow_progress(list(batches[-1].values()))
        mortal = chance.choice(stage.mortals)
        mortal.kill()
        mortal.start()
    for batch in batches:
        wait_until_ended(stage.server, list(batch.values()), within_s=180)
    return [ends_of(stage, batch) for batch in batches], stage.calls - calls


class Standstill:
    """How many kills in a row met each run before it got any further.

    Kills that follow one another faster than a row takes meet the same row each time, until it is
    taken for one that ends its process: that is promised, and tried in tests/engine/test_kills.py.
    """

    def __init__(self, server: RunningServer) -> None:
        self._server = server
        self._met: dict[str, tuple[int, int]] = {}

    def allow_progress(self, runs: Sequence[tuple[str, str]]) -> None:
        """Returns at once, or, for a run that was met twice, once it has got further."""
        for eval_id, run_id in runs:
            before, kills = self._met.get(run_id, (-1, 0))
            done = rows_done(self._server, eval_id, run_id)
            if kills == 2 and done == before:
                done = wait_until_further(self._server, (eval_id, run_id), before)
            self._met[run_id] = done, kills + 1 if done == before else 1


def begun(stage: Stage, works: Sequence[Work]) -> dict[str, tuple[str, str]]:
    """The ids of an eval and of a run of it, for each kind."""
    client = stage.server.client()
    return {work.name: begin(client, work) for work in works}


def ends_of(stage: Stage, runs: dict[str, tuple[str, str]]) -> Ends:
    """How these runs ended."""
    client = stage.server.client()
    return {name: end_state(client, *ids) for name, ids in runs.items()}
