"""Imports into a running server: sent by `evald import --url`, and by hand; all of it is ours."""

import json
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from evald.cli.main import main
from tests.engine.runs import create_eval, create_run, has_ended, wait_for
from tests.support.archives import archive_of, zipped
from tests.support.fake_hosted import EVALS, World, add_run, small_world
from tests.support.hosted_bodies import eval_body, hosted_id
from tests.support.mock_provider import MockProvider
from tests.support.running_provider import running_provider
from tests.support.running_server import RunningServer, running_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

IMPORTS = "/evald/imports"
Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with (
        running_provider(MockProvider()) as mock,
        running_server(
            tmp_path_factory.mktemp("data"), EVALD_UPSTREAM_BASE_URL=mock.base_url
        ) as running,
    ):
        yield running


def post(client: openai.OpenAI, body: bytes, *, query: str = "") -> Any:
    options: Any = {"headers": {"Content-Type": "application/zip"}}
    return client.post(f"{IMPORTS}{query}", cast_to=object, content=body, options=options)


def ended(client: openai.OpenAI, import_id: str) -> Any:
    end = time.monotonic() + 60
    while True:
        found: Any = client.get(f"{IMPORTS}/{import_id}", cast_to=object)
        if found["status"] in ("completed", "failed"):
            return found
        assert time.monotonic() < end
        time.sleep(0.05)


def items_of(server: RunningServer, import_id: str) -> Any:
    found: Any = server.client().get(f"{IMPORTS}/{import_id}", cast_to=object)
    return found["counts"]["output_items"]


def one_eval(number: int) -> World:
    world = World(pretty=False)
    eval_id = world.put(EVALS, eval_body(number)).id
    add_run(world, eval_id, 10 * number, items=6)
    return world


def test_an_archive_is_sent_and_comes_in_as_into_a_folder(
    server: RunningServer, tmp_path: Path, capsys: Captured
) -> None:
    world = small_world()
    archive = archive_of(world, tmp_path / "archive")

    codes, said = [], []
    for options in (["--dry-run"], [], []):
        codes.append(main(["import", str(archive), "--url", server.url, *options]))
        said.append(capsys.readouterr().out)

    assert codes == [0, 0, 0]
    assert said[0] == said[1] + "This is what would be done; nothing was changed.\n"
    assert "output items: 9 new, 0 already there\n" in said[1]
    assert said[2].endswith("Nothing was changed.\n")
    client = server.client()
    for thing in world.lists[EVALS]:
        served = json.loads(thing.text)
        assert client.get(f"/evals/{served['id']}", cast_to=object) == served
    for file_id, content in world.contents.items():
        assert client.files.content(file_id).content == content


def test_old_and_new_runs_stand_in_one_list_by_age(server: RunningServer, tmp_path: Path) -> None:
    client = server.client()
    own = create_eval(client)
    assert main(["import", str(archive_of(one_eval(31), tmp_path)), "--url", server.url]) == 0
    imported = hosted_id("eval_", 31)

    asked: list[Any] = [{"item": {"question": "Which river?", "answer": "Aare"}}]
    new_run = create_run(client, imported, asked)
    wait_for(server, imported, new_run, until=has_ended)

    newest = client.evals.list(order="desc", limit=1).data
    assert [each.id for each in newest] == [own]
    runs = client.evals.runs.list(imported, order="desc").data
    assert [each.id for each in runs] == [new_run, hosted_id("evalrun_", 310)]


def test_an_import_by_hand_is_answered_at_once_and_looked_at_later(
    server: RunningServer, tmp_path: Path
) -> None:
    client = server.client()
    archive_of(one_eval(41), tmp_path / "a")
    body = zipped(tmp_path / "a").read_bytes()

    begun = post(client, body)
    done = ended(client, begun["id"])

    assert begun["object"] == "evald.import"
    assert begun["status"] == "queued"
    assert done["status"] == "completed"
    assert done["counts"]["output_items"]["new"] == 6
    assert (done["problems"], done["error"], done["dry_run"]) == ([], None, False)


@pytest.mark.parametrize(
    ("body", "query", "code"),
    [
        (b"no zip", "", "invalid_archive"),
        (b"", "", "invalid_archive"),
        (b"x", "?dry_run=perhaps", "invalid_value"),
    ],
)
def test_what_is_no_archive_is_refused_with_a_sentence(
    server: RunningServer, body: bytes, query: str, code: str
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        post(server.client(), body, query=query)

    assert refused.value.code == code
    assert "blob" not in refused.value.message


def test_a_form_is_refused_telling_how_to_send_it(server: RunningServer) -> None:
    with pytest.raises(openai.APIStatusError, match="--data-binary"):
        server.client().post(IMPORTS, cast_to=object, files={"file": b"x"}, body={})


def test_an_unknown_import_is_not_found(server: RunningServer) -> None:
    with pytest.raises(openai.NotFoundError, match="No import found with id 'import_x'"):
        server.client().get(f"{IMPORTS}/import_x", cast_to=object)


def test_no_server_is_told_in_a_sentence(tmp_path: Path, capsys: Captured) -> None:
    archive = archive_of(one_eval(51), tmp_path)

    assert main(["import", str(archive), "--url", "http://127.0.0.1:9"]) == 2
    assert "http://127.0.0.1:9 was not reached" in capsys.readouterr().err


@pytest.mark.parametrize(
    "url", ["nonsense", "ftp://x", "http://", "http://127.0.0.1:99999", "http://[::1"]
)
def test_what_is_no_address_is_told_with_one_that_is(
    url: str, tmp_path: Path, capsys: Captured
) -> None:
    archive = archive_of(one_eval(52), tmp_path)

    assert main(["import", str(archive), "--url", url]) == 2
    assert f"'{url}' is no address of a server" in capsys.readouterr().err


def test_an_import_survives_the_end_of_its_server(tmp_path: Path) -> None:
    world = World(pretty=False)
    eval_id = world.put(EVALS, eval_body(61)).id
    for number in range(8):
        add_run(world, eval_id, 610 + number, items=1_000)
    archive_of(world, tmp_path / "a")
    body = zipped(tmp_path / "a").read_bytes()

    with running_server(tmp_path / "data") as server:
        import_id = post(server.client(), body)["id"]
        while items_of(server, import_id)["new"] < 1_500:  # of which a thousand are committed
            time.sleep(0.01)
        server.kill()
        server.start()
        done = ended(server.client(), import_id)
        counts = done["counts"]["output_items"]
        last = server.client().evals.runs.output_items.list(
            hosted_id("evalrun_", 617), eval_id=eval_id, limit=100, order="desc"
        )

    assert done["status"] == "completed"
    assert counts["new"] < 8_000
    assert counts["new"] + counts["there"] == 8_000
    assert len(last.data) == 100


def test_a_zip_that_would_become_far_too_large_is_refused(
    server: RunningServer, tmp_path: Path
) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        file.writestr("evals.jsonl", bytes(100 * 1_048_576))

    with pytest.raises(openai.BadRequestError, match="would become"):
        post(server.client(), bomb.read_bytes())
