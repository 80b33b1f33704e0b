"""Runs over logs survive kills on both databases: rows fixed once, none lost, none twice. Ours."""

from collections.abc import Callable, Iterator
from pathlib import Path

import openai
import pytest
from openai.types.evals import RunRetrieveResponse

from evald.assembly.backup import back_up
from evald.ports.kept import StoredLog
from tests.engine.runs import MODEL, has_ended, item_rows, recorded, wait_for
from tests.support.kept_logs import NOW, completion, delete_logs, keep_logs, response
from tests.support.mock_provider import MockProvider
from tests.support.postgresql import new_database
from tests.support.running_provider import running_provider
from tests.support.running_server import RunningServer, running_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

COUNT = 600


@pytest.fixture(scope="module")
def provider() -> Iterator[MockProvider]:
    with running_provider(MockProvider(latency_s=0.02)) as mock:
        yield mock


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    return "" if request.param == "sqlite" else new_database()


@pytest.fixture(scope="module")
def opened_server(
    tmp_path_factory: pytest.TempPathFactory, provider: MockProvider, url: str
) -> Iterator[RunningServer]:
    settings = {"EVALD_UPSTREAM_BASE_URL": provider.base_url, "EVALD_DATABASE_URL": url}
    with running_server(tmp_path_factory.mktemp("logs") / "data", **settings) as running:
        yield running


@pytest.fixture
def server(opened_server: RunningServer) -> RunningServer:
    """Killed by one test after the other, and up at the beginning of each."""
    opened_server.ensure_up()
    return opened_server


@pytest.fixture
def place(server: RunningServer, url: str) -> Path | str:
    """Where the server's store is, which holds no logs of an earlier test."""
    place = url or server.folder
    delete_logs(place)
    return place


def completions() -> list[StoredLog]:
    return [completion(f"say {n}", f"said {n}", created=NOW + n) for n in range(COUNT)]


def create_run(client: openai.OpenAI, source: str, *, model: str | None) -> tuple[str, str]:
    """The ids of an eval over logs and of a run; its items pass where the answer has `say`."""
    criterion = {
        "type": "string_check",
        "name": "says",
        "input": "{{ sample.output_text }}",
        "operation": "like",
        "reference": "say",
    }
    an_eval = client.evals.create(
        data_source_config={"type": "logs"},
        testing_criteria=[criterion],  # type: ignore[list-item]
    )
    kind = "completions" if source == "stored_completions" else "responses"
    run = client.evals.runs.create(
        an_eval.id,
        data_source={"type": kind, "source": {"type": source}, "model": model},  # type: ignore[arg-type,misc]
    )
    return an_eval.id, run.id


def at_once(_: RunRetrieveResponse) -> bool:
    return True


def is_planned(run: RunRetrieveResponse) -> bool:
    return run.result_counts.total > 0


def at_row(number: int) -> Callable[[RunRetrieveResponse], bool]:
    return lambda run: recorded(run) >= number


@pytest.mark.parametrize(
    "moment", [at_once, is_planned, at_row(300)], ids=["queued", "planned", "second shard"]
)
def test_logs_sampled_anew_survive_a_kill_and_the_end_of_the_logs(
    server: RunningServer, place: Path | str, moment: Callable[[RunRetrieveResponse], bool]
) -> None:
    ids = keep_logs(place, completions())
    eval_id, run_id = create_run(server.client(), "stored_completions", model=MODEL)

    wait_for(server, eval_id, run_id, until=moment)
    server.kill()
    if moment is not at_once:
        assert delete_logs(place) == COUNT
    server.start()
    run = wait_for(server, eval_id, run_id, until=has_ended, within_s=120)

    client = server.client()
    items = list(client.evals.runs.output_items.list(run_id, eval_id=eval_id, limit=100))
    assert (run.status, run.result_counts.passed) == ("completed", COUNT)
    assert item_rows(client, eval_id, run_id) == list(range(COUNT))
    assert [item.datasource_item["id"] for item in items] == ids
    assert [item.sample.output[0].content for item in items] == [f"say {n}" for n in range(COUNT)]


def test_responses_graded_as_they_are_survive_kills_at_any_moment(
    server: RunningServer, place: Path | str
) -> None:
    ids = keep_logs(place, [response(f"{n}", f"say {n}", created=NOW + n) for n in range(COUNT)])

    for _ in range(2):
        eval_id, run_id = create_run(server.client(), "responses", model=None)
        server.kill()
        server.start()
        run = wait_for(server, eval_id, run_id, until=has_ended, within_s=120)

        items = list(
            server.client().evals.runs.output_items.list(run_id, eval_id=eval_id, limit=100)
        )
        assert (run.status, run.result_counts.passed) == ("completed", COUNT)
        assert [item.datasource_item["id"] for item in items] == ids


def test_rows_of_a_run_are_in_its_backup_when_its_logs_are_gone(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        keep_logs(server.folder, completions()[:3])
        eval_id, run_id = create_run(server.client(), "stored_completions", model=None)
        wait_for(server, eval_id, run_id, until=has_ended)
        delete_logs(server.folder)

        assert back_up(server.folder, tmp_path / "copy") == 1
