"""Several real workers on one database: they share runs, and go on with a dead one's. Ours."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from evald.adapters.sql.postgresql import read_url
from evald.engine.heartbeat import SILENT_S
from tests.engine.runs import (
    create_eval,
    create_run,
    has_ended,
    item_rows,
    recorded,
    rows,
    wait_for,
)
from tests.support.mock_provider import MockProvider
from tests.support.postgresql import new_database
from tests.support.running_provider import running_provider
from tests.support.running_server import ROOT, RunningServer, running_server
from tests.support.running_worker import RunningWorker, running_worker

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

HANDED_ON_S = 30.0
WINDOW = 16


class Farm:
    """A server that only answers, and two workers."""

    def __init__(
        self, url: str, provider: MockProvider, server: RunningServer, workers: list[RunningWorker]
    ) -> None:
        self.url = url
        self.provider = provider
        self.server = server
        self.workers = workers

    def run(self, count: int) -> tuple[str, str]:
        """An eval, and a run of so many rows."""
        client = self.server.client()
        eval_id = create_eval(client)
        return eval_id, create_run(client, eval_id, rows(count))

    def shards(self, run_id: str) -> dict[str, int]:
        """How many shards of the run each worker had last."""
        counted = (
            "SELECT worker_id, count(*) FROM evald.run_shards JOIN evald.runs"
            " ON runs.seq = run_shards.run_seq WHERE runs.id = :id GROUP BY worker_id"
        )
        return {str(each): int(str(n)) for each, n in self.rows(counted, id=run_id)}

    def held_by(self, worker_id: str) -> int:
        """How many shards the worker has claimed that are not done."""
        held = "SELECT count(*) FROM evald.run_shards WHERE worker_id = :id AND NOT is_done"
        return int(str(self.rows(held, id=worker_id)[0][0]))

    def rows(self, sql: str, **values: str) -> list[tuple[object, ...]]:
        """What a look into the database finds."""
        engine = create_engine(read_url(self.url))
        with engine.connect() as connection:
            found = [tuple(row) for row in connection.execute(text(sql), values)]
        engine.dispose()
        return found

    def whole(self, eval_id: str, run_id: str, *, count: int) -> None:
        """The run is completed, every row once, the counts right."""
        run = wait_for(self.server, eval_id, run_id, until=has_ended, within_s=90)
        assert run.status == "completed", run.error
        assert item_rows(self.server.client(), eval_id, run_id) == list(range(count))
        counts = run.result_counts
        assert (counts.total, counts.errored, counts.failed) == (count, 0, count // 10)


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    url = new_database()
    with ExitStack() as stack:
        provider = stack.enter_context(running_provider(MockProvider(latency_s=0.05)))
        settings = {
            "EVALD_DATABASE_URL": url,
            "EVALD_UPSTREAM_BASE_URL": provider.base_url,
            "EVALD_MAX_CONCURRENCY": str(2 * WINDOW),  # shared by two
            "EVALD_SECRET_KEY": "shared",
        }
        server = stack.enter_context(
            running_server(tmp_path / "server", **settings, EVALD_WORK="false")
        )
        workers = [
            stack.enter_context(running_worker(tmp_path / f"worker{n}", **settings))
            for n in range(2)
        ]
        yield Farm(url, provider, server, workers)


def test_a_run_is_carried_out_by_all_workers_together(farm: Farm) -> None:
    eval_id, run_id = farm.run(3_000)

    farm.whole(eval_id, run_id, count=3_000)

    shards = farm.shards(run_id)
    assert len(shards) == 2
    assert min(shards.values()) >= 3
    assert farm.provider.seen.requests == 3_000


def test_what_a_killed_worker_held_is_handed_on_in_time(farm: Farm) -> None:
    eval_id, run_id = farm.run(4_000)
    wait_for(farm.server, eval_id, run_id, until=lambda run: recorded(run) >= 1_000)

    farm.workers[0].kill()
    killed_at = time.monotonic()
    dead = (farm.workers[0].folder / "worker-id").read_text()
    while farm.held_by(dead) and time.monotonic() < killed_at + 2 * HANDED_ON_S:
        threading.Event().wait(0.2)
    handed_on_s = time.monotonic() - killed_at
    farm.whole(eval_id, run_id, count=4_000)

    assert handed_on_s < HANDED_ON_S
    # At most what was in flight, and what was finished in the last tenth of a second.
    assert farm.provider.seen.requests <= 4_000 + 2 * WINDOW + 64
    assert farm.rows("SELECT count(*) FROM evald.workers") == [(1,)]


def test_a_worker_that_wakes_up_again_does_no_harm(farm: Farm) -> None:
    eval_id, run_id = farm.run(4_000)
    wait_for(farm.server, eval_id, run_id, until=lambda run: recorded(run) >= 500)

    farm.workers[0].pause()
    threading.Event().wait(SILENT_S + 8)
    farm.workers[0].wake()
    farm.whole(eval_id, run_id, count=4_000)
    another = farm.run(1_000)
    farm.whole(*another, count=1_000)

    assert len(farm.shards(another[1])) == 2


def test_a_worker_that_is_told_to_end_hands_back_at_once(farm: Farm) -> None:
    eval_id, run_id = farm.run(3_000)
    wait_for(farm.server, eval_id, run_id, until=lambda run: recorded(run) >= 500)

    assert farm.workers[0].stop() == 0
    workers = farm.rows("SELECT id FROM evald.workers")
    holders = farm.rows(
        "SELECT DISTINCT worker_id FROM evald.run_shards"
        " WHERE NOT is_done AND worker_id IS NOT NULL"
    )
    farm.whole(eval_id, run_id, count=3_000)

    assert len(workers) == 1
    assert set(holders) <= set(workers)


def test_a_worker_that_is_started_again_goes_on_with_what_it_held(farm: Farm) -> None:
    farm.workers[1].stop()
    eval_id, run_id = farm.run(2_000)
    wait_for(farm.server, eval_id, run_id, until=lambda run: recorded(run) >= 500)

    farm.workers[0].kill()
    farm.workers[0].start()
    started_at = time.monotonic()
    before = recorded(farm.server.client().evals.runs.retrieve(run_id, eval_id=eval_id))
    wait_for(farm.server, eval_id, run_id, until=lambda run: recorded(run) > before)

    assert time.monotonic() - started_at < SILENT_S / 2
    farm.whole(eval_id, run_id, count=2_000)


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
