"""Archives that are hostile or broken, as an import meets them; all bounds are ours."""

import json
import zipfile
from contextlib import AbstractContextManager
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from evald.adapters.archive import source as bounds
from evald.adapters.archive.foreign_source import ForeignSource
from evald.adapters.archive.reader import open_reader
from evald.adapters.archive.shelf import ArchiveUnreadable
from evald.adapters.archive.source import BoundedSource
from evald.adapters.archive.source import open_source as open_bounded
from evald.domain.archive.kinds import Kind
from evald.ports.archive_source import ArchiveDamaged, ArchivedLine
from tests.support.archives import Line, write_archive, zipped
from tests.support.fake_hosted import EVALS as WORLD_EVALS
from tests.support.fake_hosted import small_world
from tests.support.rescued import archived_lines, rescued

pytestmark = pytest.mark.slow  # a second and more in all; `make test` has a minute

EVALS: list[Line] = [((), b'{"id":"eval_1"}'), ((), b'{"id":"eval_2"}')]


def open_source(path: Path) -> AbstractContextManager[BoundedSource | ForeignSource]:
    return open_bounded(path, max_line_bytes=1_000_000)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return write_archive(tmp_path / "archive", {Kind.EVALS: EVALS}, {"file-1": b"rows"})


def manifest_says(archive: Path, path: str) -> None:
    """The manifest names this path for the content of the only file."""
    manifest = json.loads((archive / "manifest.json").read_bytes())
    manifest["contents"] = {"file-1": path}
    manifest["files"][path] = manifest["files"]["files/file-1"]
    (archive / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("is_zipped", [False, True])
def test_lines_and_contents_are_read(archive: Path, is_zipped: bool) -> None:
    with open_source(zipped(archive) if is_zipped else archive) as source:
        assert list(source.lines(Kind.EVALS)) == [
            ArchivedLine(f"evals.jsonl, line {number}", (), text)
            for number, (_, text) in enumerate(EVALS, 1)
        ]
        assert list(source.lines(Kind.RUNS)) == []
        content = source.content("file-1")
        assert content is not None
        assert b"".join(content) == b"rows"
        assert source.content("file-2") is None


async def test_objects_come_list_by_list_in_the_order_of_what_they_belong_to(
    tmp_path: Path,
) -> None:
    world = small_world()
    await rescued(world, tmp_path)
    evals = [thing.id for thing in world.lists[WORLD_EVALS]]

    runs = archived_lines(tmp_path, Kind.RUNS)
    items = archived_lines(tmp_path, Kind.OUTPUT_ITEMS)

    assert [each.parents for each in runs] == [(evals[0],), (evals[1],), (evals[1],)]
    assert [each.parents[0] for each in items] == [evals[0]] * 3 + [evals[1]] * 6


@pytest.mark.parametrize(
    "path", ["../secret", "/etc/passwd", "files/../../secret", "files/sub/x", "secret", "raw/../x"]
)
@pytest.mark.parametrize("is_zipped", [False, True])
def test_no_path_leads_out_of_the_archive(archive: Path, path: str, is_zipped: bool) -> None:
    (archive.parent / "secret").write_bytes(b"rows")
    (archive / "secret").write_bytes(b"rows")
    manifest_says(archive, path)

    with open_source(zipped(archive) if is_zipped else archive) as source:
        content = source.content("file-1")
        assert content is not None
        with pytest.raises(ArchiveDamaged):
            list(content)


@pytest.mark.parametrize("name", ["files/file-1", "evals.jsonl"])
def test_a_link_out_of_the_folder_is_not_followed(archive: Path, name: str) -> None:
    secret = archive.parent / "secret"
    secret.write_bytes((archive / name).read_bytes())
    (archive / name).unlink()
    (archive / name).symlink_to(secret)

    with open_source(archive) as source:
        content = source.content("file-1")
        assert content is not None
        with pytest.raises(ArchiveDamaged):
            list(chain(source.lines(Kind.EVALS), content))


def test_a_line_that_is_too_long_is_passed_over(tmp_path: Path) -> None:
    lines: list[Line] = [EVALS[0], ((), b"x" * 5_000_000), EVALS[1]]
    folder = write_archive(tmp_path / "archive", {Kind.EVALS: lines}, {})

    with open_reader(folder) as reader:
        found = list(BoundedSource(reader, max_line_bytes=100).lines(Kind.EVALS))

    assert [(each.place, each.text) for each in found] == [
        ("evals.jsonl, line 1", EVALS[0][1]),
        ("evals.jsonl, line 2", None),
        ("evals.jsonl, line 3", EVALS[1][1]),
    ]


@pytest.mark.parametrize("text", [b'{"id":"eval_1"}\n', b"1\n2\n3\n"])
def test_another_number_of_lines_than_the_manifest_counts_is_damage(
    archive: Path, text: bytes
) -> None:
    (archive / "evals.jsonl").write_bytes(text)

    with open_source(archive) as source:
        lines = source.lines(Kind.EVALS)
        read = [next(lines) for _ in text.splitlines()]
        with pytest.raises(ArchiveDamaged, match="manifest counts 2"):
            next(lines)

    assert [each.text for each in read] == text.splitlines()


def test_a_zip_that_would_become_far_too_large_is_not_read(archive: Path) -> None:
    (archive / "files" / "file-1").write_bytes(b"\0" * 70_000_000)
    assert bounds.UNRATED_BYTES < 70_000_000
    path = zipped(archive)

    with pytest.raises(ArchiveUnreadable, match="more than 500 times"), open_source(path):
        pass


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_packed_in_another_way_is_not_read(archive: Path, method: int) -> None:
    path = archive.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", method) as packed:
        packed.write(archive / "manifest.json", "manifest.json")

    with pytest.raises(ArchiveUnreadable, match="another way"), open_source(path):
        pass


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"finished_at": None}, ["interrupted"]),
        ({"missing": [{"what": "x", "path": "/x", "reason": "deleted"}]}, ["1 things"]),
    ],
)
def test_gaps_that_the_archive_knows_of_are_told(
    archive: Path, changes: dict[str, Any], said: list[str]
) -> None:
    manifest = json.loads((archive / "manifest.json").read_bytes())
    (archive / "manifest.json").write_text(json.dumps({**manifest, **changes}))

    with open_source(archive) as source:
        notes = source.notes()

    assert [words in note for words, note in zip(said, notes, strict=True)] == [True] * len(said)


def test_a_file_that_is_no_zip_is_no_archive(tmp_path: Path) -> None:
    path = tmp_path / "archive.zip"
    path.write_bytes(b"PK\x03\x04 no")

    with pytest.raises(ArchiveUnreadable, match="neither a folder nor a zip"), open_source(path):
        pass


def test_a_zip_that_was_cut_is_damage_or_none(archive: Path) -> None:
    path = zipped(archive)
    whole = bytearray(path.read_bytes())
    place = whole.index(b'"eval') if b'"eval' in whole else whole.index(b"evals.jsonl") + 14
    whole[place] ^= 0xFF
    path.write_bytes(whole)

    with zipfile.ZipFile(path) as cut:
        assert cut.testzip() is not None
    with open_source(path) as source, pytest.raises(ArchiveDamaged):
        list(source.lines(Kind.EVALS))


@pytest.mark.parametrize("gone", [["manifest.json"], ["manifest.json", "evals.jsonl"]])
def test_an_archive_of_ours_without_its_manifest_is_none_of_another_tools(
    archive: Path, gone: list[str]
) -> None:
    """Its pages and lines would be read twice, and old states of runs beside the latest."""
    (archive / "journal.jsonl").write_text("{}")
    for name in gone:
        (archive / name).unlink()

    with pytest.raises(ArchiveUnreadable, match=r"manifest\.json"), open_source(archive):
        pass


@pytest.mark.parametrize("text", ["", "no", '{"format": "evald-archive", "version": 2}'])
def test_a_manifest_of_ours_that_cannot_be_read_is_refused(archive: Path, text: str) -> None:
    (archive / "manifest.json").write_text(text)

    with pytest.raises(ArchiveUnreadable, match=r"manifest\.json is none"), open_source(archive):
        pass


def test_an_empty_folder_is_no_archive(tmp_path: Path) -> None:
    with pytest.raises(ArchiveUnreadable, match="is empty"), open_source(tmp_path):
        pass
