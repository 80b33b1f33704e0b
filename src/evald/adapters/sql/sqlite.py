"""What SQLite does its own way: connections, transactions, the words of migrations, copies."""

import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event

from evald.adapters.sql.place import Place

SQLITE_WORDS: Final[Mapping[str, str]] = {
    # AUTOINCREMENT: the number of a deleted run must never come again, or the next run would
    # inherit the output items that have not been purged yet.
    "sequence": "INTEGER PRIMARY KEY AUTOINCREMENT",
    "bytes": "BLOB",
    "created_at_of_document": "json_extract(document, '$.created_at')",
    "bytes_of_document": "length(CAST(document AS BLOB))",
    "pairs_of_metadata": "json_each(metadata)",
    "key_is_all": "WITHOUT ROWID",
    "note_amended_logs": (
        "CREATE TRIGGER log_amended AFTER UPDATE OF metadata ON logs "
        "BEGIN INSERT INTO log_amendments (log_seq) VALUES (NEW.seq); END"
    ),
}
"""What stands for `$sequence` and its like in a migration."""

BUSY_TIMEOUT_S = 10.0
"""How long a writer waits for one of another process, such as `evald keys create`."""


class _WritingConnection(sqlite3.Connection):
    """Set up as it is opened, so that no connection exists that is not set up.

    page_size: output items of 1 to 3 KB waste 15 % of 16 KiB pages, 40 to 50 % of 4 KiB ones.
    synchronous FULL: a commit survives power loss. cache_size: negative, in KiB.
    secure_delete: what is deleted is written over, which some builds of SQLite do anyway; for logs
    of 1.5 KB that cost nothing, for those of 40 KB 0.2 ms each (measured 2026-11).
    wal_autocheckpoint: in pages. journal_size_limit: the log shrinks back after a burst.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _set(
            self,
            "page_size = 16384",
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            "secure_delete = ON",
            "cache_size = -8192",
            "wal_autocheckpoint = 256",
            "journal_size_limit = 4194304",
        )


class _ReadingConnection(sqlite3.Connection):
    """Without what only writers need; it cannot write by mistake."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _set(self, "query_only = ON", "cache_size = -4096", "temp_store = MEMORY")


def _set(connection: sqlite3.Connection, *pragmas: str) -> None:
    try:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise


def sqlite_writer(path: Path) -> Engine:
    """The one connection that writes; the file is made when it is opened.

    Every transaction takes the lock before it reads: one that has read, and wants to write after
    another process has written, would fail.
    """
    return _engine(path, _WritingConnection, begin="BEGIN IMMEDIATE", connections=1)


def sqlite_reader(path: Path, *, connections: int) -> Engine:
    """At most so many connections that read, each transaction as of its first statement."""
    return _engine(path, _ReadingConnection, begin="BEGIN", connections=connections)


def _engine(
    path: Path, factory: type[sqlite3.Connection], *, begin: str, connections: int
) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,  # prompts and outputs stay out of errors, and so out of logs
        connect_args={
            "factory": factory,
            "timeout": BUSY_TIMEOUT_S,
            "check_same_thread": False,  # one thread at a time is all it asks for (session.py)
            "isolation_level": None,  # sqlite3 shall not begin transactions where it sees fit
        },
    )

    @event.listens_for(engine, "begin")
    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def sqlite_place(path: Path) -> Place:
    """The place of a file; before a migration it is copied beside itself, as `<name>.before-NNNN`.

    A transaction that writes is lock enough.
    """
    return Place(
        name=str(path),
        schema=None,
        words=SQLITE_WORDS,
        lock=lambda _: None,
        keep_copy=lambda version: copy_sqlite(
            path, path.with_name(f"{path.name}.before-{version:04}")
        ),
    )


def copy_sqlite(path: Path, copy: Path) -> None:
    """A copy of the database as of its last commit, safe from power loss; replaces an older copy.

    The log beside the file is read too, which copying the file would forget.
    """
    unfinished = copy.with_name(copy.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(unfinished)) as target:
        source.backup(target)
    _sync(unfinished)
    unfinished.replace(copy)
    _sync(copy.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
