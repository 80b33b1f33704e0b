"""Where everything is kept: a data folder alone, or a PostgreSQL database that hosts may share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from evald.adapters.blobs.disk import DiskBlobs
from evald.adapters.blobs.in_database import DatabaseBlobs
from evald.adapters.sql.migrate import DatabaseUnusable, SchemaTooNew
from evald.adapters.sql.postgresql import UrlUnusable
from evald.adapters.sql.store import SqlStore, open_shared_store, open_store
from evald.assembly.data_folder import BLOBS, DATABASE, DURABLE_DATABASE
from evald.ports.blobs import Blobs
from evald.ports.clock import Clock
from evald.settings import Settings

UNUSABLE_STORAGE = (SchemaTooNew, DatabaseUnusable, UrlUnusable)
"""What opening a store raises, each with a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Storage:
    """An open store, and the place for blobs that belongs to it."""

    store: SqlStore
    blobs: Blobs


@asynccontextmanager
async def opened_storage(settings: Settings, folder: Path, clock: Clock) -> AsyncIterator[Storage]:
    """What the settings name, at the newest schema; to be opened by one process per folder.

    Raises:
        SchemaTooNew, DatabaseUnusable, UrlUnusable: the database cannot be used.
    """
    async with opened_store(settings, folder) as store:
        if settings.database_url:
            yield Storage(store, DatabaseBlobs(store, clock))
        else:
            blobs = DiskBlobs(folder / BLOBS)
            await blobs.sweep_unfinished()
            yield Storage(store, blobs)


@asynccontextmanager
async def opened_store(settings: Settings, folder: Path) -> AsyncIterator[SqlStore]:
    """The store that the settings name, at the newest schema; also beside a serving process.

    Raises:
        SchemaTooNew, DatabaseUnusable, UrlUnusable: the database cannot be used.
    """
    if settings.database_url:
        connections = settings.database_connections
        store = await open_shared_store(settings.database_url, connections=connections)
    else:
        store = await open_store(folder / DATABASE)
    try:
        yield store
    finally:
        await store.close()


def durable_place(settings: Settings, folder: Path) -> Path | str:
    """Where the durable engine keeps its own tables: a file, or the address of the database."""
    return settings.database_url or folder / DURABLE_DATABASE
