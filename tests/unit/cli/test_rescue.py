"""`evald rescue` as it is called: its exit codes, its sentences, what it shows. Ours."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from evald.cli.main import main
from tests.support.fake_hosted import (
    COMPLETIONS,
    EVALS,
    FILES,
    KEY,
    World,
    running_world,
    small_world,
)
from tests.support.rescued import jsonl

pytestmark = pytest.mark.slow  # a second and more in all; `make test` has a minute

VARIABLES = [
    "OPENAI_API_KEY",
    "AZURE_OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_ORG_ID",
    "OPENAI_PROJECT_ID",
    "http_proxy",
    "HTTP_PROXY",
]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.fixture
def world() -> World:
    return small_world()


@pytest.fixture
def url(world: World) -> Iterator[str]:
    with running_world(world) as base_url:
        yield base_url


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "home"


def rescue(folder: Path, url: str, *more: str) -> int:
    return main(["rescue", "--out", str(folder), "--base-url", url, *more])


def test_all_of_it_ends_with_0_and_a_table(
    folder: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rescue(folder, url) == 0

    said = capsys.readouterr()
    rows = [line.split() for line in said.out.splitlines()]
    assert ["output", "items", "9", "9"] in rows
    assert ["contents", "of", "files", "2", "2"] in rows
    assert f"All that {url} offers is in {folder}." in said.out
    assert KEY not in said.out + said.err


def test_a_deleted_file_ends_with_1_and_its_name(
    folder: Path, world: World, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    world.remove(FILES, "file-Else2")
    world.forbidden.add((*COMPLETIONS, world.lists[COMPLETIONS][0].id, "messages"))

    assert rescue(folder, url) == 1

    said = capsys.readouterr()
    assert "Could not be had (deleted): 1" in said.out
    assert "file file-Else2 — No such object" in said.out
    assert "Could not be had (forbidden): 1" in said.out
    assert "Not all could be had" in said.err


def test_of_many_things_that_are_missing_some_are_shown(
    folder: Path, world: World, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    world.forbidden |= {path for path in world.lists if len(path) > 2}

    assert rescue(folder, url) == 1

    assert "Could not be had (forbidden): 4" in capsys.readouterr().out


def test_what_a_server_does_not_offer_ends_with_0(
    folder: Path, world: World, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    world.not_offered.add("completions")

    assert rescue(folder, url) == 0

    assert ["chat", "completions", "not", "offered", "0"] in [
        line.split() for line in capsys.readouterr().out.splitlines()
    ]


def test_a_server_that_offers_nothing_may_be_another_one(
    folder: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rescue(folder, url.removesuffix("/v1")) == 1

    assert "does the base URL end in /v1?" in capsys.readouterr().err


def test_a_refused_key_ends_with_2_and_leaves_a_whole_archive_whole(
    folder: Path, url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rescue(folder, url) == 0
    before = jsonl(folder)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-bad")

    assert rescue(folder, url) == 2

    assert f"{url} refuses the key: Incorrect API key" in capsys.readouterr().err
    assert jsonl(folder) == before
    assert main(["rescue", "--verify", str(folder)]) == 0


def test_a_missing_key_ends_with_2_before_anything_is_made(
    folder: Path, url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")

    assert rescue(folder, url) == 2

    assert "evald: No key: set OPENAI_API_KEY in the environment." in capsys.readouterr().err
    assert not folder.exists()


def test_a_folder_of_something_else_ends_with_2(
    folder: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.mkdir()
    (folder / "thesis.txt").write_text("all of it")

    assert rescue(folder, url) == 2

    assert "is not empty and holds no archive" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "one of the arguments --out --verify is required"),
        (["--out", "a", "--verify", "b"], "not allowed with argument"),
        (["--out", "a", "--concurrency", "0"], "is not a number from 1 to 64"),
        (["--out", "a", "--concurrency", "many"], "is not a number from 1 to 64"),
    ],
)
def test_a_call_that_makes_no_sense_ends_with_2(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["rescue", *arguments])

    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err


def test_a_base_url_that_is_none_ends_with_2(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rescue(folder, "api.openai.com/v1") == 2

    assert "must be an http or https address" in capsys.readouterr().err


def test_where_and_whose_may_stand_in_the_environment(
    folder: Path, world: World, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj_1")

    assert main(["rescue", "--out", str(folder)]) == 0

    headers = world.asked[0].headers
    assert (headers["openai-organization"], headers["openai-project"]) == ("org-1", "proj_1")


def test_flags_come_before_the_environment(
    folder: Path, world: World, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://elsewhere.invalid/v1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj_1")

    assert rescue(folder, url, "--project", "proj_2", "--concurrency", "1") == 0

    assert world.asked[0].headers["openai-project"] == "proj_2"


def test_azure_is_asked_in_its_own_way(
    folder: Path, world: World, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-other")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)

    assert rescue(folder, url, "--azure", "--api-version", "preview") == 0

    assert world.asked[0].headers["api-key"] == KEY
    assert world.asked[0].query["api-version"] == "preview"


def test_a_zip_is_made_beside_the_folder_and_can_be_verified(
    folder: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rescue(folder, url, "--zip") == 0

    place = folder.with_name("home.zip")
    assert f"Packed into {place}." in capsys.readouterr().out
    assert main(["rescue", "--verify", str(place)]) == 0
    said = capsys.readouterr().out
    assert "2 evals, 3 runs, 9 output_items" in said
    assert f"{place} is what its manifest says." in said


def test_a_verification_tells_of_damage_and_ends_with_1(
    folder: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rescue(folder, url)
    (folder / "runs.jsonl").write_bytes(b"")

    assert main(["rescue", "--verify", str(folder)]) == 1

    said = capsys.readouterr()
    assert "runs.jsonl has 0 bytes; the manifest says" in said.out
    assert "is not what its manifest says" in said.err


def test_a_verification_of_nothing_ends_with_1(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rescue", "--verify", str(folder)]) == 1

    assert "is neither a folder nor a zip" in capsys.readouterr().err


def test_a_verification_says_that_not_all_could_be_had(
    folder: Path, world: World, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    world.forbidden.add((*EVALS, world.lists[EVALS][0].id, "runs"))
    rescue(folder, url)

    assert main(["rescue", "--verify", str(folder)]) == 0

    assert "(missing: 1)" in capsys.readouterr().out


def test_a_damaged_archive_is_not_packed_and_ends_with_1(
    folder: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rescue(folder, url)
    content = folder / "files" / "file-Rows1"
    content.write_bytes(content.read_bytes().swapcase())

    assert rescue(folder, url, "--zip") == 1

    assert "Not packed: files/file-Rows1 has another SHA-256" in capsys.readouterr().err


def test_runs_under_way_are_spoken_of(
    folder: Path, world: World, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = next(path for path in world.lists if path[-1] == "runs")
    thing = world.lists[runs][0]
    world.lists[runs][0] = type(thing)(
        thing.id, thing.text.replace(b'"status": "completed"', b'"status": "in_progress"')
    )

    assert rescue(folder, url) == 0

    assert "1 runs had not ended; a later call completes them." in capsys.readouterr().out
