"""Imports by the API: an archive is received and written down, and looked at later."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from evald.domain.archive.import_report import ImportReport
from evald.domain.errors import ArchiveRefused, ImportNotFound
from evald.ports.archive_source import ArchiveUnusable
from evald.ports.kept import StoredImport
from evald.services.context import Context
from evald.services.import_desk import composed_import
from evald.services.staged_blob import StagedBlob, staged_blob
from evald.wire.ids import IdPrefix
from evald.wire.imports import Import


@asynccontextmanager
async def receive_archive(context: Context) -> AsyncIterator[StagedBlob]:
    """A place for the bytes of an archive; what no `create_import` kept is gone after the block."""
    async with staged_blob(context) as blob:
        yield blob


async def create_import(
    context: Context, project_id: str, blob: StagedBlob, *, is_dry: bool
) -> Import:
    """The import of what was received; it is begun as soon as those before it have ended.

    Raises:
        ArchiveRefused: it is no archive, or not one to be trusted.
    """
    await blob.seal()
    try:
        async with context.archives.opened(blob.id):
            pass
    except ArchiveUnusable as problem:
        raise ArchiveRefused(str(problem)) from None
    stored = StoredImport(
        id=context.clock.new_id(IdPrefix.IMPORT),
        project_id=project_id,
        created_at=context.clock.now(),
        is_dry=is_dry,
        status="queued",
        blob_id=blob.id,
    )
    async with context.store.transaction() as tx:
        await tx.archive_imports.insert(stored)
        blob.claim()
    context.desk.wake()
    return composed_import(stored, ImportReport(), status="queued")


async def get_import(context: Context, project_id: str, import_id: str) -> Import:
    """The import, as far as it is.

    Raises:
        ImportNotFound: the project has none of this id.
    """
    in_hand = context.desk.report(import_id)
    async with context.store.snapshot() as tx:
        stored = await tx.archive_imports.get(project_id, import_id)
    if stored is None:
        raise ImportNotFound(import_id)
    if stored.report is not None:
        return Import.model_validate(stored.report)
    return composed_import(stored, in_hand or ImportReport(), status=stored.status)
