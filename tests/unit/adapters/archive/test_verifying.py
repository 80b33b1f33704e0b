"""Every kind of damage to an archive is noticed, in the folder and in the zip. Ours."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evald.adapters.archive.packing import pack
from evald.adapters.archive.reader import open_reader
from evald.adapters.archive.verifying import problems
from tests.support.fake_hosted import COMPLETIONS, small_world
from tests.support.hosted_bodies import message_body
from tests.support.rescued import rescued

Damage = Callable[[Path], None]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("original") / "archive"


@pytest.fixture
async def folder(original: Path, tmp_path: Path) -> Path:
    """An archive of its own for each test."""
    if not original.exists():
        await rescued(small_world(), original)
    shutil.copytree(original, tmp_path / "archive")
    return tmp_path / "archive"


def found(path: Path) -> list[str]:
    with open_reader(path) as reader:
        return list(problems(reader))


def changed(name: str, change: Callable[[bytes], bytes]) -> Damage:
    def damage(folder: Path) -> None:
        path = folder / name
        path.write_bytes(change(path.read_bytes()))

    return damage


def manifest_with(change: Callable[[Any], None]) -> Damage:
    def damage(folder: Path) -> None:
        path = folder / "manifest.json"
        manifest = json.loads(path.read_bytes())
        change(manifest)
        path.write_text(json.dumps(manifest))

    return damage


def first_page(folder: Path) -> Path:
    return min((folder / "raw" / "output_items").iterdir())


def in_summed_file(name: str, change: Callable[[bytes], bytes]) -> Damage:
    """A change that size and SHA-256 in the manifest agree with."""

    def damage(folder: Path) -> None:
        changed(name, change)(folder)
        content = (folder / name).read_bytes()
        sums = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        manifest_with(lambda manifest: manifest["files"].update({name: sums}))(folder)

    return damage


DAMAGES = [
    pytest.param(
        lambda folder: first_page(folder).unlink(),
        "is not there; the manifest says",
        id="page gone",
    ),
    pytest.param(
        lambda folder: (folder / "files" / "file-Rows1").unlink(), "is not there", id="content gone"
    ),
    pytest.param(
        changed("runs.jsonl", lambda text: text[:-5]), "bytes; the manifest says", id="cut short"
    ),
    pytest.param(
        changed("files/file-Rows1", lambda text: text[:-1] + b"?"),
        "has another SHA-256",
        id="one byte of a content",
    ),
    pytest.param(
        changed("evals.jsonl", lambda text: text.replace(b"Capitals", b"capitals")),
        "evals.jsonl has another SHA-256",
        id="one byte of a line",
    ),
    pytest.param(
        changed("journal.jsonl", lambda text: text + b"{}\n"),
        "journal.jsonl has",
        id="journal grew",
    ),
    pytest.param(
        lambda folder: (folder / "raw" / "evals" / "00000099.json").write_bytes(b"{}"),
        "raw/evals/00000099.json is not in the manifest",
        id="page too many",
    ),
    pytest.param(
        lambda folder: (folder / "files" / "other").write_bytes(b"{}"),
        "files/other is not in the manifest",
        id="content too many",
    ),
    pytest.param(
        in_summed_file("evals.jsonl", lambda text: text + text.splitlines(keepends=True)[0]),
        "evals.jsonl has 3 lines; the manifest counts 2",
        id="a line doubled",
    ),
    pytest.param(
        in_summed_file("evals.jsonl", lambda text: text.splitlines(keepends=True)[0] * 2),
        "evals.jsonl has 1 different ids; the manifest says 2",
        id="a line in another's stead",
    ),
    pytest.param(
        in_summed_file("evals.jsonl", lambda text: b'{"no": "id"}\n' + text.split(b"\n", 1)[1]),
        "evals.jsonl, line 1: it is no JSON object with an id",
        id="a line without an id",
    ),
    pytest.param(
        in_summed_file("evals.jsonl", lambda text: b"[" * 9_000 + b"\n" + text.split(b"\n", 1)[1]),
        "evals.jsonl, line 1: it is no JSON",
        id="a line that is no JSON",
    ),
    pytest.param(
        in_summed_file("evals.jsonl", lambda text: text[:-1]),
        "evals.jsonl has a line without an end",
        id="a last line without an end",
    ),
    pytest.param(
        manifest_with(lambda manifest: manifest["kinds"].pop("runs")),
        "The manifest does not count runs",
        id="a kind not counted",
    ),
    pytest.param(
        manifest_with(lambda manifest: manifest["files"].pop("runs.jsonl")),
        "runs.jsonl is not in the manifest",
        id="a file not summed",
    ),
    pytest.param(
        manifest_with(lambda manifest: manifest["kinds"]["runs"]["lists"].pop()),
        "lists of runs do not add up",
        id="a list not counted",
    ),
    pytest.param(
        manifest_with(lambda manifest: manifest["contents"].update({"file-9": "files/file-9"})),
        "The content of file 'file-9' is not among",
        id="a content that is not there",
    ),
    pytest.param(
        manifest_with(lambda manifest: manifest.update({"finished_at": None})),
        "The rescue was interrupted",
        id="interrupted",
    ),
    pytest.param(
        manifest_with(
            lambda manifest: manifest["files"].update(
                {"../secret": {"bytes": 1, "sha256": "0" * 64}}
            )
        ),
        "../secret is not there",
        id="a path that leads out",
    ),
]


async def test_an_archive_as_it_was_made_has_no_problems(folder: Path) -> None:
    assert found(folder) == []
    assert found(pack(folder)) == []


@pytest.mark.parametrize(("damage", "sentence"), DAMAGES)
async def test_damage_is_noticed(damage: Damage, sentence: str, folder: Path) -> None:
    damage(folder)

    assert any(sentence in problem for problem in found(folder)), found(folder)


async def test_what_lies_beside_the_archive_is_nobodys_concern(folder: Path) -> None:
    (folder / "my notes.txt").write_text("call Anna")

    assert found(folder) == []


async def test_an_id_that_a_server_gives_twice_is_no_damage(tmp_path: Path) -> None:
    """Messages of different completions, by a server that counts them from 0 each time."""
    world = small_world()
    for completion in world.lists[COMPLETIONS]:
        path = (*COMPLETIONS, completion.id, "messages")
        world.lists[path] = []
        world.put(path, message_body("message", 0))

    manifest = await rescued(world, tmp_path)

    kind = manifest.kinds[list(manifest.kinds)[-1]]
    assert (kind.objects, kind.ids) == (2, 1)
    assert found(tmp_path) == []
