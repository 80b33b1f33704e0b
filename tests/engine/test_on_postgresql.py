"""A server over a real PostgreSQL: what it promises on SQLite, it promises here. Ours."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import openai
import pytest

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
from tests.support.postgresql import cut_connections, new_database
from tests.support.running_provider import running_provider
from tests.support.running_server import RunningServer, running_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def mock() -> Iterator[str]:
    with running_provider(MockProvider(latency_s=0.02)) as running:
        yield running.base_url


@pytest.fixture
def url() -> str:
    return new_database()


@pytest.fixture
def server(mock: str, url: str, tmp_path: Path) -> Iterator[RunningServer]:
    settings = {"EVALD_DATABASE_URL": url, "EVALD_UPSTREAM_BASE_URL": mock}
    with running_server(tmp_path / "data", **settings) as running:
        yield running


def test_every_row_is_recorded_once_over_kills(server: RunningServer) -> None:
    client = server.client()
    eval_id = create_eval(client)
    run_id = create_run(client, eval_id, rows(1_500))

    for part in (200, 700):
        wait_for(server, eval_id, run_id, until=lambda run: recorded(run) >= part)  # noqa: B023
        server.kill()
        server.start()
    run = wait_for(server, eval_id, run_id, until=has_ended)

    assert run.status == "completed"
    assert run.result_counts.total == 1_500
    assert item_rows(server.client(), eval_id, run_id) == list(range(1_500))


def test_lost_connections_heal(server: RunningServer, url: str) -> None:
    client = server.client()
    eval_id = create_eval(client)
    run_id = create_run(client, eval_id, rows(1_000))
    wait_for(server, eval_id, run_id, until=lambda run: recorded(run) >= 100)

    assert cut_connections(url) > 0
    run = wait_for(server, eval_id, run_id, until=has_ended)

    assert run.status == "completed"
    assert run.result_counts.total == 1_000
    assert create_eval(server.client())


def test_files_are_kept_in_the_database_alone(server: RunningServer) -> None:
    client = server.client()
    content = b'{"item": {"n": 1}}\n' * 200_000
    file_id = client.files.create(file=("rows.jsonl", content), purpose="evals").id

    assert client.files.content(file_id).content == content
    assert not (server.folder / "blobs").exists()
    assert not list(server.folder.glob("*.sqlite3"))


def test_one_key_at_the_same_moment_makes_one_eval(server: RunningServer) -> None:
    client = server.client()
    barrier = threading.Barrier(8)

    def create(_: int) -> str:
        barrier.wait()
        made = client.with_options(default_headers={"Idempotency-Key": "k"})
        return create_eval(made)

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(create, range(8)))

    assert len(ids) == 1
    assert len(client.evals.list().data) == 1


def test_an_eval_deleted_while_runs_are_made_is_gone_with_all_of_them(
    server: RunningServer,
) -> None:
    client = server.client(max_retries=0)
    eval_id = create_eval(client)
    barrier = threading.Barrier(5)

    def make(number: int) -> int:
        barrier.wait()
        try:
            if number == 0:
                client.evals.delete(eval_id)
            else:
                for _ in range(5):
                    create_run(client, eval_id, rows(3))
        except openai.APIStatusError as problem:
            return problem.status_code
        return 200

    with ThreadPoolExecutor(5) as pool:
        statuses = list(pool.map(make, range(5)))

    assert statuses[0] == 200
    assert set(statuses[1:]) <= {200, 404}
    with pytest.raises(openai.NotFoundError):
        client.evals.runs.list(eval_id)


def test_what_cannot_be_reached_is_told_without_its_password(tmp_path: Path) -> None:
    url = "postgresql://ann:sesame@127.0.0.1:9/evald"

    with (
        pytest.raises(AssertionError, match="cannot be used") as told,
        running_server(tmp_path / "data", EVALD_DATABASE_URL=url),
    ):
        pass

    assert "ann:***@127.0.0.1:9" in str(told.value)
    assert "sesame" not in str(told.value)
