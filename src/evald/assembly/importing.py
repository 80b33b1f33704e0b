"""An import put together: from an archive and a data folder to what became of it."""

from pathlib import Path

from evald.adapters.archive.source import open_source
from evald.adapters.clock import SystemClock
from evald.adapters.threads import ThreadCpu
from evald.assembly.data_folder import open_data_folder, serving_lock
from evald.assembly.storage import opened_storage
from evald.domain.archive.import_report import ImportProgress
from evald.services.import_tools import ImportTools
from evald.services.imports import import_archive
from evald.services.keys import DEFAULT_PROJECT
from evald.settings import Settings


async def import_into(
    settings: Settings, archive: Path, progress: ImportProgress, *, is_dry: bool
) -> None:
    """Imports the archive into the settings' database and folder, while nobody serves from that.

    What came of it is in the progress' report.

    Raises:
        ArchiveUnreadable: there is no archive at this path, or one that is not to be trusted.
        FolderInUse: a server, or another import, uses the data folder.
        FolderUnusable, DatabaseUnusable, SchemaTooNew, UrlUnusable: the data cannot be kept.
    """
    with open_source(archive, max_line_bytes=settings.max_body_bytes) as source:
        progress.total = source.objects()
        folder = open_data_folder(settings.data_dir)
        with serving_lock(folder):
            clock = SystemClock()
            async with opened_storage(settings, folder, clock) as storage:
                await import_archive(
                    ImportTools(
                        source=source,
                        store=storage.store,
                        blobs=storage.blobs,
                        clock=clock,
                        cpu=ThreadCpu(),
                        project_id=DEFAULT_PROJECT,
                        max_file_bytes=settings.max_file_bytes,
                        is_dry=is_dry,
                        report=progress.report,
                    )
                )
            progress.report.notes[:0] = source.notes()
            progress.report.problems[:0] = source.problems()
