"""The store: all tables of one database, in transactions."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError

from evald.adapters.sql.archive_imports import SqlArchiveImportTable
from evald.adapters.sql.blobs import SqlBlobTable
from evald.adapters.sql.chances import SqlChanceTable
from evald.adapters.sql.evals import SqlEvalTable
from evald.adapters.sql.files import SqlFileTable
from evald.adapters.sql.idempotency import SqlIdempotencyTable
from evald.adapters.sql.imports import SqlImportTable
from evald.adapters.sql.items import SqlOutputItemTable
from evald.adapters.sql.keys import SqlKeyTable
from evald.adapters.sql.log_blocks import SqlLogBlockTable
from evald.adapters.sql.logs import SqlLogTable
from evald.adapters.sql.migrate import DatabaseUnusable, migrate, packaged_migrations
from evald.adapters.sql.overviews import SqlOverviewTable
from evald.adapters.sql.place import Place
from evald.adapters.sql.postgresql import (
    postgresql_place,
    postgresql_reader,
    postgresql_writer,
    read_url,
)
from evald.adapters.sql.runs import SqlRunTable
from evald.adapters.sql.session import Session
from evald.adapters.sql.sqlite import sqlite_place, sqlite_reader, sqlite_writer
from evald.adapters.sql.usage import SqlUsageTable
from evald.adapters.sql.verdicts import SqlVerdictTable
from evald.adapters.sql.webhooks import SqlWebhookTable
from evald.adapters.sql.work import SqlWorkTable
from evald.adapters.sql.workers import SqlWorkerTable
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
    def verdicts(self) -> SqlVerdictTable:
        """Verdicts of output items."""
        return SqlVerdictTable(self.session)

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
    def logs(self) -> SqlLogTable:
        """Stored completions and responses."""
        return SqlLogTable(self.session)

    @property
    def log_blocks(self) -> SqlLogBlockTable:
        """Blocks of logs."""
        return SqlLogBlockTable(self.session)

    @property
    def usage(self) -> SqlUsageTable:
        """What was spent through the gateway."""
        return SqlUsageTable(self.session)

    @property
    def webhooks(self) -> SqlWebhookTable:
        """Endpoints and deliveries."""
        return SqlWebhookTable(self.session)

    @property
    def workers(self) -> SqlWorkerTable:
        """Who works on runs."""
        return SqlWorkerTable(self.session)

    @property
    def chances(self) -> SqlChanceTable:
        """Second chances of ended runs."""
        return SqlChanceTable(self.session)

    @property
    def overviews(self) -> SqlOverviewTable:
        """Sums over evals and runs."""
        return SqlOverviewTable(self.session)

    @property
    def archive_imports(self) -> SqlArchiveImportTable:
        """Archives that the server was given."""
        return SqlArchiveImportTable(self.session)

    @property
    def blobs(self) -> SqlBlobTable:
        """Blobs, where they are kept in the database."""
        return SqlBlobTable(self.session)

    @property
    def keys(self) -> SqlKeyTable:
        """API keys."""
        return SqlKeyTable(self.session)

    @property
    def idempotency(self) -> SqlIdempotencyTable:
        """Idempotency keys."""
        return SqlIdempotencyTable(self.session)


@dataclass(frozen=True, slots=True)
class Connections:
    """How a store reaches its database: two engines, and how many of each may be used at once.

    `threads` is how many of the readers' statements run at the same moment. `ends_at_once` says
    that ending a transaction that only read touches neither disk nor network.
    """

    writer: Engine
    reader: Engine
    writers: int
    readers: int
    threads: int
    ends_at_once: bool


class SqlStore:
    """A store in a database. Fulfils `evald.ports.store.Store`."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._writing_threads = ThreadPoolExecutor(connections.writers, "evald-writer")
        self._reading_threads = ThreadPoolExecutor(connections.threads, "evald-reader")
        # The pool makes threads wait for a connection, and then none is left to give one back.
        # SQLite lets one write at a time: further writers of this process would wait in its busy
        # handler, which sleeps and guesses, serves nobody in turn, and gives up.
        self._writing = asyncio.Semaphore(connections.writers)
        self._reading = asyncio.Semaphore(connections.readers)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SqlTransaction]:
        """A transaction that may write.

        It is committed when the block is left, and rolled back when an exception leaves it. What
        is committed survives power loss. Within the block, do not ask for another one: it would
        wait for the first forever.
        """
        async with self._writing:
            session = Session(self._connections.writer, self._writing_threads, may_write=True)
            try:
                yield SqlTransaction(session)
                await session.commit()
            finally:
                await session.rollback()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[SqlTransaction]:
        """A transaction that only reads, and never waits for one that writes."""
        async with self._reading:
            session = Session(self._connections.reader, self._reading_threads, may_write=False)
            try:
                yield SqlTransaction(session)
            finally:
                if self._connections.ends_at_once:
                    session.end()
                else:
                    await session.rollback()

    async def load_orm(self) -> None:
        """SQLAlchemy's ORM is loaded, while no transaction runs.

        SQLAlchemy looks into it once it is imported, and also while it is: statements beside an
        import by another thread (DBOS's, at start) would fail. To be awaited before that.
        """
        async with AsyncExitStack() as stack:
            for _ in range(self._connections.writers):
                await stack.enter_async_context(self._writing)
            for _ in range(self._connections.readers):
                await stack.enter_async_context(self._reading)
            await uninterrupted(asyncio.to_thread(import_module, "sqlalchemy.orm"))

    async def close(self) -> None:
        """The database is closed, once the transactions that are writing have ended."""
        async with AsyncExitStack() as stack:
            for _ in range(self._connections.writers):
                await stack.enter_async_context(self._writing)
            await uninterrupted(asyncio.to_thread(self._close))

    def _close(self) -> None:
        self._writing_threads.shutdown()
        self._reading_threads.shutdown()
        self._connections.reader.dispose()
        self._connections.writer.dispose()


async def open_store(path: Path) -> SqlStore:
    """The store in this SQLite file, made if it is missing and brought to the newest schema.

    Raises:
        SchemaTooNew: a newer evald wrote the file.
        DatabaseUnusable: the file is no database of ours, or cannot be opened.
    """
    connections = Connections(
        writer=sqlite_writer(path),
        reader=sqlite_reader(path, connections=READING_CONNECTIONS),
        writers=1,
        readers=READING_CONNECTIONS,
        threads=READING_THREADS,
        ends_at_once=True,
    )
    return await _opened(connections, sqlite_place(path))


async def open_shared_store(url: str, *, connections: int) -> SqlStore:
    """The store in this PostgreSQL database, brought to the newest schema.

    Args:
        url: `postgresql://user:password@host/database`.
        connections: how many may be open at once, half of them for writing.

    Raises:
        UrlUnusable: the address is none of a PostgreSQL database.
        SchemaTooNew: a newer evald wrote the database.
        DatabaseUnusable: it cannot be reached, or its schema `evald` is another program's.
    """
    address = read_url(url)
    writers = max(connections // 2, 1)
    readers = max(connections - writers, 1)
    shared = Connections(
        writer=postgresql_writer(address, connections=writers),
        reader=postgresql_reader(address, connections=readers),
        writers=writers,
        readers=readers,
        threads=readers,
        ends_at_once=False,
    )
    return await _opened(shared, postgresql_place(address))


async def _opened(connections: Connections, place: Place) -> SqlStore:
    return await uninterrupted(asyncio.to_thread(_migrated, connections, place))


def _migrated(connections: Connections, place: Place) -> SqlStore:
    writer = connections.writer
    try:
        migrate(writer, place, packaged_migrations())
    except DatabaseError as problem:
        writer.dispose()
        raise DatabaseUnusable(place.name, str(problem.orig).strip()) from problem
    except BaseException:
        writer.dispose()
        raise
    return SqlStore(connections)
