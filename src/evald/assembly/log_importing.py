"""An import of logs put together: from a file, and a data folder or an address, to its report."""

from collections.abc import AsyncIterator

from evald.adapters.clock import SystemClock
from evald.adapters.http_session import open_session
from evald.adapters.log_file import LogFileUnreadable, log_pieces
from evald.adapters.remote.asking import RemoteRefused
from evald.adapters.remote.logs import RemoteLogs
from evald.adapters.threads import ThreadCpu
from evald.assembly.data_folder import open_data_folder, serving_lock
from evald.assembly.remote_importing import RemoteServer
from evald.assembly.storage import opened_storage
from evald.services.keys import DEFAULT_PROJECT
from evald.services.log_imports import LogImportTools, LogIntake
from evald.settings import Settings
from evald.wire.log_imports import LogImport


async def import_logs_into(settings: Settings, path: str, *, is_dry: bool) -> LogImport:
    """Keeps the logs of the file in the settings' database, while nobody serves from its folder.

    Raises:
        LogFileUnreadable: the file cannot be read; what of it was kept before stays.
        FolderInUse: a server, or another import, uses the data folder.
        FolderUnusable, DatabaseUnusable, SchemaTooNew, UrlUnusable: the data cannot be kept.
    """
    folder = open_data_folder(settings.data_dir)
    with serving_lock(folder):
        clock = SystemClock()
        async with opened_storage(settings, folder, clock) as storage:
            tools = LogImportTools(storage.store, clock, ThreadCpu(), settings.max_row_bytes)
            intake = LogIntake(tools, DEFAULT_PROJECT, is_dry=is_dry)
            async for piece in log_pieces(path):
                await intake.feed(piece)
            return await intake.end()


async def import_logs_at(server: RemoteServer, path: str, *, is_dry: bool) -> LogImport:
    """Has the server at this address keep the logs of the file.

    Raises:
        LogFileUnreadable: the file cannot be read; what of it was kept before stays.
        RemoteRefused: the server was not reached, or refuses the logs or the key.
    """
    faults: list[LogFileUnreadable] = []
    async with open_session() as session:
        remote = RemoteLogs(session, server.url, api_key=server.key)
        try:
            return await remote.send(_watched(path, faults), is_dry=is_dry)
        except RemoteRefused:
            if faults:  # the connection was given up because of it
                raise faults[0] from None
            raise


async def _watched(path: str, faults: list[LogFileUnreadable]) -> AsyncIterator[bytes]:
    try:
        async for piece in log_pieces(path):
            yield piece
    except LogFileUnreadable as problem:
        faults.append(problem)
        raise
