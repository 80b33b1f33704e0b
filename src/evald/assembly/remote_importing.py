"""An import at a running server put together: from an archive and an address to what came of it."""

import asyncio
import tempfile
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from evald.adapters.archive.shelf import ArchiveUnreadable
from evald.adapters.archive.source import open_source
from evald.adapters.http_session import open_session
from evald.adapters.remote.asking import RemoteRefused
from evald.adapters.remote.imports import RemoteImports
from evald.domain.archive.import_report import ImportProgress, KindCounts
from evald.domain.archive.kinds import Kind
from evald.domain.archive.manifest import MANIFEST
from evald.wire.imports import Import

LOOK_S = 0.5
RAW = "raw"
"""The bodies of pages, which an import does not read, are not sent."""


@dataclass(frozen=True, slots=True)
class RemoteServer:
    """A running server of ours: its address, with or without `/v1`, and a key of its."""

    url: str
    key: str = field(repr=False)


async def import_at(
    server: RemoteServer, archive: Path, progress: ImportProgress, *, is_dry: bool
) -> None:
    """Has the server at this address import the archive, and waits for what comes of it.

    Raises:
        ArchiveUnreadable: there is no archive at this path, or one that is not to be trusted.
        RemoteRefused: the server was not reached, refused the archive, or could not import it.
    """
    progress.total = await asyncio.to_thread(_objects, archive)
    async with _zipped(archive) as zip_path, open_session() as session:
        remote = RemoteImports(session, server.url, api_key=server.key)
        found = await remote.send(zip_path, is_dry=is_dry)
        while found.status in ("queued", "in_progress"):
            await asyncio.sleep(LOOK_S)
            found = await remote.look(found.id)
            _take_over(progress, found)
    _take_over(progress, found)
    if found.error is not None:
        raise RemoteRefused(found.error.message)


def _take_over(progress: ImportProgress, found: Import) -> None:
    report = progress.report
    report.counts = {
        kind: KindCounts(**found.counts[kind].model_dump()) for kind in Kind if kind in found.counts
    }
    report.problems, report.notes = list(found.problems), list(found.notes)
    report.unlisted = found.unlisted


def _objects(archive: Path) -> int | None:
    with open_source(archive, max_line_bytes=1) as source:
        return source.objects()


@asynccontextmanager
async def _zipped(archive: Path) -> AsyncIterator[Path]:
    """The archive as a zip: itself, or one that is gone after the block."""
    if await asyncio.to_thread(archive.is_file):
        yield archive
        return
    with tempfile.TemporaryDirectory(prefix="evald-import-") as folder:
        place = Path(folder) / "archive.zip"
        await asyncio.to_thread(_zip, archive, place)
        yield place


def _zip(folder: Path, place: Path) -> None:
    root = folder.resolve()
    is_ours = (root / MANIFEST).is_file()
    try:
        with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for path in sorted(root.rglob("*")):
                name = path.relative_to(root)
                is_page = is_ours and name.parts[0] == RAW
                if path.is_file() and not path.is_symlink() and not is_page:
                    archive.write(path, name.as_posix())
    except (OSError, ValueError) as problem:
        raise ArchiveUnreadable(f"'{folder}' cannot be packed: {problem}") from problem
