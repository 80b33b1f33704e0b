"""Archives that the server was sent: blobs, read like any archive of a user's."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from importlib import import_module
from pathlib import Path

from evald.adapters.blobs.disk import DiskBlobs
from evald.adapters.threads import ThreadCpu
from evald.ports.archive_source import ArchiveSource, ArchiveUnusable
from evald.ports.blobs import BlobNotFound, Blobs

_READING = "evald.adapters.archive.source"


class BlobArchives:
    """Zips among the blobs. Fulfils `evald.ports.archive_source.Archives`."""

    def __init__(self, blobs: Blobs, *, max_line_bytes: int) -> None:
        self._blobs = blobs
        self._max_line_bytes = max_line_bytes
        self._cpu = ThreadCpu()

    @asynccontextmanager
    async def opened(self, blob_id: str) -> AsyncIterator[ArchiveSource]:
        """The archive, to be read with plain, blocking calls.

        Raises:
            ArchiveUnusable: the blob is no archive that could be read.
            BlobNotFound: there is no such blob.
        """
        # Loaded when the first archive comes: it takes a tenth of a server's time to start.
        reading = await self._cpu.run(partial(import_module, _READING))
        async with _on_disk(self._blobs, blob_id) as path:
            with ExitStack() as stack:
                archive = reading.open_source(path, max_line_bytes=self._max_line_bytes)
                try:
                    source = await self._cpu.run(partial(stack.enter_context, archive))
                except reading.ArchiveUnreadable as problem:
                    raise ArchiveUnusable(_without(path, str(problem))) from problem
                yield source


@asynccontextmanager
async def _on_disk(blobs: Blobs, blob_id: str) -> AsyncIterator[Path]:
    """A file with the blob's bytes: its own, or one that is gone after the block."""
    if isinstance(blobs, DiskBlobs):
        path = blobs.path(blob_id)
        if not path.is_file():
            raise BlobNotFound(blob_id)
        yield path
        return
    with tempfile.NamedTemporaryFile(prefix="evald-import-") as file:
        async for piece in blobs.read(blob_id):
            file.write(piece)
        file.flush()
        yield Path(file.name)


def _without(path: Path, sentence: str) -> str:
    """The sentence without our own path, which is nobody's business."""
    return sentence.replace(f"'{path}'", "The archive")
