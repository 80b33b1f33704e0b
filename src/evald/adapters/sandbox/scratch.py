"""Scratch folders: made for one call each, and gone after it, whatever was left in them."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

PREFIX = "evald-scratch-"
_LOCK = "lock"
_O_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


class ScratchRoom:
    """The folder in which calls have theirs, apart from everything that is kept.

    It is held by a lock while its server lives, so that the next one can tell what a server that
    was killed left behind.
    """

    def __init__(self, parent: Path | None = None) -> None:
        """Makes the folder, in the system's place for temporary files unless told otherwise."""
        parent = Path(tempfile.gettempdir()) if parent is None else parent
        _sweep(parent)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        self._lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def make(self, number: int) -> Path:
        """An empty folder for the call of this number."""
        folder = self.path / str(number)
        folder.mkdir(mode=0o700)
        return folder

    def close(self) -> None:
        """The folder is gone, and everything in it."""
        _remove_tree(self.path)
        os.close(self._lock)


def remove(folder: Path) -> bool:
    """Whether the folder was empty, and is gone at once; one that was not needs `remove_tree`."""
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def remove_tree(folder: Path) -> None:
    """The folder is gone, however deep it is nested and whoever may read it."""
    _remove_tree(folder)


def _sweep(parent: Path) -> None:
    """Removes what servers left behind that were killed: their locks are nobody's."""
    for folder in parent.glob(f"{PREFIX}*"):
        try:
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue  # another user's, or one in the making
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove_tree(folder)
        except OSError:
            continue
        finally:
            os.close(lock)


def _remove_tree(top: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        descriptor = os.open(top, _O_FOLDER | os.O_CLOEXEC)
        try:
            while _flatten(descriptor):
                pass
        finally:
            os.close(descriptor)
        shutil.rmtree(top, ignore_errors=True)


def _flatten(top: int) -> bool:
    """Whether there was a folder in the folder; its own folders are moved up, and it is removed.

    Nothing calls itself and no path grows, so that no depth of nesting is too deep.
    """
    with os.scandir(top) as entries:
        folders = [each.name for each in entries if each.is_dir(follow_symlinks=False)]
    for name in folders:
        with contextlib.suppress(OSError):
            os.chmod(name, 0o700, dir_fd=top)
        inside = os.open(name, _O_FOLDER | os.O_CLOEXEC, dir_fd=top)
        try:
            _empty(inside, top)
        finally:
            os.close(inside)
        os.rmdir(name, dir_fd=top)
    return bool(folders)


def _empty(inside: int, top: int) -> None:
    with os.scandir(inside) as entries:
        found = [(each.name, each.is_dir(follow_symlinks=False)) for each in entries]
    for place, (inner, is_folder) in enumerate(found):
        if is_folder:
            with contextlib.suppress(OSError):
                os.chmod(inner, 0o700, dir_fd=inside)
            os.rename(inner, f"{os.urandom(8).hex()}-{place}", src_dir_fd=inside, dst_dir_fd=top)
        else:
            os.unlink(inner, dir_fd=inside)
