"""Scratch folders are gone after their call, whatever hostile code left in them."""

import os
from pathlib import Path

import pytest

from evald.adapters.sandbox.scratch import PREFIX, ScratchRoom, remove, remove_tree


@pytest.fixture
def room(tmp_path: Path) -> ScratchRoom:
    return ScratchRoom(tmp_path)


def test_an_empty_folder_is_gone_at_once(room: ScratchRoom) -> None:
    folder = room.make(1)

    assert remove(folder)
    assert not folder.exists()


def test_a_folder_nested_deeper_than_a_path_can_be_long_is_removed(room: ScratchRoom) -> None:
    folder = room.make(1)
    here = os.open(folder, os.O_RDONLY)
    for _ in range(300):
        os.mkdir("d" * 100, dir_fd=here)
        below = os.open("d" * 100, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)

    assert not remove(folder)
    remove_tree(folder)

    assert not folder.exists()


def test_what_links_lead_to_stays(room: ScratchRoom, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    folder = room.make(1)
    (folder / "link").symlink_to(outside)
    (folder / "inner").mkdir()
    (folder / "inner" / "link").symlink_to(outside)

    remove_tree(folder)

    assert not folder.exists()
    assert (outside / "kept").read_text() == "kept"


def test_a_folder_that_was_shut_is_removed(room: ScratchRoom) -> None:
    folder = room.make(1)
    (folder / "shut" / "inner").mkdir(parents=True)
    (folder / "shut" / "inner").chmod(0)
    (folder / "shut").chmod(0)

    remove_tree(folder)

    assert not folder.exists()


def test_what_a_killed_server_left_is_swept_and_what_a_living_one_has_stays(tmp_path: Path) -> None:
    left = ScratchRoom(tmp_path)
    (left.make(1) / "file").write_text("x")
    os.close(left._lock)  # noqa: SLF001 - as the kernel does when the process is killed
    living = ScratchRoom(tmp_path)

    newest = ScratchRoom(tmp_path)

    assert sorted(tmp_path.glob(f"{PREFIX}*")) == sorted([living.path, newest.path])


def test_a_closed_room_is_gone(room: ScratchRoom) -> None:
    (room.make(1) / "file").write_text("x")

    room.close()

    assert not room.path.exists()
