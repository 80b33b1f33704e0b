"""The zip: the same bytes for the same archive, and nothing in it but the archive. Ours."""

import json
import os
import stat
import zipfile
from pathlib import Path

import pytest

from evald.adapters.archive.packing import pack
from evald.adapters.archive.reader import open_reader
from evald.adapters.archive.shelf import ArchiveUnreadable
from evald.domain.archive.kinds import Kind
from tests.support.fake_hosted import small_world
from tests.support.rescued import archived_lines, rescued

pytestmark = pytest.mark.slow  # a second and more in all; `make test` has a minute


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    await rescued(small_world(), tmp_path / "home")
    return tmp_path / "home"


async def test_the_zip_lies_beside_the_folder_and_unpacks_to_it(
    folder: Path, tmp_path: Path
) -> None:
    place = pack(folder)

    zipfile.ZipFile(place).extractall(tmp_path / "out")
    there = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    unpacked = tmp_path / "out" / "home"
    assert place == tmp_path / "home.zip"
    assert {path.relative_to(unpacked) for path in unpacked.rglob("*") if path.is_file()} == set(
        there
    )
    for name, path in there.items():
        if name != Path("manifest.json"):
            assert (unpacked / name).read_bytes() == path.read_bytes()


async def test_the_same_archive_makes_the_same_zip(folder: Path) -> None:
    first = pack(folder).read_bytes()
    for path in folder.rglob("*"):
        os.utime(path, (1, 1))
    (folder / "notes.txt").write_text("mine")

    assert pack(folder).read_bytes() == first


async def test_nobody_else_may_read_the_zip(folder: Path) -> None:
    place = pack(folder)

    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert list(place.parent.glob("*.unfinished")) == []


async def test_a_damaged_archive_is_not_packed(folder: Path, tmp_path: Path) -> None:
    page = min((folder / "raw" / "evals").iterdir())
    page.write_bytes(page.read_bytes().replace(b"Capitals", b"capitals"))

    with pytest.raises(ArchiveUnreadable, match="has another SHA-256"):
        pack(folder)

    assert list(tmp_path.glob("home.zip*")) == []


async def test_a_zip_that_was_made_by_hand_is_read_too(folder: Path, tmp_path: Path) -> None:
    """With the archive at its top, or in a folder beside what some systems add."""
    for prefix in ("", "some name/"):
        place = tmp_path / f"{len(prefix)}.zip"
        with zipfile.ZipFile(place, "w") as archive:
            archive.writestr("__MACOSX/x/manifest.json", "{}")
            for path in folder.rglob("*"):
                archive.write(path, f"{prefix}{path.relative_to(folder)}")

        assert len(archived_lines(place, Kind.OUTPUT_ITEMS)) == 9


async def test_a_zip_that_says_another_size_is_refused(folder: Path) -> None:
    """The size in the manifest bounds what is read, so a bomb must say what it is."""
    (folder / "evals.jsonl").write_bytes(b" " * 10_000_000)
    place = folder.parent / "bomb.zip"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in folder.rglob("*"):
            archive.write(path, path.relative_to(folder))

    with (
        open_reader(place) as reader,
        pytest.raises(ArchiveUnreadable, match="10000000 bytes; the manifest says"),
    ):
        list(reader.lines(Kind.EVALS))


async def test_a_zip_with_a_broken_member_is_refused(folder: Path) -> None:
    place = pack(folder)
    with zipfile.ZipFile(place) as archive:
        entry = archive.getinfo("home/evals.jsonl")
    content = bytearray(place.read_bytes())
    content[entry.header_offset + 80] ^= 0xFF
    place.write_bytes(content)

    with open_reader(place) as reader, pytest.raises(ArchiveUnreadable, match=r"evals\.jsonl"):
        list(reader.lines(Kind.EVALS))


async def test_the_manifest_in_the_zip_is_the_folders(folder: Path) -> None:
    with zipfile.ZipFile(pack(folder)) as archive:
        packed = json.loads(archive.read("home/manifest.json"))

    assert packed == json.loads((folder / "manifest.json").read_bytes())
