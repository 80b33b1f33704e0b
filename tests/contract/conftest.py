"""The adapters that every suite of a port is run over."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from evald.adapters.blobs.disk import DiskBlobs
from evald.adapters.sql.store import open_store
from evald.ports.blobs import Blobs
from evald.ports.store import Store

OpenedStore = Callable[[Path], AbstractAsyncContextManager[Store]]


@asynccontextmanager
async def sqlite(folder: Path) -> AsyncIterator[Store]:
    store = await open_store(folder / "evald.sqlite3")
    try:
        yield store
    finally:
        await store.close()


STORES: dict[str, OpenedStore] = {"sqlite": sqlite}


def disk(folder: Path) -> Blobs:
    return DiskBlobs(folder / "blobs")


BLOBS: dict[str, Callable[[Path], Blobs]] = {"disk": disk}


IN_MEMORY = Path("/dev/shm")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """An empty folder; in memory where there is one, since these tests wait for no disk."""
    if not os.access(IN_MEMORY, os.W_OK):
        yield tmp_path
        return
    with TemporaryDirectory(prefix="evald-", dir=IN_MEMORY) as made:
        yield Path(made)


@pytest.fixture(params=STORES)
def opened_store(request: pytest.FixtureRequest) -> OpenedStore:
    """Opens the store of a folder; closed, and opened again, it is the same store."""
    return STORES[request.param]


@pytest.fixture
async def store(opened_store: OpenedStore, folder: Path) -> AsyncIterator[Store]:
    """An empty store."""
    async with opened_store(folder) as opened:
        yield opened


@pytest.fixture(params=BLOBS)
def blobs(request: pytest.FixtureRequest, folder: Path) -> Blobs:
    """A place for blobs, with none in it."""
    return BLOBS[request.param](folder)
