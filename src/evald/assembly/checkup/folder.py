"""Checks of the data folder: whose it is, its space, its databases, and who serves from it."""

import fcntl
import os
import shutil
import stat
from pathlib import Path

from evald.adapters.sql.inspection import inspect_database, quick_check
from evald.adapters.sql.migrate import DatabaseUnusable, SchemaTooNew, packaged_migrations
from evald.assembly.checkup.finding import Finding, State
from evald.assembly.data_folder import DATABASE, DURABLE_DATABASE, LOCK, PRIVATE

GIB = 1024**3
LEAST_SPACE = GIB
ENOUGH_SPACE = 5 * GIB
QUICK_CHECK_S = 10.0

_IF_DAMAGED = {
    DATABASE: "Stop the server, keep a copy of the folder, and put a backup in its place.",
    DURABLE_DATABASE: "Stop the server and move it away: runs go on without it.",
}


def check_folder(folder: Path) -> Finding:
    """Whether the folder can be served from, or be made."""
    try:
        found = folder.stat()
    except FileNotFoundError:
        return _check_parent(folder)
    except OSError as problem:
        return _unusable(folder, problem.strerror or str(problem))
    if not stat.S_ISDIR(found.st_mode):
        return _unusable(folder, "it is a file")
    if os.geteuid() not in (found.st_uid, 0):
        return _unusable(folder, "it belongs to another user")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return _unusable(folder, "it cannot be written to")
    if (mode := stat.S_IMODE(found.st_mode)) != PRIVATE:
        message = f"The data folder '{folder}' has mode {mode:04o}, and others may get in."
        if not mode & 0o077:
            message = f"The data folder '{folder}' has mode {mode:04o}."
        advice = f"`evald serve` sets it to {PRIVATE:04o} as it starts."
        return Finding("folder", State.NOTE, message, advice)
    return Finding("folder", State.OK, f"The data folder '{folder}' is its owner's alone.")


def _check_parent(folder: Path) -> Finding:
    parent = _nearest(folder)
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        return _unusable(folder, f"'{parent}' cannot be written to")
    message = f"The data folder '{folder}' is not there; `evald serve` makes it."
    return Finding("folder", State.OK, message)


def _unusable(folder: Path, reason: str) -> Finding:
    message = f"The data folder '{folder}' cannot be used: {reason}."
    advice = "Name another --data-dir, or start evald as the user whose folder it is."
    return Finding("folder", State.PROBLEM, message, advice)


def _nearest(path: Path) -> Path:
    """The path itself, or the closest folder above it that is there."""
    absolute = path.absolute()
    return next((each for each in (absolute, *absolute.parents) if _is_there(each)), Path("/"))


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # nobody may look
        return False


def check_space(folder: Path) -> Finding:
    """Whether the disk has room."""
    try:
        free = shutil.disk_usage(_nearest(folder)).free
    except OSError as problem:
        message = f"Free space cannot be told: {problem.strerror}."
        return Finding("space", State.NOTE, message, "Look at what is said of the folder.")
    return space_finding(free)


def space_finding(free_bytes: int) -> Finding:
    """What so many free bytes mean."""
    message = f"{free_bytes / GIB:.1f} GiB are free."
    if free_bytes < LEAST_SPACE:
        advice = "Make room, or move the data folder: runs stop where nothing can be recorded."
        return Finding("space", State.PROBLEM, message, advice)
    if free_bytes < ENOUGH_SPACE:
        return Finding("space", State.NOTE, message, "Make room before large files or runs.")
    return Finding("space", State.OK, message)


def check_schema(path: Path) -> Finding:
    """Whether this evald can take up the database, and of which size it is."""
    known = packaged_migrations()[-1].version
    try:
        kept = inspect_database(path)
    except DatabaseUnusable as problem:
        message, _, advice = str(problem).rpartition(". ")
        return Finding("database", State.PROBLEM, f"{message}.", advice)
    if kept is None:
        return Finding("database", State.OK, "None is there yet; `evald serve` makes it.")
    if (version := kept.version) > known:
        too_new = SchemaTooNew(str(path), version=version, known=known)
        message, _, advice = str(too_new).rpartition("; ")
        return Finding("database", State.PROBLEM, f"{message}.", advice.capitalize())
    if not os.access(path, os.W_OK):
        advice = "Give it to the user that evald runs as."
        message = f"The database '{path}' cannot be written to."
        return Finding("database", State.PROBLEM, message, advice)
    size = f"The database has {path.stat().st_size / 1e6:.1f} MB"
    if version < known:
        message = f"{size} and schema version {version}; this evald's is {known}."
        advice = "`evald serve` migrates it as it starts, and keeps a copy of the old one."
        return Finding("database", State.NOTE, message, advice)
    return Finding("database", State.OK, f"{size} and this evald's schema version, {known}.")


def check_integrity(path: Path) -> Finding | None:
    """Whether SQLite finds one of the two database files whole; nothing where it is not there."""
    if not _is_there(path):
        return None
    found = quick_check(path, within_s=QUICK_CHECK_S)
    if found.damage:
        message = f"'{path.name}' is damaged: {found.damage}."
        return Finding("integrity", State.PROBLEM, message, _IF_DAMAGED[path.name])
    if not found.is_finished:
        message = f"'{path.name}' was not looked through within {QUICK_CHECK_S:.0f} s."
        advice = f"Where in doubt: `sqlite3 -readonly {path} 'PRAGMA quick_check'`."
        return Finding("integrity", State.NOTE, message, advice)
    return Finding("integrity", State.OK, f"'{path.name}' is whole.")


def is_served(folder: Path) -> bool:
    """Whether a process serves from the folder now."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDONLY)
    except OSError:
        return False
    try:
        # Held for no longer than it takes to let go: a server that starts in between is refused.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
