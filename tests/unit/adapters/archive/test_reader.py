"""Reading an archive that may be anybody's: nothing it says leads out of it. Ours."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evald.adapters.archive.reader import ArchiveReader, open_reader
from evald.adapters.archive.shelf import ArchiveUnreadable
from tests.support.fake_hosted import small_world
from tests.support.rescued import rescued

pytestmark = pytest.mark.slow  # a second and more in all; `make test` has a minute


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    await rescued(small_world(), tmp_path / "archive")
    return tmp_path / "archive"


def change_manifest(folder: Path, change: Callable[[Any], None]) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_bytes())
    change(manifest)
    path.write_text(json.dumps(manifest))


async def test_a_content_comes_in_pieces(folder: Path) -> None:
    with open_reader(folder) as reader:
        content = b"".join(reader.content("file-Rows1"))

    assert content == small_world().contents["file-Rows1"]


async def test_a_content_that_is_not_there_is_refused(folder: Path) -> None:
    with (
        open_reader(folder) as reader,
        pytest.raises(ArchiveUnreadable, match="no content of file 'file-9'"),
    ):
        list(reader.content("file-9"))


@pytest.mark.parametrize(
    "path",
    [
        "../outside",
        "/etc/passwd",
        "files/../../outside",
        "raw/x",
        "files/a/b",
        "notes.txt",
        "files/..",
        "files/",
        "raw/evals/../../../outside",
        "files/\x00",
    ],
)
async def test_a_path_that_is_none_of_an_archives_leads_nowhere(folder: Path, path: str) -> None:
    outside = folder.parent / "outside"
    outside.write_text("x")
    (folder / "notes.txt").write_text("x")

    def change(manifest: Any) -> None:
        manifest["contents"]["file-1"] = path
        manifest["files"][path] = {"bytes": 1, "sha256": ""}

    change_manifest(folder, change)

    with open_reader(folder) as reader, pytest.raises(ArchiveUnreadable, match="is not there"):
        list(reader.content("file-1"))


async def test_a_link_that_leads_out_is_not_followed(folder: Path) -> None:
    outside = folder.parent / "outside"
    outside.write_bytes((folder / "files" / "file-Rows1").read_bytes())
    (folder / "files" / "file-Rows1").unlink()
    (folder / "files" / "file-Rows1").symlink_to(outside)

    with open_reader(folder) as reader, pytest.raises(ArchiveUnreadable, match="is not there"):
        list(reader.content("file-Rows1"))


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"format": "evald-archive", "version": 2}', "\x00"]
)
def test_a_folder_without_a_manifest_of_ours_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)

    with pytest.raises(ArchiveUnreadable, match=r"manifest\.json is none"), open_reader(tmp_path):
        pass


def test_a_folder_without_any_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveUnreadable, match="is not there"), open_reader(tmp_path):
        pass


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"text"])
def test_a_file_that_is_no_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(content)

    with (
        pytest.raises(ArchiveUnreadable, match="neither a folder nor a zip"),
        open_reader(tmp_path / "a.zip"),
    ):
        pass


def test_nothing_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveUnreadable, match="neither"), open_reader(tmp_path / "nothing"):
        pass


async def test_a_manifest_beyond_all_measure_is_refused(folder: Path) -> None:
    class Large:
        def __init__(self, reader: ArchiveReader) -> None:
            self.inner = reader.shelf

        def size(self, name: str) -> int:
            return 10**12

        def names(self) -> Any:
            return self.inner.names()

        def open(self, name: str) -> Any:
            raise AssertionError

    with open_reader(folder) as reader, pytest.raises(ArchiveUnreadable, match="has more than"):
        ArchiveReader(Large(reader))
