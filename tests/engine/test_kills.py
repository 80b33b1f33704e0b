"""A killed server goes on with its runs when it is started again: every row once, counts right."""

import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from openai.types.evals import RunRetrieveResponse

from evald.engine.item import DEATHS_ALLOWED
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
from tests.support.running_provider import running_provider
from tests.support.running_server import RunningServer, running_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

LATENCY_S = 0.02

# Found by the server in the folder that it is started in.
FATAL_CONFIG = (
    '[[providers]]\nname = "fatal"\ntype = "python"\ntarget = "fatal:answer"\n'
    'models = ["fatal"]\nmax_concurrency = 4\n'
)
FATAL = (
    "import os\n\ndef answer(body):\n"
    "    text = body['messages'][-1]['content']\n"
    "    if text == 'say 7':\n        os._exit(9)\n    return text\n"
)


@pytest.fixture(scope="module")
def provider() -> Iterator[MockProvider]:
    with running_provider(MockProvider(latency_s=LATENCY_S)) as mock:
        yield mock


@pytest.fixture(scope="module")
def opened_server(
    tmp_path_factory: pytest.TempPathFactory, provider: MockProvider
) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("kills")
    (folder / "evald.toml").write_text(FATAL_CONFIG)
    (folder / "fatal.py").write_text(FATAL)
    environment = {"EVALD_UPSTREAM_BASE_URL": provider.base_url}
    with running_server(folder / "data", **environment) as running:
        yield running


@pytest.fixture
def server(opened_server: RunningServer, provider: MockProvider) -> RunningServer:
    """Killed by one test after the other, and up at the beginning of each; each has its own run."""
    provider.latency_s = LATENCY_S
    opened_server.ensure_up()
    return opened_server


def assert_whole(server: RunningServer, eval_id: str, run_id: str, *, count: int) -> None:
    run = wait_for(server, eval_id, run_id, until=has_ended, within_s=120)
    failed = count // 10

    assert run.status == "completed"
    assert item_rows(server.client(), eval_id, run_id) == list(range(count))
    assert run.result_counts.to_dict() == {
        "total": count,
        "errored": 0,
        "failed": failed,
        "passed": count - failed,
    }
    assert [(each.passed, each.failed) for each in run.per_testing_criteria_results] == [
        (count - failed, failed)
    ]
    assert [each.invocation_count for each in run.per_model_usage] == [count]


def is_queued(run: RunRetrieveResponse) -> bool:
    return run.status in ("queued", "in_progress")


def is_planned(run: RunRetrieveResponse) -> bool:
    return run.result_counts.total > 0


def at_row(number: int) -> Callable[[RunRetrieveResponse], bool]:
    return lambda run: recorded(run) >= number


@pytest.mark.parametrize(
    "moment",
    [is_queued, is_planned, at_row(1), at_row(250), at_row(520)],
    ids=["queued", "planned", "first row", "shard border", "last row"],
)
def test_a_run_survives_a_kill_at_each_of_its_steps(
    server: RunningServer, moment: Callable[[RunRetrieveResponse], bool]
) -> None:
    eval_id = create_eval(server.client())
    run_id = create_run(server.client(), eval_id, rows(520))
    wait_for(server, eval_id, run_id, until=moment)

    server.kill()
    server.start()

    assert_whole(server, eval_id, run_id, count=520)


def test_2000_rows_survive_kills_in_their_midst(
    server: RunningServer, provider: MockProvider
) -> None:
    seed = random.SystemRandom().randrange(10_000)
    print(f"seed {seed}")
    moments = sorted(random.Random(seed).sample(range(50, 1_900), 2))
    eval_id = create_eval(server.client())
    run_id = create_run(server.client(), eval_id, rows(2_000))

    answered, kept = provider.seen.answers, 0
    for moment in moments:
        wait_for(server, eval_id, run_id, until=at_row(moment))
        server.kill()
        paid, kept_before = provider.seen.answers - answered, kept
        answered, kept = provider.seen.answers, rows_on_disk(server, run_id)
        # Lost are the answers not yet written: 64 rows, or those of the last tenth of a second.
        assert 0 <= paid - (kept - kept_before) <= 64 + 200
        server.start()

    assert_whole(server, eval_id, run_id, count=2_000)
    assert provider.seen.answers - answered == 2_000 - kept  # no row on disk is asked for again


def rows_on_disk(server: RunningServer, run_id: str) -> int:
    count_of = "SELECT count(*) FROM output_items JOIN runs ON seq = run_seq WHERE runs.id = ?"
    with closing(sqlite3.connect(server.folder / "evald.sqlite3")) as database:
        (count,) = database.execute(count_of, (run_id,)).fetchone()
    return int(count)


def test_a_row_that_takes_the_process_down_again_and_again_is_errored_alone(
    server: RunningServer,
) -> None:
    eval_id = create_eval(server.client())
    run_id = create_run(server.client(), eval_id, rows(9), model="fatal")
    for _ in range(DEATHS_ALLOWED):
        server.process.wait(timeout=30)
        server.start()

    run = wait_for(server, eval_id, run_id, until=has_ended)
    items = server.client().evals.runs.output_items.list(run_id, eval_id=eval_id)
    errored = [item for item in items if item.status == "error"]

    assert (run.status, run.result_counts.passed, run.result_counts.errored) == ("completed", 8, 1)
    assert [item.datasource_item_id for item in errored] == [7]
    assert errored[0].sample.error.code == "internal_error"


def test_an_orderly_end_hands_back_what_is_in_flight(
    server: RunningServer, provider: MockProvider
) -> None:
    provider.latency_s = 30.0
    eval_id = create_eval(server.client())
    run_id = create_run(server.client(), eval_id, rows(20))
    wait_for(server, eval_id, run_id, until=lambda _: provider.seen.at_once == 20)

    assert server.stop() == 0

    provider.latency_s = LATENCY_S
    server.start()
    assert_whole(server, eval_id, run_id, count=20)
