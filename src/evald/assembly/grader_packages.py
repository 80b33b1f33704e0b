"""The environment of packages that python graders run in: how it is made, and completed."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from evald.adapters.grader_packages.environment import Contents, Environment
from evald.adapters.grader_packages.installing import (
    NotInstalled,
    Say,
    Wanted,
    copy_environment,
    install_data,
    install_packages,
    make_environment,
)
from evald.adapters.grader_packages.interpreters import find_interpreter
from evald.assembly.data_folder import PRIVATE, open_data_folder, serving_lock
from evald.assembly.grader_environment import grader_environment
from evald.graders.image_packages import IMAGE_TAG, NLTK_DATA, PACKAGES

_LOCK = "lock"
_BUILDING = ".building-"

DOCUMENTED = Wanted(PACKAGES, NLTK_DATA)


@dataclass(frozen=True, slots=True)
class Installed:
    """What is installed, and whether this call installed anything of it."""

    environment: Environment
    contents: Contents
    is_new: bool


def install_grader_packages(
    data_dir: Path, say: Say, *, wanted: Wanted = DOCUMENTED, is_rebuild: bool = False
) -> Installed:
    """Makes the environment, or completes the one that is there, and moves it into place when done.

    Until then, and where it fails, all is as it was. One that is complete is left alone.

    Args:
        data_dir: the server's data folder.
        say: is told how far it is, in lines.
        wanted: what it is to hold.
        is_rebuild: what is there is made anew.

    Raises:
        NotInstalled: nothing could be installed, or another call is at it.
        NoInterpreter, NoPip: what it takes is not on this machine.
        FolderInUse: a server may be using what would be replaced.
        OSError: the folder cannot be used.
    """
    place = grader_environment(open_data_folder(data_dir))
    with _installing(place.folder.parent):
        contents = None if is_rebuild else place.contents()
        if contents is None or wanted.packages_beyond(contents):
            return Installed(place, _built(place, contents, wanted, say), is_new=True)
        if not wanted.data_beyond(contents):
            return Installed(place, contents, is_new=False)
        return Installed(place, _with_data(place, contents, wanted, say), is_new=True)


def _built(place: Environment, present: Contents | None, wanted: Wanted, say: Say) -> Contents:
    with _out_of_use(place):  # refused before the work, and not only after it
        building = Path(tempfile.mkdtemp(prefix=_BUILDING, dir=place.folder.parent))
    try:
        made, contents = _begun(place, present, building / IMAGE_TAG, say)
        log = place.folder.with_name(f"{IMAGE_TAG}.log")
        missing = wanted.packages_beyond(contents)
        contents = install_packages(made, contents, missing, log=log, say=say)
        contents = _with_data(made, contents, wanted, say)
        made.folder.chmod(PRIVATE)
        with _out_of_use(place):
            made.move_to(place.folder)
        return contents
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _out_of_use(place: Environment) -> AbstractContextManager[None]:
    """While the block lasts, no server uses what is there; where nothing is, any may go on."""
    return serving_lock(place.folder.parents[1]) if place.folder.exists() else nullcontext()


def _begun(
    place: Environment, present: Contents | None, folder: Path, say: Say
) -> tuple[Environment, Contents]:
    if present is not None:
        say(f"Packages that are there: {len(present.packages)}. The others are tried again.")
        return copy_environment(place, folder), present.to_complete()
    interpreter = find_interpreter()
    made, contents = make_environment(interpreter, folder)
    say(f"{interpreter} is Python {contents.python}.")
    return made, contents


def _with_data(made: Environment, contents: Contents, wanted: Wanted, say: Say) -> Contents:
    """Also where the environment is in use: what is there stays as it is."""
    tried = replace(contents, skipped_data={})
    contents = install_data(made, tried, wanted.data_beyond(contents), say)
    made.record(contents)
    return contents


@contextmanager
def _installing(folder: Path) -> Iterator[None]:
    """While the block lasts, no other process installs there; what killed ones left is gone."""
    folder.mkdir(PRIVATE, exist_ok=True)
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotInstalled(f"Another process is installing into '{folder}'.") from None
        for left in folder.glob(f"{_BUILDING}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield
    finally:
        os.close(descriptor)
