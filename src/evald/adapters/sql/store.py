"""The store: all tables of one database, in transactions."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError

from evald.adapters.sql.dialects import sqlite_reader, sqlite_writer
from evald.adapters.sql.evals import SqlEvalTable
from evald.adapters.sql.files import SqlFileTable
from evald.adapters.sql.idempotency import SqlIdempotencyTable
from evald.adapters.sql.imports import SqlImportTable
from evald.adapters.sql.items import SqlOutputItemTable
from evald.adapters.sql.keys import SqlKeyTable
from evald.adapters.sql.migrate import DatabaseUnusable, migrate, packaged_migrations
from evald.adapters.sql.runs import SqlRunTable
from evald.adapters.sql.session import Session
from evald.adapters.sql.work import SqlWorkTable
from evald.adapters.uninterrupted import uninterrupted

READING_THREADS = 4
READING_CONNECTIONS = 16
"""How many snapshots are read from at the same moment, and how many may be open."""


@dataclass(frozen=True, slots=True)
class SqlTransaction:
    """All tables, over one session. Fulfils `evald.ports.store.Transaction`."""

    session: Session

    @property
    def evals(self) -> SqlEvalTable:
        """Evals."""
        return SqlEvalTable(self.session)

    @property
    def runs(self) -> SqlRunTable:
        """Runs."""
        return SqlRunTable(self.session)

    @property
    def output_items(self) -> SqlOutputItemTable:
        """Output items."""
        return SqlOutputItemTable(self.session)

    @property
    def files(self) -> SqlFileTable:
        """Files."""
        return SqlFileTable(self.session)

    @property
    def work(self) -> SqlWorkTable:
        """What the engine needs of runs, shards and items."""
        return SqlWorkTable(self.session)

    @property
    def imports(self) -> SqlImportTable:
        """What comes from elsewhere."""
        return SqlImportTable(self.session)

    @property
    def keys(self) -> SqlKeyTable:
        """API keys."""
        return SqlKeyTable(self.session)

    @property
    def idempotency(self) -> SqlIdempotencyTable:
        """Idempotency keys."""
        return SqlIdempotencyTable(self.session)


class SqlStore:
    """A store in a SQLite file. Fulfils `evald.ports.store.Store`."""

    def __init__(self, writer: Engine, reader: Engine) -> None:
        self._writer = writer
        self._reader = reader
        self._writing_thread = ThreadPoolExecutor(1, "evald-writer")
        self._reading_threads = ThreadPoolExecutor(READING_THREADS, "evald-reader")
        # SQLite lets one write at a time. Without the lock, further writers of this process would
        # wait in its busy handler, which sleeps and guesses, serves nobody in turn, and gives up.
        self._writing = asyncio.Lock()
        # The pool makes threads wait for a connection, and then none is left to give one back.
        self._reading = asyncio.Semaphore(READING_CONNECTIONS)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SqlTransaction]:
        """A transaction that may write.

        It is committed when the block is left, and rolled back when an exception leaves it. What
        is committed survives power loss. Within the block, do not ask for another one: it would
        wait for the first forever.
        """
        async with self._writing:
            session = Session(self._writer, self._writing_thread)
            try:
                yield SqlTransaction(session)
                await session.commit()
            finally:
                await session.rollback()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[SqlTransaction]:
        """A transaction that only reads, and never waits for one that writes."""
        async with self._reading:
            session = Session(self._reader, self._reading_threads)
            try:
                yield SqlTransaction(session)
            finally:
                session.end()

    async def close(self) -> None:
        """The database is closed, once the transaction that is writing has ended."""
        async with self._writing:
            await uninterrupted(asyncio.to_thread(self._close))

    def _close(self) -> None:
        self._writing_thread.shutdown()
        self._reading_threads.shutdown()
        self._reader.dispose()
        self._writer.dispose()


async def open_store(path: Path) -> SqlStore:
    """The store in this SQLite file, made if it is missing and brought to the newest schema.

    Raises:
        SchemaTooNew: a newer evald wrote the file.
        DatabaseUnusable: the file is no database of ours, or cannot be opened.
    """
    return await uninterrupted(asyncio.to_thread(_open, path))


def _open(path: Path) -> SqlStore:
    writer = sqlite_writer(path)
    reader = sqlite_reader(path, connections=READING_CONNECTIONS)
    try:
        migrate(writer, path, packaged_migrations())
    except DatabaseError as problem:
        writer.dispose()
        raise DatabaseUnusable(path, str(problem.orig)) from problem
    except BaseException:
        writer.dispose()
        raise
    return SqlStore(writer, reader)
