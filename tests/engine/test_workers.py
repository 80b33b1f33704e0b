"""Several real workers on one database: they share runs, and go on with a dead one's. Ours."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from evald.engine.heartbeat import SILENT_S
from tests.engine.runs import recorded, wait_for
from tests.support.mock_provider import MockProvider
from tests.support.running_place import Place, running_place
from tests.support.running_server import ROOT
from tests.support.running_worker import RunningWorker

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

HANDED_ON_S = 30.0
WINDOW = 16


def worker_id(worker: RunningWorker) -> str:
    return (worker.folder / "worker-id").read_text()


def held_by(place: Place, worker_id: str) -> int:
    """How many shards the worker has claimed that are not done."""
    held = "SELECT count(*) FROM evald.run_shards WHERE worker_id = :id AND NOT is_done"
    return int(str(place.select(held, id=worker_id)[0][0]))


def wait_until_taken_for_dead(place: Place, worker_id: str) -> None:
    """Returns once the others reckon with the worker no longer."""
    end = time.monotonic() + 2 * HANDED_ON_S
    while place.select("SELECT 1 FROM evald.workers WHERE id = :id", id=worker_id):
        assert time.monotonic() < end
        threading.Event().wait(0.2)


@pytest.fixture(scope="module")
def opened_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A server that only answers, and two workers, which one test after the other ends."""
    folder = tmp_path_factory.mktemp("workers")
    at_once = str(2 * WINDOW)  # shared by two
    provider = MockProvider(latency_s=0.05)
    with running_place(folder, provider, workers=2, EVALD_MAX_CONCURRENCY=at_once) as running:
        yield running


@pytest.fixture
def place(opened_place: Place) -> Place:
    """Both workers are up, and are reckoned with, at the beginning of each test."""
    for worker in opened_place.workers:
        worker.ensure_up()
    return opened_place


def test_a_run_is_carried_out_by_all_workers_together(place: Place) -> None:
    asked = place.provider.seen.requests
    eval_id, run_id = place.run(2_000)

    place.whole(eval_id, run_id, count=2_000)

    shards = place.shards(run_id)
    assert len(shards) == 2
    assert min(shards.values()) >= 2
    assert place.provider.seen.requests - asked == 2_000


def test_what_a_killed_worker_held_is_handed_on_in_time(place: Place) -> None:
    asked = place.provider.seen.requests
    eval_id, run_id = place.begun(2_000, least=500)

    place.workers[0].kill()
    killed_at = time.monotonic()
    dead = worker_id(place.workers[0])
    held = held_by(place, dead)
    while held_by(place, dead) and time.monotonic() < killed_at + 2 * HANDED_ON_S:
        threading.Event().wait(0.2)
    handed_on_s = time.monotonic() - killed_at
    place.whole(eval_id, run_id, count=2_000)

    assert held > 0
    assert handed_on_s < HANDED_ON_S
    # At most what was in flight, and what was finished in the last tenth of a second.
    assert place.provider.seen.requests - asked <= 2_000 + 2 * WINDOW + 64
    assert place.select("SELECT id FROM evald.workers") == [(worker_id(place.workers[1]),)]


def test_a_worker_that_wakes_up_again_does_no_harm(place: Place) -> None:
    eval_id, run_id = place.begun(2_000, least=500)

    place.workers[0].pause()
    paused = worker_id(place.workers[0])
    held = held_by(place, paused)
    wait_until_taken_for_dead(place, paused)
    place.workers[0].wake()
    place.whole(eval_id, run_id, count=2_000)
    another = place.run(1_000)
    place.whole(*another, count=1_000)

    assert held > 0
    assert len(place.shards(another[1])) == 2


def test_a_worker_that_is_told_to_end_hands_back_at_once(place: Place) -> None:
    eval_id, run_id = place.begun(2_000, least=500)

    assert place.workers[0].stop() == 0
    workers = place.select("SELECT id FROM evald.workers")
    holders = place.select(
        "SELECT DISTINCT worker_id FROM evald.run_shards"
        " WHERE NOT is_done AND worker_id IS NOT NULL"
    )
    place.whole(eval_id, run_id, count=2_000)

    assert len(workers) == 1
    assert set(holders) <= set(workers)


def test_a_worker_that_is_started_again_goes_on_with_what_it_held(place: Place) -> None:
    place.workers[1].stop()
    eval_id, run_id = place.begun(2_000, least=500)

    place.workers[0].kill()
    place.workers[0].start()
    started_at = time.monotonic()
    before = recorded(place.server.client().evals.runs.retrieve(run_id, eval_id=eval_id))
    wait_for(place.server, eval_id, run_id, until=lambda run: recorded(run) > before)

    assert time.monotonic() - started_at < SILENT_S / 2
    place.whole(eval_id, run_id, count=2_000)


@pytest.mark.parametrize("verb", [["worker"], ["serve", "--no-work", "--port", "0"]])
def test_workers_need_a_database_that_can_be_shared(verb: list[str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "evald", *verb, "--data-dir", str(tmp_path / "data")]
    ended = subprocess.run(
        command,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT / "src")},
        check=False,
    )

    assert ended.returncode == 2
    assert "data folder" in ended.stderr
    assert "database" in ended.stderr
    assert "Traceback" not in ended.stderr
