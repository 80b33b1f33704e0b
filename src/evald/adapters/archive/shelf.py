"""An archive's files, in a folder or in a zip: read by name, and never from anywhere else."""

import stat
import zipfile
from collections.abc import Iterator
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
        """The paths of all files, whether they belong there or not; in no order."""
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
    """The files of the archive at this path, a folder or a zip.

    Raises:
        ArchiveUnreadable: there is neither.
    """
    if path.is_dir():
        yield FolderShelf(path)
        return
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, *_UNREADABLE) as problem:
        raise ArchiveUnreadable(
            f"'{path}' is neither a folder nor a zip: {_reason(problem)}."
        ) from problem
    with archive:
        yield ZipShelf(archive)


class FolderShelf:
    """The files below a folder; links are not followed out of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._root = folder.resolve()

    def names(self) -> Iterator[str]:
        """The paths of all files below the folder."""
        for path in self._folder.rglob("*"):
            if not path.is_dir():
                yield path.relative_to(self._folder).as_posix()

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
        if not _is_ours(name):
            return None
        path = self._folder / name
        is_inside = path.resolve().is_relative_to(self._root)
        return path if is_inside and path.is_file() else None


class ZipShelf:
    """The files in a zip, at its top or in the one folder that holds its manifest."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        tops = [
            str(PurePosixPath(name).parent)
            for name in archive.namelist()
            if PurePosixPath(name).name == MANIFEST and len(PurePosixPath(name).parts) <= 2
        ]
        top = min(tops, key=len, default=".")
        self._prefix = "" if top == "." else f"{top}/"

    def names(self) -> Iterator[str]:
        """The paths of all files in the archive's folder."""
        for info in self._archive.infolist():
            if info.filename.startswith(self._prefix) and not info.is_dir():
                yield info.filename.removeprefix(self._prefix)

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
        if not _is_ours(name):
            return None
        try:
            info = self._archive.getinfo(self._prefix + name)
        except KeyError:
            return None
        return None if stat.S_ISLNK(info.external_attr >> 16) else info


def _is_ours(name: str) -> bool:
    return name in OWN_FILES or is_archive_path(name)


def _reason(problem: BaseException) -> str:
    return str(problem) or type(problem).__name__
