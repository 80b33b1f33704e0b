"""Python graders in a real server: verdicts on its pages, and what is left when it ends."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import openai
import psutil
import pytest

from tests.sandbox.runners import skip_without_walls
from tests.support.running_server import RunningServer, running_server

pytestmark = pytest.mark.slow

FOREVER = "def grade(sample, item):\n    while True:\n        pass\n"
LENGTH = """
def grade(sample, item):
    print("graded", item["word"])
    if item["word"] == "crash":
        raise ValueError("no word")
    if item["word"] == "missing":
        import no_such_package
    return len(item["word"]) / 10
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with running_server(tmp_path / "data") as running:
        yield running


@pytest.fixture(scope="module")
def lasting_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("lasting") / "data") as running:
        yield running


def python_eval(client: openai.OpenAI, source: str) -> str:
    criterion: Any = {
        "type": "python",
        "name": "Length",
        "source": source,
        "image_tag": "2025-05-08",  # of which nothing is installed: the server's own Python runs it
        "pass_threshold": 0.4,
    }
    schema = {"type": "object", "properties": {"word": {"type": "string"}}}
    config: Any = {"type": "custom", "item_schema": schema}
    made = client.evals.create(
        name="words",
        data_source_config=config,
        testing_criteria=[criterion],
    )
    return made.id


def python_run(client: openai.OpenAI, eval_id: str, *words: str) -> str:
    content = [{"item": {"word": word}} for word in words]
    source: Any = {"type": "jsonl", "source": {"type": "file_content", "content": content}}
    return client.evals.runs.create(eval_id, name="run", data_source=source).id


def ended(client: openai.OpenAI, eval_id: str, run_id: str) -> Any:
    return until(
        lambda: client.evals.runs.retrieve(run_id, eval_id=eval_id),
        lambda run: run.status in ("completed", "failed", "canceled"),
    )


def until(look: Any, enough: Any, within_s: float = 20.0) -> Any:
    end = time.monotonic() + within_s
    while not enough(seen := look()) and time.monotonic() < end:
        time.sleep(0.02)
    if enough(seen):
        return seen
    raise AssertionError(f"not within {within_s} s: {seen}")


def looping_calls(server: RunningServer) -> list[psutil.Process]:
    """The processes of calls that are at work: descendants that take a processor."""
    return [
        each for each in family_of(server) if each.cpu_times().user > 0.2 and not each.children()
    ]


def loops_at_work(server: RunningServer) -> list[psutil.Process]:
    client = server.client()
    python_run(client, python_eval(client, FOREVER), "a", "b")
    until(lambda: looping_calls(server), lambda found: len(found) >= 2)
    return family_of(server)


def family_of(server: RunningServer) -> list[psutil.Process]:
    found: list[psutil.Process] = psutil.Process(server.process.pid).children(recursive=True)
    return found


def alive(family: list[psutil.Process]) -> list[psutil.Process]:
    return [each for each in family if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


async def test_a_run_is_graded_by_code(lasting_server: RunningServer) -> None:
    await skip_without_walls()
    client = lasting_server.client()
    eval_id = python_eval(client, LENGTH)

    run = ended(client, eval_id, python_run(client, eval_id, "lengthy", "a", "crash", "missing"))

    counts = run.result_counts
    assert (counts.passed, counts.failed, counts.errored) == (1, 2, 1)
    items = client.evals.runs.output_items.list(run.id, eval_id=eval_id).data
    by_word: dict[Any, Any] = {
        each.datasource_item["word"]: each.results[0].model_dump() for each in items
    }
    assert (by_word["lengthy"]["score"], by_word["lengthy"]["passed"]) == (0.7, True)
    assert by_word["a"]["stdout"] == "graded a\n"
    assert by_word["crash"]["failure"].endswith("ValueError: no word")
    assert by_word["missing"]["error"]["code"] == "grader_package_missing"
    assert "no_such_package" in by_word["missing"]["error"]["message"]
    pages = [httpx2.get(f"{run.report_url}&item={row}", timeout=10).text for row in range(4)]
    assert sum("ValueError: no word" in page for page in pages) == 1
    assert sum("graded lengthy" in page for page in pages) == 1
    assert not any("Not sandboxed" in page for page in pages)


async def test_nothing_outlives_a_server_that_is_killed(server: RunningServer) -> None:
    await skip_without_walls()
    family = loops_at_work(server)

    server.kill()

    until(lambda: alive(family), lambda found: not found, within_s=5.0)


async def test_a_canceled_run_has_no_code_at_work(lasting_server: RunningServer) -> None:
    await skip_without_walls()
    client = lasting_server.client()
    eval_id = python_eval(client, FOREVER)
    run_id = python_run(client, eval_id, "a", "b")
    until(lambda: looping_calls(lasting_server), lambda found: len(found) >= 2)

    client.evals.runs.cancel(run_id, eval_id=eval_id)

    until(lambda: looping_calls(lasting_server), lambda found: not found, within_s=3.0)


async def test_a_server_that_is_told_to_end_takes_its_code_along(server: RunningServer) -> None:
    await skip_without_walls()
    family = loops_at_work(server)

    began = time.monotonic()
    server.stop()

    assert time.monotonic() - began < 10.0
    assert alive(family) == []


def test_unsafe_is_said_aloud(tmp_path: Path) -> None:
    with running_server(tmp_path / "data", EVALD_PYTHON_GRADERS="unsafe") as server:
        client = server.client()
        eval_id = python_eval(client, LENGTH)
        run = ended(client, eval_id, python_run(client, eval_id, "lengthy"))
        item = client.evals.runs.output_items.list(run.id, eval_id=eval_id).data[0]
        page = httpx2.get(run.report_url, timeout=10, follow_redirects=True).text

    result: Any = item.results[0].model_dump()
    assert (result["score"], result["sandboxed"]) == (0.7, False)
    assert "Not sandboxed" in page
    assert "EVALD_PYTHON_GRADERS is 'unsafe'" in server.log.read_text()


def test_a_run_that_needs_code_is_refused_where_it_is_off(tmp_path: Path) -> None:
    with running_server(tmp_path / "data", EVALD_PYTHON_GRADERS="off") as server:
        client = server.client()
        eval_id = python_eval(client, LENGTH)
        with pytest.raises(openai.BadRequestError, match="EVALD_PYTHON_GRADERS is 'off'") as caught:
            python_run(client, eval_id, "lengthy")

    assert (caught.value.code, caught.value.param) == (
        "sandbox_unavailable",
        "testing_criteria[0].type",
    )
