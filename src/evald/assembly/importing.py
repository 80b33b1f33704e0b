"""An import put together: from an archive and a data folder to what became of it."""

from pathlib import Path

from evald.adapters.archive.source import open_source
from evald.adapters.blobs.disk import DiskBlobs
from evald.adapters.clock import SystemClock
from evald.adapters.sql.store import open_store
from evald.adapters.threads import ThreadCpu
from evald.assembly.data_folder import BLOBS, DATABASE, open_data_folder, serving_lock
from evald.services.import_report import ImportReport
from evald.services.import_tools import ImportTools
from evald.services.imports import import_archive
from evald.services.keys import DEFAULT_PROJECT
from evald.settings import Settings


async def import_into(settings: Settings, archive: Path, *, is_dry: bool) -> ImportReport:
    """Imports the archive into the settings' data folder, while nobody serves from that.

    Raises:
        ArchiveUnreadable: there is no archive at this path, or one that is not to be trusted.
        FolderInUse: a server, or another import, uses the data folder.
        FolderUnusable, DatabaseUnusable, SchemaTooNew: the data folder cannot be used.
    """
    with open_source(archive, max_line_bytes=settings.max_body_bytes) as source:
        folder = open_data_folder(settings.data_dir)
        with serving_lock(folder):
            blobs = DiskBlobs(folder / BLOBS)
            await blobs.sweep_unfinished()
            store = await open_store(folder / DATABASE)
            try:
                report = await import_archive(
                    ImportTools(
                        source=source,
                        store=store,
                        blobs=blobs,
                        clock=SystemClock(),
                        cpu=ThreadCpu(),
                        project_id=DEFAULT_PROJECT,
                        max_file_bytes=settings.max_file_bytes,
                        is_dry=is_dry,
                    )
                )
            finally:
                await store.close()
            report.notes[:0] = source.notes()
            return report
