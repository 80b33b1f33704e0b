"""The adapters that every suite of a port is run over."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from evald.adapters.blobs.disk import DiskBlobs
from evald.adapters.blobs.in_database import DatabaseBlobs
from evald.adapters.clock import SystemClock
from evald.adapters.sql.store import SqlStore, open_shared_store
from evald.ports.blobs import Blobs
from evald.ports.store import Store
from tests.support.new_store import open_new_store
from tests.support.postgresql import empty, running_postgresql

OpenedStore = Callable[[Path], AbstractAsyncContextManager[Store]]


@asynccontextmanager
async def sqlite(folder: Path) -> AsyncIterator[Store]:
    store = await open_new_store(folder / "evald.sqlite3")
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def postgresql(folder: Path) -> AsyncIterator[SqlStore]:
    url = running_postgresql()
    marker = folder / "postgresql"
    store = await open_shared_store(url, connections=4)
    if not marker.exists():  # the store of this folder is new, the database is not
        empty(url)
        marker.touch()
    try:
        yield store
    finally:
        await store.close()


STORES: dict[str, OpenedStore] = {"sqlite": sqlite, "postgresql": postgresql}
EVERY_STORE = ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]
"""PostgreSQL takes a second to start, and each test a few trips to it."""


@asynccontextmanager
async def disk(folder: Path) -> AsyncIterator[Blobs]:
    yield DiskBlobs(folder / "blobs")


@asynccontextmanager
async def in_database(folder: Path) -> AsyncIterator[Blobs]:
    async with postgresql(folder) as store:
        yield DatabaseBlobs(store, SystemClock())


BLOBS: dict[str, Callable[[Path], AbstractAsyncContextManager[Blobs]]] = {
    "disk": disk,
    "postgresql": in_database,
}
EVERY_BLOBS = ["disk", pytest.param("postgresql", marks=pytest.mark.slow)]


IN_MEMORY = Path("/dev/shm")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """An empty folder; in memory where there is one, since these tests wait for no disk."""
    if not os.access(IN_MEMORY, os.W_OK):
        yield tmp_path
        return
    with TemporaryDirectory(prefix="evald-", dir=IN_MEMORY) as made:
        yield Path(made)


@pytest.fixture(params=EVERY_STORE)
def opened_store(request: pytest.FixtureRequest) -> OpenedStore:
    """Opens the store of a folder; closed, and opened again, it is the same store."""
    return STORES[request.param]


@pytest.fixture
async def store(opened_store: OpenedStore, folder: Path) -> AsyncIterator[Store]:
    """An empty store."""
    async with opened_store(folder) as opened:
        yield opened


@pytest.fixture(params=EVERY_BLOBS)
async def blobs(request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[Blobs]:
    """A place for blobs, with none in it."""
    async with BLOBS[request.param](folder) as opened:
        yield opened
