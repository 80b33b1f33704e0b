"""Bytes by id, as every place for blobs keeps them. Ours."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evald.ports.blobs import BlobNotFound, Blobs
from tests.contract.kept import new_id
from tests.support.examples import at_most

PIECE = 1_048_576


async def keep(blobs: Blobs, blob_id: str, *chunks: bytes) -> None:
    async with blobs.writing(blob_id) as writer:
        for chunk in chunks:
            await writer.write(chunk)


async def pieces(
    blobs: Blobs, blob_id: str, *, start: int = 0, size: int | None = None
) -> list[bytes]:
    return [piece async for piece in blobs.read(blob_id, start=start, size=size)]


@settings(at_most(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chunks=st.lists(st.binary(max_size=40), max_size=5), data=st.data())
async def test_any_part_of_a_blob_is_read(
    blobs: Blobs, chunks: list[bytes], data: st.DataObject
) -> None:
    """Law, also beyond the end: a part is what a slice of the whole would be."""
    whole = b"".join(chunks)
    start = data.draw(st.integers(0, len(whole) + 2))
    size = data.draw(st.none() | st.integers(0, len(whole) + 2))
    blob_id = new_id("blob_")
    await keep(blobs, blob_id, *chunks)

    read = b"".join(await pieces(blobs, blob_id, start=start, size=size))

    assert read == (whole[start:] if size is None else whole[start : start + size])
    assert await blobs.size(blob_id) == len(whole)


@pytest.mark.parametrize("chunk", [1_000, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
async def test_a_large_blob_comes_in_pieces(blobs: Blobs, chunk: int) -> None:
    whole = bytes(range(256)) * 14_000
    await keep(blobs, "b", *(whole[at : at + chunk] for at in range(0, len(whole), chunk)))

    read = await pieces(blobs, "b", start=1)

    assert b"".join(read) == whole[1:]
    assert max(map(len, read)) <= PIECE
    assert await blobs.size("b") == len(whole)


@pytest.mark.parametrize("size", [None, 0, 1])
async def test_a_blob_that_is_not_kept_is_not_found(blobs: Blobs, size: int | None) -> None:
    with pytest.raises(BlobNotFound):
        await pieces(blobs, "none", size=size)
    with pytest.raises(BlobNotFound):
        await blobs.size("none")


async def test_a_blob_is_there_once_its_block_is_left(blobs: Blobs) -> None:
    async with blobs.writing("b") as writer:
        await writer.write(b"x" * PIECE)
        assert await blobs.ids() == []
        with pytest.raises(BlobNotFound):
            await blobs.size("b")

    assert await blobs.ids() == ["b"]


async def test_a_block_left_by_an_exception_leaves_nothing(blobs: Blobs) -> None:
    async def give_up() -> None:
        async with blobs.writing("b") as writer:
            await writer.write(b"x" * PIECE)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await give_up()

    assert await blobs.ids() == []
    await keep(blobs, "b", b"again")
    assert await pieces(blobs, "b") == [b"again"]


@pytest.mark.parametrize("at", range(3))
async def test_canceled_at_any_piece_all_is_kept_or_nothing(blobs: Blobs, at: int) -> None:
    """It is canceled while the piece of this number is written; the last one ends the blob."""
    is_next = [asyncio.Event() for _ in range(3)]

    async def write() -> None:
        async with blobs.writing("b") as writer:
            for event in is_next[:-1]:
                event.set()
                await writer.write(b"x" * PIECE)
            is_next[-1].set()

    task = asyncio.create_task(write())
    await is_next[at].wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    if at < 2:
        assert await blobs.ids() == []
    else:
        assert await blobs.ids() in ([], ["b"])
    await keep(blobs, "b", b"again")
    assert await pieces(blobs, "b") == [b"again"]


async def test_a_deleted_blob_is_gone(blobs: Blobs) -> None:
    await keep(blobs, "b", b"x")

    await blobs.delete("b")
    await blobs.delete("b")

    assert await blobs.ids() == []
    with pytest.raises(BlobNotFound):
        await pieces(blobs, "b")


async def test_all_blobs_are_listed(blobs: Blobs) -> None:
    ids = [new_id("blob_") for _ in range(20)]
    assert await blobs.ids() == []

    for blob_id in ids:
        await keep(blobs, blob_id)

    assert sorted(await blobs.ids()) == sorted(ids)


async def test_blobs_are_written_side_by_side(blobs: Blobs) -> None:
    async with asyncio.TaskGroup() as tasks:
        for each in range(8):
            tasks.create_task(keep(blobs, f"b{each}", *[bytes([each]) * 100_000] * 4))

    for each in range(8):
        assert b"".join(await pieces(blobs, f"b{each}")) == bytes([each]) * 400_000


async def test_reading_may_be_given_up(blobs: Blobs) -> None:
    await keep(blobs, "b", b"x" * (2 * PIECE))

    async for piece in blobs.read("b"):
        assert len(piece) == PIECE
        break

    assert await blobs.size("b") == 2 * PIECE
