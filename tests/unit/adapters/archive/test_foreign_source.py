"""Archives of other tools' make, hostile ones among them. What is read from where is ours."""

import json
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from evald.adapters.archive.foreign_notes import NO_ARCHIVE
from evald.adapters.archive.foreign_source import ForeignSource
from evald.adapters.archive.shelf import ArchiveUnreadable
from evald.adapters.archive.source import open_source
from evald.domain.archive.kinds import Kind
from evald.ports.archive_source import ArchiveDamaged
from tests.support.archives import zipped
from tests.support.fake_hosted import World, small_world
from tests.support.foreign_dumps import dump_lines, dump_pages
from tests.support.hosted_bodies import (
    eval_body,
    file_body,
    hosted_id,
    item_body,
    message_body,
    run_body,
)

pytestmark = pytest.mark.slow  # a second and more in all; `make test` has a minute

MOST = 1_000_000
EVAL = hosted_id("eval_", 1)
RUN = hosted_id("evalrun_", 10)


@contextmanager
def opened(path: Path) -> Iterator[ForeignSource]:
    with open_source(path, max_line_bytes=MOST) as source:
        assert isinstance(source, ForeignSource)
        yield source


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "dump"


def write(folder: Path, **files: Any) -> Path:
    """The folder with these files, whose names have `__` for a dot, `___` for a slash."""
    for name, content in files.items():
        place = folder / name.replace("___", "/").replace("__", ".")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return folder


def read(source: ForeignSource, kind: Kind) -> list[Any]:
    return [json.loads(each.text or b"") for each in source.lines(kind)]


def ids(source: ForeignSource, kind: Kind) -> list[str]:
    return [each["id"] for each in read(source, kind)]


def all_ids(world: World) -> dict[str, list[str]]:
    """The ids of the world's objects by kind, each kind by the times when they were made."""
    found: dict[str, list[tuple[int, str]]] = {kind.value: [] for kind in Kind}
    for path, things in world.lists.items():
        name = path[-1]
        kind = f"chat_{name}" if name == "completions" else name
        kind = "chat_completion_messages" if name == "messages" else kind
        for each in things:
            body = json.loads(each.text)
            found[kind].append((body.get("created_at", body.get("created", 0)), each.id))
    return {kind: [own_id for _, own_id in sorted(each)] for kind, each in found.items()}


def found_ids(source: ForeignSource) -> dict[str, list[str]]:
    return {
        kind.value: sorted(ids(source, kind)) if kind is Kind.OUTPUT_ITEMS else ids(source, kind)
        for kind in Kind
    }


Dump = Callable[[World, Path], Path]


@pytest.mark.parametrize("is_zipped", [False, True])
@pytest.mark.parametrize("dump", [dump_pages, dump_lines])
def test_dumps_by_hand_are_read_whole(folder: Path, dump: Dump, is_zipped: bool) -> None:
    world = small_world()
    path = dump(world, folder)

    with opened(zipped(path) if is_zipped else path) as source:
        found = found_ids(source)
        if dump is dump_pages:
            contents = {each: b"".join(source.content(each) or ()) for each in world.contents}
            assert contents == world.contents

    assert found == all_ids(world)
    assert (source.problems(), source.notes()) == ([], [])


@pytest.mark.parametrize(
    "name", ["evals.json", "evals", "evals.txt", "evals.ndjson", "x.JSON", "blob_1"]
)
def test_a_single_file_is_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"\xef\xbb\xbf\n" + json.dumps(eval_body(1)).encode())
    (tmp_path / "neighbour.json").write_text(json.dumps(eval_body(2)))

    with opened(path) as source:
        assert ids(source, Kind.EVALS) == [EVAL]
        assert source.content("neighbour.json") is None
    assert (source.problems(), source.notes()) == ([], [])


def test_evals_come_in_the_order_in_which_they_were_made(folder: Path) -> None:
    numbers = [5, 3, 9, 1]
    files = {f"{place}__json": eval_body(number) for place, number in enumerate(numbers)}

    with opened(write(folder, **files)) as source:
        assert ids(source, Kind.EVALS) == [hosted_id("eval_", each) for each in sorted(numbers)]


def test_messages_of_one_completion_come_together(folder: Path) -> None:
    """As it is by their places among its messages that they are known."""
    bodies = [message_body(f"chatcmpl-{name}", index) for index in (0, 1) for name in "ab"]

    with opened(write(folder, messages__json=bodies)) as source:
        lines = list(source.lines(Kind.CHAT_COMPLETION_MESSAGES))

    assert [each.parents for each in lines] == [("chatcmpl-a",)] * 2 + [("chatcmpl-b",)] * 2


def test_parents_stand_in_the_names_of_folders_too(folder: Path) -> None:
    run, item = run_body(10, EVAL), item_body(1, EVAL, RUN, row=0)
    del run["eval_id"], item["eval_id"], item["run_id"]
    write(folder, **{f"{EVAL}___runs__json": [run], f"{EVAL}___{RUN}___items__json": [item]})

    with opened(folder) as source:
        (a_run,), (an_item,) = source.lines(Kind.RUNS), source.lines(Kind.OUTPUT_ITEMS)

    assert (a_run.parents, an_item.parents) == ((EVAL,), (EVAL, RUN))
    assert json.loads(an_item.text or b"")["run_id"] == RUN


CONTENT = b'{"item": {"object": "eval", "id": "eval_no"}}\n'


@pytest.mark.parametrize(
    "name",
    [
        "files/file-Rows1.jsonl",
        "file-Rows1",
        "file-Rows1.capitals.jsonl",
        "file-Rows1_capitals.csv",
        "files/file-Rows1/capitals.jsonl",
        "file-Rows1/content",
        "file-Rows1.json",
    ],
)
@pytest.mark.parametrize("is_zipped", [False, True])
def test_a_content_is_known_by_the_id_in_its_name(folder: Path, name: str, is_zipped: bool) -> None:
    """Whatever is in it: only of a `.json` are the objects looked for."""
    content = CONTENT if not name.endswith(".json") else b'[{"item": 1}]'
    write(folder, files__json=[file_body("file-Rows1", number=1, size=len(content))])
    (folder / name).parent.mkdir(exist_ok=True, parents=True)
    (folder / name).write_bytes(content)

    with opened(zipped(folder) if is_zipped else folder) as source:
        assert ids(source, Kind.FILES) == ["file-Rows1"]
        assert ids(source, Kind.EVALS) == []
        assert b"".join(source.content("file-Rows1") or ()) == content
        assert source.content("file-Rows2") is None
    assert (source.problems(), source.notes()) == ([], [])


def test_a_files_own_object_may_have_its_name_too(folder: Path) -> None:
    body = file_body("file-Rows1", number=1, size=4)
    write(folder, **{"file-Rows1__json": body, "file-Rows1__jsonl": b"rows"})

    with opened(folder) as source:
        assert read(source, Kind.FILES) == [body]
        assert b"".join(source.content("file-Rows1") or ()) == b"rows"


@pytest.mark.parametrize(
    "name", ["file-list.jsonl", "file-2/x/evals.jsonl", "file-2-x/evals.jsonl"]
)
def test_a_name_without_an_id_is_none_of_a_content(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_text(json.dumps(eval_body(1)))

    with opened(folder) as source:
        assert ids(source, Kind.EVALS) == [EVAL]


def test_a_content_without_an_object_gets_one(folder: Path) -> None:
    write(folder, evals__json=eval_body(1), **{"files___file-Rows1__jsonl": CONTENT})

    with opened(folder) as source:
        (body,) = read(source, Kind.FILES)

    assert body == {
        "id": "file-Rows1",
        "object": "file",
        "bytes": len(CONTENT),
        "created_at": 0,
        "filename": "file-Rows1.jsonl",
        "purpose": "evals",
    }
    (note,) = source.notes()
    assert note.startswith("files/file-Rows1.jsonl: it is a content without its object")


@pytest.mark.parametrize(
    ("files", "notes"),
    [
        ({"README__md": b"[no](x)"}, ["README.md: it is neither JSON nor named by a file's id."]),
        ({"x__txt": b"[no](x)"}, ["x.txt: it is neither JSON nor named by a file's id."]),
        (
            {"package__json": {"name": "x"}},
            ["package.json: nothing in it is an object of the API."],
        ),
        (
            {"x__json": [{"object": "response", "id": "x"}] * 2},
            ["x.json: 2 × 'response', which is nothing that is imported."],
        ),
        (
            {"x__json": {"object": "list", "data": [run_body(1, EVAL)], "has_more": True}},
            [f"The list of runs of {EVAL} goes on behind its last page in this archive."],
        ),
        (
            {"__git___config": b"{", "a___.x": b"{"},
            ["2 × a file or folder whose name begins with a dot, passed over."],
        ),
        (
            {"x__json": {"rows": [{"object": 1}]}},
            ["1 × `rows`, passed over: output items and files have them."],
        ),
    ],
)
def test_what_is_passed_over_is_told(folder: Path, files: dict[str, Any], notes: list[str]) -> None:
    write(folder, evals__json=eval_body(1), **files)

    with opened(folder) as source:
        assert ids(source, Kind.EVALS) == [EVAL]
    assert source.problems() == []
    assert source.notes() == notes


LONG = ["y" * 1_000] * (MOST // 1_000)
WIDE = json.dumps({**eval_body(2), "x": "é" * (MOST - 1_000)}, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"x__json": b"["}, "x.json, line 1: it ends too early."),
        ({"x__json": b"no"}, "x.json, line 1: it is not JSON: Expecting value."),
        ({"x__jsonl": b'{"a": 1}\n{"a"\n'}, "x.jsonl, line 2: it is not JSON"),
        ({"x__json": {**eval_body(2), "x": LONG}}, "x.json, line 1: it is longer than"),
        ({"x__json": {"a": [{**eval_body(2), "x": LONG}]}}, "line 1, at .a[0]: it is longer"),
        ({"x__json": WIDE}, "x.json, line 1: it is longer than"),
        ({"file-A1": b"a", "file-A1__x": b"b"}, "file-A1.x: it is a second content of 'file-A1'"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(
    folder: Path, files: dict[str, Any], problem: str
) -> None:
    write(folder, evals__json=eval_body(1), **files)

    with opened(folder) as source:
        assert ids(source, Kind.EVALS) == [EVAL]

    (said,) = source.problems()
    assert problem in said


def test_links_out_of_the_folder_are_not_followed(folder: Path) -> None:
    outside = write(folder.parent / "outside", evals__json=eval_body(2))
    write(folder, evals__json=eval_body(1))
    (folder / "file.json").symlink_to(outside / "evals.json")
    (folder / "folder").symlink_to(outside)
    (folder / "file-Rows1").symlink_to(outside / "evals.json")
    (folder / "gone.json").symlink_to(outside / "nothing")
    (folder / "circle").symlink_to(folder)

    with opened(folder) as source:
        assert ids(source, Kind.EVALS) == [EVAL]
        assert source.content("file-Rows1") is None

    names = ["circle", "file-Rows1", "file.json", "folder", "gone.json"]
    assert source.problems() == [
        f"{name}: it is no file within the archive, and was not read." for name in names
    ]


def test_what_is_no_plain_file_is_not_opened(folder: Path) -> None:
    write(folder, evals__json=eval_body(1))
    os.mkfifo(folder / "pipe.json")

    with opened(folder) as source:
        assert ids(source, Kind.EVALS) == [EVAL]
    assert source.problems() == ["pipe.json: it is no file within the archive, and was not read."]


@pytest.mark.parametrize("name", ["../evals.json", "/etc/evals.json", "a/../../b.json"])
def test_names_in_a_zip_lead_nowhere(tmp_path: Path, name: str) -> None:
    path = tmp_path / "dump.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, json.dumps(eval_body(2)))
        archive.writestr("evals.json", json.dumps(eval_body(1)))

    with opened(path) as source:
        assert ids(source, Kind.EVALS) == [EVAL]
    (problem,) = source.problems()
    assert "no file within the archive" in problem


def test_a_zip_that_would_become_far_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "dump.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("evals.json", b" " * 70_000_000)

    with pytest.raises(ArchiveUnreadable, match="more than 500 times"), opened(path):
        pass


def test_a_zip_that_was_changed_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "dump.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("evals.json", json.dumps(eval_body(1)))
        archive.writestr("file-Rows1", "rows" * 100)
    whole = bytearray(path.read_bytes())
    for mark in (b"Capitals", b"rowsrows"):
        whole[whole.index(mark)] ^= 0xFF
    path.write_bytes(whole)

    with opened(path) as source:
        assert ids(source, Kind.FILES) == ["file-Rows1"]
        with pytest.raises(ArchiveDamaged, match="cannot be read"):
            list(source.content("file-Rows1") or ())
    assert any("evals.json" in each for each in source.problems())


def test_a_manifest_of_another_tool_is_just_a_file(folder: Path) -> None:
    write(folder, manifest__json={"tool": "x"}, evals__json=eval_body(1))

    with opened(folder) as source:
        assert ids(source, Kind.EVALS) == [EVAL]


@pytest.mark.parametrize("files", [{"notes__md": b"x"}, {"x__json": b"{}"}, {"x__json": b"{"}])
def test_a_folder_without_objects_is_no_archive(folder: Path, files: dict[str, Any]) -> None:
    with opened(write(folder, **files)) as source:
        assert ids(source, Kind.EVALS) == []

    assert source.problems()[0] == NO_ARCHIVE


def test_names_are_shown_without_what_steers_a_terminal(folder: Path) -> None:
    write(folder, **{"a\x1b[31m\n__json": b"no", "evals__json": eval_body(1)})

    with opened(folder) as source:
        ids(source, Kind.EVALS)

    (problem,) = source.problems()
    assert problem.startswith("a?[31m?.json, line 1:")


def test_a_name_that_is_no_utf_8_can_be_told(folder: Path) -> None:
    write(folder, evals__json=eval_body(1))
    (folder / os.fsdecode(b"\xff.json")).write_text(json.dumps(eval_body(2)))

    with opened(folder) as source:
        assert len(ids(source, Kind.EVALS)) == 2


def test_of_what_goes_wrong_more_often_than_can_be_told_the_number_is(folder: Path) -> None:
    lines = b"{\n" * 5_000 + json.dumps(eval_body(1)).encode()

    with opened(write(folder, x__jsonl=lines)) as source:
        ids(source, Kind.EVALS)

    assert len(source.problems()) == 1_000


def test_a_closed_source_reads_no_more(folder: Path) -> None:
    """A reading in another thread ends with an import that is interrupted."""
    write(folder, evals__json=eval_body(1), **{"file-Rows1": b"rows"})

    with opened(folder) as source:
        content = source.content("file-Rows1")
        assert content is None
        ids(source, Kind.EVALS)
        content = source.content("file-Rows1")
    assert content is not None
    with pytest.raises(ArchiveDamaged, match="not read to its end"):
        list(content)
