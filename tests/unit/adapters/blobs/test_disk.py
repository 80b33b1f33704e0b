"""What blobs look like on disk. Ours."""

import stat
from pathlib import Path

import pytest

from evald.adapters.blobs.disk import PIECE_BYTES, DiskBlobs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


async def keep(blobs: DiskBlobs, blob_id: str) -> None:
    async with blobs.writing(blob_id) as writer:
        await writer.write(b"x")


@pytest.mark.parametrize(
    "blob_id",
    ["", ".", "..", "../b", "/etc/passwd", "a/b", "a\\b", "b\n", "b\0", "ü", "a.b", "a b"],
)
async def test_no_id_is_a_path(folder: Path, blob_id: str) -> None:
    blobs = DiskBlobs(folder)

    with pytest.raises(ValueError, match="no id of a blob"):
        await keep(blobs, blob_id)
    with pytest.raises(ValueError, match="no id of a blob"):
        await anext(aiter(blobs.read(blob_id)))
    with pytest.raises(ValueError, match="no id of a blob"):
        await blobs.size(blob_id)
    with pytest.raises(ValueError, match="no id of a blob"):
        await blobs.delete(blob_id)
    assert not folder.exists()


async def test_nobody_else_may_look_into_the_folders(folder: Path) -> None:
    await keep(DiskBlobs(folder), "b")

    folders = [folder, *(each for each in folder.iterdir() if each.is_dir())]
    assert len(folders) == 3
    assert {stat.S_IMODE(each.stat().st_mode) for each in folders} == {0o700}


async def test_blobs_are_spread_over_subfolders(folder: Path) -> None:
    """Also those of one second, whose ids begin alike."""
    blobs = DiskBlobs(folder)
    for each in range(30):
        await keep(blobs, f"blob_683dd5c0{each:024x}")

    assert len([each for each in folder.iterdir() if len(each.name) == 2]) > 15


async def test_what_a_killed_process_left_half_written_is_swept_away(folder: Path) -> None:
    blobs = DiskBlobs(folder)
    await keep(blobs, "whole")
    (folder / "unfinished" / "half").write_bytes(b"x")
    assert await blobs.ids() == ["whole"]

    await blobs.sweep_unfinished()

    assert list((folder / "unfinished").iterdir()) == []
    await keep(blobs, "half")
    assert sorted(await blobs.ids()) == ["half", "whole"]


async def test_sweeping_needs_no_folder(folder: Path) -> None:
    await DiskBlobs(folder).sweep_unfinished()

    assert await DiskBlobs(folder).ids() == []


async def test_a_blob_is_written_by_one_at_a_time(folder: Path) -> None:
    blobs = DiskBlobs(folder)
    async with blobs.writing("b") as writer:
        await writer.write(b"first")
        with pytest.raises(FileExistsError):
            await keep(blobs, "b")

    assert await blobs.size("b") == 5


async def test_a_blob_is_replaced_as_a_whole(folder: Path) -> None:
    blobs = DiskBlobs(folder)
    await keep(blobs, "b")
    reading = blobs.read("b")
    first = await anext(aiter(reading))

    async with blobs.writing("b") as writer:
        await writer.write(b"another")

    assert first == b"x"
    assert [piece async for piece in blobs.read("b")] == [b"another"]
    assert [piece async for piece in reading] == []


async def test_a_blob_deleted_while_it_is_read_is_read_to_its_end(folder: Path) -> None:
    blobs = DiskBlobs(folder)
    whole = b"x" * (2 * PIECE_BYTES + 1)
    async with blobs.writing("b") as writer:
        await writer.write(whole)
    reading = blobs.read("b")
    read = await anext(aiter(reading))

    await blobs.delete("b")

    assert read + b"".join([piece async for piece in reading]) == whole


async def test_writing_past_the_block_is_refused(folder: Path) -> None:
    async with DiskBlobs(folder).writing("b") as writer:
        pass

    with pytest.raises(ValueError, match="within its block"):
        await writer.write(b"x" * PIECE_BYTES)
