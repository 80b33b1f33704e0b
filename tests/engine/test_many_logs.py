"""A run over 50,000 logs: all of them, and not in memory. Ours."""

from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from tests.engine.runs import has_ended, wait_for
from tests.support.kept_logs import NOW, completion, keep_logs
from tests.support.running_server import RunningServer, running_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

MANY = 50_000
ANSWER = "The printer on the third floor is out again; somebody will come today. " * 30
MOST_GROWTH_KB = 48 * 1_024
"""The texts of the logs have twice as much, and what Python makes of them five times."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("many") / "data") as running:
        keep_logs(
            running.folder,
            (completion(f"q {n}", f"{n} {ANSWER}", created=NOW + n) for n in range(MANY)),
        )
        yield running


def create_run(client: openai.OpenAI, **filters: object) -> tuple[str, str]:
    """The ids of an eval over logs and of a run over the completions that the filters leave."""
    criterion = {
        "type": "string_check",
        "name": "printer",
        "input": "{{ sample.output_text }}",
        "operation": "like",
        "reference": "printer",
    }
    an_eval = client.evals.create(
        data_source_config={"type": "logs"},
        testing_criteria=[criterion],  # type: ignore[list-item]
    )
    source = {"type": "stored_completions", **filters}
    run = client.evals.runs.create(
        an_eval.id,
        data_source={"type": "completions", "source": source},  # type: ignore[arg-type,misc]
    )
    return an_eval.id, run.id


def peak_kb(server: RunningServer) -> int:
    """The most memory that the server has had."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


@pytest.mark.parametrize("limit", [None, MANY - 1], ids=["all", "but one"])
def test_planning_takes_memory_for_a_page_and_no_more(
    server: RunningServer, limit: int | None
) -> None:
    client = server.client()
    wait_for(server, *create_run(client, limit=1_000), until=has_ended)
    before = peak_kb(server)

    eval_id, run_id = create_run(client, limit=limit)
    run = wait_for(
        server, eval_id, run_id, until=lambda run: run.result_counts.total > 0, within_s=200
    )
    client.evals.runs.cancel(run_id, eval_id=eval_id)

    assert run.result_counts.total == (limit or MANY)
    assert peak_kb(server) - before < MOST_GROWTH_KB
