"""An archive's files, in a folder or in a zip: read by name, and never from anywhere else."""

import os
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from evald.adapters.archive.journal_file import JOURNAL
from evald.domain.archive.kinds import Kind
from evald.domain.archive.manifest import MANIFEST
from evald.domain.archive.names import is_archive_path

OWN_FILES = frozenset({MANIFEST, JOURNAL, *(f"{kind}.jsonl" for kind in Kind)})
"""The files at the top of an archive."""

_UNREADABLE = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError)


class ArchiveUnreadable(Exception):
    """It is no archive, or not the one that its manifest tells of."""


class Shelf(Protocol):
    """Files by their paths within an archive."""

    def names(self) -> Iterator[str]:
        """The paths of all files, whether they belong there or not, in an order of their own."""
        ...

    def size(self, name: str) -> int | None:
        """How many bytes the file has; None where there is none."""
        ...

    def open(self, name: str) -> IO[bytes]:
        """The file, to be read and closed.

        Raises:
            ArchiveUnreadable: there is none, or the path is none of an archive's.
        """
        ...


@contextmanager
def open_shelf(path: Path) -> Iterator[Shelf]:
    """The files of the archive of ours at this path, a folder or a zip.

    Raises:
        ArchiveUnreadable: there is neither.
    """
    if path.is_dir():
        yield FolderShelf(path, is_ours)
        return
    with _open_zip(path) as archive:
        yield ZipShelf(archive, is_ours, top=_top(archive))


@contextmanager
def open_foreign_shelf(path: Path) -> Iterator[Shelf]:
    """Whatever files there are at this path, below a folder, in a zip, or a single one.

    Raises:
        ArchiveUnreadable: there is nothing of these.
    """
    if path.is_dir():
        yield FolderShelf(path, _stays_within)
    elif zipfile.is_zipfile(path):
        with _open_zip(path) as archive:
            yield ZipShelf(archive, _stays_within)
    elif path.is_file():
        yield FileShelf(path)
    else:
        raise ArchiveUnreadable(f"'{path}' is neither a folder nor a zip, nor any file.")


class FolderShelf:
    """The files below a folder; links are not followed out of it."""

    def __init__(self, folder: Path, takes: Callable[[str], bool]) -> None:
        """Gives those files of the folder whose paths are taken."""
        self._folder = folder
        self._root = folder.resolve()
        self._takes = takes

    def names(self) -> Iterator[str]:
        """The paths of all files below the folder, and of links to folders: folder by folder."""
        for top, folders, files in os.walk(self._folder):
            folders.sort()
            links = (name for name in folders if Path(top, name).is_symlink())
            for name in sorted([*files, *links]):
                yield Path(top, name).relative_to(self._folder).as_posix()

    def size(self, name: str) -> int | None:
        """How many bytes the file has."""
        path = self._place(name)
        return None if path is None else path.stat().st_size

    def open(self, name: str) -> IO[bytes]:
        """The file, to be read and closed."""
        path = self._place(name)
        if path is None:
            raise ArchiveUnreadable(f"{name} is not there.")
        return path.open("rb")

    def _place(self, name: str) -> Path | None:
        if not self._takes(name):
            return None
        path = self._folder / name
        is_inside = path.resolve().is_relative_to(self._root)
        return path if is_inside and path.is_file() else None


class FileShelf:
    """A single file, by its name."""

    def __init__(self, path: Path) -> None:
        """Gives this file."""
        self._path = path

    def names(self) -> Iterator[str]:
        """Its name."""
        yield self._path.name

    def size(self, name: str) -> int | None:
        """How many bytes the file has."""
        return self._path.stat().st_size if name == self._path.name else None

    def open(self, name: str) -> IO[bytes]:
        """The file, to be read and closed."""
        if name != self._path.name:
            raise ArchiveUnreadable(f"{name} is not there.")
        return self._path.open("rb")


class ZipShelf:
    """The files in a zip, at its top or in one folder of it."""

    def __init__(
        self, archive: zipfile.ZipFile, takes: Callable[[str], bool], *, top: str = ""
    ) -> None:
        """Gives those files whose paths below `top` are taken."""
        self._archive = archive
        self._takes = takes
        self._prefix = f"{top}/" if top else ""

    def names(self) -> Iterator[str]:
        """The paths of all files in the archive's folder."""
        for name in sorted(info.filename for info in self._archive.infolist()):
            if name.startswith(self._prefix) and not name.endswith("/"):
                yield name.removeprefix(self._prefix)

    def size(self, name: str) -> int | None:
        """How many bytes the file has, as the zip says."""
        info = self._info(name)
        return None if info is None else info.file_size

    def open(self, name: str) -> IO[bytes]:
        """The file, to be read and closed; no more comes of it than the zip says."""
        info = self._info(name)
        if info is None:
            raise ArchiveUnreadable(f"{name} is not there.")
        try:
            return self._archive.open(info)
        except _UNREADABLE as problem:
            raise ArchiveUnreadable(f"{name} cannot be read: {_reason(problem)}.") from problem

    def _info(self, name: str) -> zipfile.ZipInfo | None:
        if not self._takes(name):
            return None
        try:
            info = self._archive.getinfo(self._prefix + name)
        except KeyError:
            return None
        return None if stat.S_ISLNK(info.external_attr >> 16) else info


def is_ours(name: str) -> bool:
    """Whether a path is one that a file of an archive of ours has."""
    return name in OWN_FILES or is_archive_path(name)


def _stays_within(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and "\0" not in name


@contextmanager
def _open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, *_UNREADABLE) as problem:
        raise ArchiveUnreadable(
            f"'{path}' is neither a folder nor a zip: {_reason(problem)}."
        ) from problem
    with archive:
        yield archive


def _top(archive: zipfile.ZipFile) -> str:
    """The folder in a zip that holds the manifest."""
    tops = [
        str(PurePosixPath(name).parent)
        for name in archive.namelist()
        if PurePosixPath(name).name == MANIFEST and len(PurePosixPath(name).parts) <= 2
    ]
    return min(tops, key=len, default=".").removeprefix(".")


def _reason(problem: BaseException) -> str:
    return str(problem) or type(problem).__name__
