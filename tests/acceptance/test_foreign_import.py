"""From a hosted service by another tool's dump into a data folder, and out to the official client.

The client's dumps are observed, by making them; what is read from them is ours.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import openai
import pytest

from evald.cli.main import main
from tests.support.archives import zipped
from tests.support.fake_hosted import EVALS, World, add_run, running_world, small_world
from tests.support.foreign_dumps import client_of, dump_by_eval
from tests.support.hosted_bodies import eval_body
from tests.support.running_server import RunningServer, running_server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Pydantic serializer warnings"),
]

JUDGED: dict[str, Any] = {
    "type": "score_model",
    "id": "Judged-1",
    "name": "Judged",
    "model": "gpt-4.1",
    "input": [{"role": "user", "content": {"type": "input_text", "text": "{{ item.answer }}"}}],
    "range": [1, 7],
    "pass_threshold": 5.0,
}
ROW: Any = {"item": {"question": "Capital?", "answer": "Paris"}, "sample": {"output_text": "Paris"}}


def hosted_world() -> World:
    """Both vintages, an eval with a model grader, one without runs, a run under way."""
    world = small_world(vintage=2025)
    newer = world.put(EVALS, eval_body(7)).id
    add_run(world, newer, 70, items=120)
    add_run(world, newer, 71, items=2, status="in_progress")
    judged = eval_body(8) | {"testing_criteria": [JUDGED], "metadata": None}
    add_run(world, world.put(EVALS, judged).id, 80, items=1)
    world.put(EVALS, eval_body(9))
    return world


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dump that was made of the hosted service."""
    folder = tmp_path_factory.mktemp("foreign") / "dump"
    with running_world(hosted_world()) as url, client_of(url) as client:
        return dump_by_eval(client, folder)


@pytest.fixture(scope="module")
def server(original: Path) -> Iterator[RunningServer]:
    data = original.with_name("data")
    assert main(["import", str(zipped(original)), "--data-dir", str(data)]) == 0
    assert main(["import", str(original), "--data-dir", str(data)]) == 0
    with running_server(data) as running:
        yield running


@pytest.fixture
def client(server: RunningServer) -> openai.OpenAI:
    return server.client()


def documents(folder: Path) -> list[Any]:
    """What is in the dump, runs without the host of their report."""
    found = [json.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))]
    for document in found:
        for each in document["runs"]:
            each["run"]["report_url"] = urlsplit(each["run"]["report_url"]).path
            each["output_items"].sort(key=lambda item: item["datasource_item_id"])
        document["rows"].sort(key=json.dumps)
    return found


def test_the_official_client_dumps_the_same_again(
    client: openai.OpenAI, original: Path, tmp_path: Path
) -> None:
    again = dump_by_eval(client, tmp_path / "again")

    assert documents(again) == documents(original)
    assert [path.read_bytes() for path in sorted((again / "files").iterdir())] == [
        path.read_bytes() for path in sorted((original / "files").iterdir())
    ]


def test_evals_are_listed_in_their_old_order(client: openai.OpenAI) -> None:
    assert [each.id for each in client.evals.list()] == [
        eval_body(number)["id"] for number in (1, 2, 7, 8, 9)
    ]


@pytest.mark.parametrize("number", [7, 8])
def test_an_imported_eval_can_be_run_again(client: openai.OpenAI, number: int) -> None:
    """Its criteria are understood although the dump had the client's names and nulls."""
    eval_id = eval_body(number)["id"]
    source: Any = {"type": "jsonl", "source": {"type": "file_content", "content": [ROW]}}

    run = client.evals.runs.create(eval_id, data_source=source)

    runs = [each.id for each in client.evals.runs.list(eval_id)]
    client.evals.runs.delete(run.id, eval_id=eval_id)  # other tests compare the list
    assert runs[-1] == run.id
    assert len(runs) > 1


def test_a_file_that_came_without_its_object_can_be_used(client: openai.OpenAI) -> None:
    any_row: Any = {"type": "custom", "item_schema": {"type": "object"}}
    grader: Any = {"type": "string_check", "name": "x", "operation": "eq"}
    grader |= {"input": "{{ item.question }}", "reference": "0?"}
    an_eval = client.evals.create(data_source_config=any_row, testing_criteria=[grader])
    source: Any = {"type": "jsonl", "source": {"type": "file_id", "id": "file-Rows1"}}

    run = client.evals.runs.create(an_eval.id, data_source=source)

    client.evals.delete(an_eval.id)  # other tests compare the list
    assert run.status == "queued"
    assert client.files.retrieve("file-Rows1").filename == "file-Rows1.jsonl"
