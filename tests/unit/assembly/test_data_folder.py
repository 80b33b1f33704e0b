"""The data folder: its owner's alone, and served from by one process at a time."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from evald.assembly.data_folder import (
    COOKIE_SECRET,
    LOCK,
    FolderInUse,
    FolderUnusable,
    cookie_secret,
    open_data_folder,
    serving_lock,
)

HOLD = """
import sys, pathlib
from evald.assembly.data_folder import serving_lock
with serving_lock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "var" / "lib" / "evald")

    assert folder == tmp_path / "var" / "lib" / "evald"
    assert folder.is_dir()
    assert mode_of(folder) == 0o700


def test_a_folder_that_was_open_to_others_is_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)

    open_data_folder(tmp_path)

    assert mode_of(tmp_path) == 0o700


def test_a_folder_is_opened_again_with_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "kept").touch()

    open_data_folder(tmp_path)

    assert (tmp_path / "kept").exists()


@pytest.mark.parametrize(
    ("name", "reason"), [("file", "File exists"), ("file/folder", "Not a directory")]
)
def test_a_file_is_no_folder(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(FolderUnusable) as refused:
        open_data_folder(tmp_path / name)

    assert str(refused.value) == f"The data folder '{tmp_path / name}' cannot be used: {reason}."


def test_a_second_lock_is_refused_while_the_first_holds(tmp_path: Path) -> None:
    with serving_lock(tmp_path), pytest.raises(FolderInUse) as refused, serving_lock(tmp_path):
        pass

    assert str(refused.value) == (
        f"Another process serves from '{tmp_path}'; stop it, or name another --data-dir."
    )


def test_the_lock_can_be_had_again_once_it_is_let_go(tmp_path: Path) -> None:
    with serving_lock(tmp_path):
        pass

    with serving_lock(tmp_path):
        assert (tmp_path / LOCK).exists()


def test_a_killed_process_lets_go_of_the_lock(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    source = str(Path(__file__).parents[3] / "src")
    with subprocess.Popen(
        command, env={"PYTHONPATH": source}, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(FolderInUse), serving_lock(tmp_path):
            pass
        holder.kill()

    with serving_lock(tmp_path):
        pass


def test_folders_are_locked_apart(tmp_path: Path) -> None:
    one, other = open_data_folder(tmp_path / "one"), open_data_folder(tmp_path / "other")

    with serving_lock(one), serving_lock(other):
        assert (one / LOCK).exists()


def test_the_cookie_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    secret = cookie_secret(tmp_path)

    assert len(secret) == 32
    assert cookie_secret(tmp_path) == secret
    assert mode_of(tmp_path / COOKIE_SECRET) == 0o600


def test_every_folder_has_a_cookie_secret_of_its_own(tmp_path: Path) -> None:
    one, other = open_data_folder(tmp_path / "one"), open_data_folder(tmp_path / "other")

    assert cookie_secret(one) != cookie_secret(other)
