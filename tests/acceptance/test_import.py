"""From a hosted service into a data folder, and out of a server to the official client.

The bodies rest on observed ones of 2025 and 2026 (tests/support/hosted_bodies.py).
"""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import openai
import pytest

from evald.cli.main import main
from tests.support.archives import archive_of, zipped
from tests.support.fake_hosted import EVALS, World, add_run, small_world
from tests.support.hosted_bodies import eval_body, hosted_id, run_body
from tests.support.rescued import rescued
from tests.support.running_server import RunningServer, running_server

UNKNOWN = {"type": "azure_ai_evaluator", "id": "Foreign-1", "name": "Foreign", "init": {"x": 1.0}}

ODD_ITEMS: list[dict[str, Any]] = [
    {},
    {"datasource_item": ["no", "object"], "sample": "no", "results": "no"},
    {"datasource_item": None, "sample": {"output": [1]}, "results": [1, {"name": 1, "score": {}}]},
    {"results": [{"name": "x", "score": 10**400, "passed": "no"}], "status": "<b>"},
    {"datasource_item": {"a": json.loads("[" * 240 + "]" * 240)}, "results": [{"score": 1e300}]},
]


def whole_world() -> World:
    """Both vintages; a run under way; inline rows; an unknown grader, data source and status."""
    world = small_world(vintage=2025)
    newer = world.put(EVALS, eval_body(7, vintage=2026)).id
    add_run(world, newer, 70, items=4)
    add_run(world, newer, 71, items=2, status="in_progress")
    foreign = eval_body(8) | {"metadata": None, "data_source_config": {"type": "azure_ai_source"}}
    foreign["testing_criteria"].append(UNKNOWN)
    world.put(EVALS, foreign)
    odd = run_body(80, foreign["id"], status="on_hold") | {"data_source": {"type": "azure_ai"}}
    world.put((*EVALS, foreign["id"], "runs"), odd)
    bare: dict[str, Any] = {"id": hosted_id("eval_", 9), "data_source_config": {}}
    world.put(EVALS, bare)
    bare_run = {
        "id": hosted_id("evalrun_", 90),
        "report_url": run_body(90, bare["id"])["report_url"],
    }
    world.put((*EVALS, bare["id"], "runs"), bare_run)
    items = (*EVALS, bare["id"], "runs", bare_run["id"], "output_items")
    for number, odd_item in enumerate(ODD_ITEMS):
        world.put(items, {"id": hosted_id("outputitem_", 90 + number), **odd_item})
    twice = next(path for path in world.lists if path[-1] == "output_items")
    body = json.loads(world.lists[twice][0].text)
    body |= {"id": "outputitem_" + "f" * 32, "status": "errored", "results": None}
    del body["_datasource_item_content_hash"]
    world.put(twice, body)
    return world


@pytest.fixture(scope="module")
def world() -> World:
    return whole_world()


@pytest.fixture(scope="module")
def server(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("import")
    asyncio.run(rescued(world, folder / "archive"))
    archive = zipped(folder / "archive")
    assert main(["import", str(archive), "--data-dir", str(folder / "data")]) == 0
    with running_server(folder / "data") as running:
        yield running


@pytest.fixture(scope="module")
def client(server: RunningServer) -> openai.OpenAI:
    return server.client()


def read(client: openai.OpenAI, path: str) -> Any:
    return client.get(path, cast_to=object)


def listed(client: openai.OpenAI, path: str) -> list[Any]:
    """All objects of a list, in pages of two."""
    found: list[Any] = []
    after = ""
    while True:
        page = read(client, f"{path}?limit=2&order=asc{after}")
        found += page["data"]
        if not page["has_more"]:
            return found
        after = f"&after={page['last_id']}"


def bodies(world: World, name: str) -> list[tuple[str, Any]]:
    """The paths of the world's lists of this name, each with the bodies in it."""
    return [
        ("/" + "/".join(path), [json.loads(each.text) for each in things])
        for path, things in world.lists.items()
        if path[-1] == name
    ]


def without_host(run: Any) -> Any:
    return {**run, "report_url": urlsplit(run["report_url"]).path}


def test_evals_and_files_are_read_as_they_were(client: openai.OpenAI, world: World) -> None:
    for name in ("evals", "files"):
        for path, served in bodies(world, name):
            assert listed(client, path) == served
            assert [read(client, f"{path}/{each['id']}") for each in served] == served


def test_runs_are_read_as_they_were_but_for_the_host_of_the_report(
    client: openai.OpenAI, world: World
) -> None:
    for path, served in bodies(world, "runs"):
        assert [without_host(run) for run in listed(client, path)] == list(
            map(without_host, served)
        )
        for run in served:
            found = read(client, f"{path}/{run['id']}")
            assert without_host(found) == without_host(run)
            assert f"run_id={run['id']}" in found["report_url"]


def test_output_items_are_read_as_they_were_in_the_order_of_their_rows(
    client: openai.OpenAI, world: World
) -> None:
    for path, served in bodies(world, "output_items"):
        found = listed(client, path)

        assert sorted(found, key=lambda each: str(each["id"])) == sorted(
            served, key=lambda each: str(each["id"])
        )
        assert [read(client, f"{path}/{each['id']}") for each in found] == found
        rows = [
            each.get("datasource_item_id", 0) for each in found if each.get("status") != "errored"
        ]
        assert rows == sorted(rows)


def test_the_bytes_of_files_are_there(client: openai.OpenAI, world: World) -> None:
    found = {file_id: client.files.content(file_id).content for file_id in world.contents}

    assert found == world.contents


def test_a_run_under_way_stays_as_it_was_seen(client: openai.OpenAI) -> None:
    eval_id = eval_body(7)["id"]

    (run,) = client.evals.runs.list(eval_id, status="in_progress")

    canceled = client.evals.runs.cancel(run.id, eval_id=eval_id)
    assert canceled.to_dict() == run.to_dict()
    assert client.evals.runs.retrieve(run.id, eval_id=eval_id).to_dict() == run.to_dict()


def test_pages_show_imported_evals_and_runs(server: RunningServer, client: openai.OpenAI) -> None:
    for an_eval in client.evals.list():
        path = f"{server.url}/evaluations/{an_eval.id}"
        pages = [path, *(f"{path}?run_id={run.id}" for run in client.evals.runs.list(an_eval.id))]
        for page in pages:
            answer = client._client.get(page)  # noqa: SLF001 - as a browser asks
            assert answer.status_code == 200, page


def test_an_imported_eval_is_run_again_beside_its_old_runs(client: openai.OpenAI) -> None:
    eval_id = eval_body(7)["id"]
    before = [run.id for run in client.evals.runs.list(eval_id)]
    row: Any = {
        "item": {"question": "Capital?", "answer": "Paris"},
        "sample": {"output_text": "Paris"},
    }
    source: Any = {"type": "jsonl", "source": {"type": "file_content", "content": [row]}}

    run_id = client.evals.runs.create(eval_id, data_source=source).id
    run = client.evals.runs.retrieve(run_id, eval_id=eval_id)
    while run.status in ("queued", "in_progress"):
        run = client.evals.runs.retrieve(run_id, eval_id=eval_id)

    after = [each.id for each in client.evals.runs.list(eval_id)]
    client.evals.runs.delete(run_id, eval_id=eval_id)  # other tests compare the list
    assert (run.status, run.result_counts.passed) == ("completed", 1)
    assert after == [*before, run.id]
    (criterion,) = run.per_testing_criteria_results
    assert criterion.testing_criteria == eval_body(7)["testing_criteria"][0]["id"]


def test_an_eval_with_an_unknown_grader_is_not_run_again(client: openai.OpenAI) -> None:
    source: Any = {"type": "jsonl", "source": {"type": "file_content", "content": [{"item": {}}]}}

    with pytest.raises(openai.BadRequestError, match="Foreign") as refused:
        client.evals.runs.create(eval_body(8)["id"], data_source=source)

    assert (refused.value.code, refused.value.param) == (
        "criterion_unusable",
        "testing_criteria[1]",
    )


def test_a_new_name_is_laid_over_the_body(client: openai.OpenAI) -> None:
    eval_id = eval_body(2)["id"]
    before = read(client, f"/evals/{eval_id}")

    client.evals.update(eval_id, name="Rivers")

    assert read(client, f"/evals/{eval_id}") == {**before, "name": "Rivers"}
    client.evals.update(eval_id, name=before["name"])


def test_beside_a_running_server_nothing_is_imported(
    server: RunningServer, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = archive_of(world, tmp_path / "archive")

    assert main(["import", str(archive), "--data-dir", str(server.folder)]) == 2
    assert "Another process serves from" in capsys.readouterr().err


def world_of(client: openai.OpenAI) -> World:
    """Everything that a server of ours has."""
    world = World(pretty=False)
    for file in listed(client, "/files"):
        world.put(("files",), file)
        world.contents[file["id"]] = client.files.content(file["id"]).content
    for an_eval in listed(client, "/evals"):
        world.put(EVALS, an_eval)
        path = (*EVALS, an_eval["id"], "runs")
        for run in listed(client, "/" + "/".join(path)):
            world.put(path, run)
            items = (*path, run["id"], "output_items")
            for item in listed(client, "/" + "/".join(items)):
                world.put(items, item)
    return world


def run_some_rows(client: openai.OpenAI) -> None:
    """An eval with two runs: one of inline rows with odd numbers, one of a file's."""
    rows = [
        {"item": {"n": 15.0, "big": 2**80, "answer": answer}, "sample": {"output_text": "Paris"}}
        for answer in ("Paris", "Lyon", "Paris")
    ]
    text = "\n".join(json.dumps(row) for row in rows).encode()
    file = client.files.create(file=("rows.jsonl", text), purpose="evals")
    criterion = eval_body(1)["testing_criteria"][0]
    grader: Any = {key: criterion[key] for key in ("type", "name", "input", "operation")}
    an_eval = client.evals.create(
        data_source_config={"type": "custom", "item_schema": {"type": "object"}},
        testing_criteria=[grader | {"reference": "{{ item.answer }}"}],
    )
    sources: list[Any] = [
        {"type": "file_content", "content": rows},
        {"type": "file_id", "id": file.id},
    ]
    for source in sources:
        data_source: Any = {"type": "jsonl", "source": source}
        run_id = client.evals.runs.create(an_eval.id, data_source=data_source).id
        while client.evals.runs.retrieve(run_id, eval_id=an_eval.id).status != "completed":
            pass


def test_our_own_server_moves_into_a_second_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_server(tmp_path / "one") as first:
        run_some_rows(first.client())
        served = world_of(first.client())
        assert first.stop() == 0
    archive = str(archive_of(served, tmp_path / "archive"))

    moved = main(["import", archive, "--data-dir", str(tmp_path / "two")])
    at_home = main(["import", archive, "--data-dir", str(tmp_path / "one")])

    assert (moved, at_home) == (0, 0)
    assert capsys.readouterr().out.endswith("Nothing was changed.\n")
    with running_server(tmp_path / "two") as second:
        found = world_of(second.client())
    assert found.contents == served.contents
    for name in ("files", "evals", "output_items"):
        assert bodies(found, name) == bodies(served, name)
    for (path, runs), (same_path, again) in zip(
        bodies(served, "runs"), bodies(found, "runs"), strict=True
    ):
        assert path == same_path
        assert list(map(without_host, again)) == list(map(without_host, runs))
