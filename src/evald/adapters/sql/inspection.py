"""What a database file says of itself, read without changing anything, also beside a server."""

import queue
import sqlite3
import threading
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from evald.adapters.sql.migrate import DatabaseUnusable

BUSY_TIMEOUT_S = 2.0

_NOT_DAMAGED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY}
"""Errors that say only that another process is at work, or was interrupted and left its journal."""


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """What stands in a database; the version is 0 where no evald has written to it yet."""

    version: int
    good_keys: int
    revoked_keys: int


@dataclass(frozen=True, slots=True)
class QuickCheck:
    """What SQLite's check found; no damage where it did not finish means nothing."""

    is_finished: bool
    damage: str = ""


def inspect_database(path: Path) -> DatabaseState | None:
    """The state of the database in this file; None where there is no such file.

    Raises:
        DatabaseUnusable: it cannot be read, or belongs to another program.
    """
    try:
        path.stat()
        with closing(_opened(path)) as connection:
            state = _state(connection)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as problem:
        raise DatabaseUnusable(str(path), problem.strerror or str(problem)) from problem
    except sqlite3.Error as problem:
        raise DatabaseUnusable(str(path), str(problem)) from problem
    if state is None:
        raise DatabaseUnusable(str(path), "it holds another program's tables")
    return state


def quick_check(path: Path, *, within_s: float) -> QuickCheck:
    """What `PRAGMA quick_check` finds first, if it is done within so many seconds."""
    is_still = not _is_at_work(path)
    found = _checked(path, within_s)
    if found.damage and is_still and _is_at_work(path):
        # It was read as a file that nobody writes to, and somebody has begun to.
        return _checked(path, within_s)
    return found


def _checked(path: Path, within_s: float) -> QuickCheck:
    outcome: queue.SimpleQueue[QuickCheck] = queue.SimpleQueue()
    # SQLite before 3.42 lets nothing interrupt the check of one table; so it is left behind,
    # in a thread that does not keep the process from ending.
    threading.Thread(target=lambda: outcome.put(_check(path)), daemon=True).start()
    try:
        return outcome.get(timeout=within_s)
    except queue.Empty:
        return QuickCheck(is_finished=False)


def _check(path: Path) -> QuickCheck:
    try:
        with closing(_opened(path)) as connection:
            (words,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as problem:
        if problem.sqlite_errorcode & 0xFF in _NOT_DAMAGED:
            return QuickCheck(is_finished=False)
        return QuickCheck(is_finished=True, damage=str(problem))
    return QuickCheck(is_finished=True, damage="" if words == "ok" else words)


def _opened(path: Path) -> sqlite3.Connection:
    # Even a connection that only reads makes the files beside a database in WAL mode, and leaves
    # them. `immutable` makes none, and is right as long as none is there.
    mode = "mode=ro" if _is_at_work(path) else "immutable=1"
    return sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", BUSY_TIMEOUT_S, uri=True)


def _is_at_work(path: Path) -> bool:
    """Whether a process has the database open to write, or was killed while it had."""
    return any(path.with_name(path.name + end).exists() for end in ("-wal", "-journal"))


def _state(connection: sqlite3.Connection) -> DatabaseState | None:
    found = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    tables = {name for (name,) in found}
    if not tables:
        return DatabaseState(0, 0, 0)
    if "schema_version" not in tables:
        return None
    (version,) = connection.execute("SELECT max(version) FROM schema_version").fetchone()
    good = revoked = 0
    if "api_keys" in tables:
        counts = "SELECT count(*) - count(revoked_at), count(revoked_at) FROM api_keys"
        good, revoked = connection.execute(counts).fetchone()
    return DatabaseState(version or 0, good, revoked)
