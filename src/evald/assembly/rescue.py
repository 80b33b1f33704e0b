"""A rescue put together: from a folder and credentials to what became of it."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from evald.adapters.archive.folder import ArchiveFolder, open_archive
from evald.adapters.clock import SystemClock
from evald.adapters.hosted.credentials import Credentials
from evald.adapters.hosted.http import HostedHttp
from evald.adapters.hosted.limited import LimitedApi
from evald.adapters.hosted.retrying import POLICY, RetryingApi
from evald.adapters.http_session import open_session
from evald.domain.archive.journal import Source
from evald.domain.archive.manifest import Manifest
from evald.ports.archive import CannotKeep
from evald.services.rescue import account, rescue
from evald.services.rescue_progress import Progress
from evald.services.rescue_tools import KeyRefused, RescueTools, ServerSilent


class Ending(StrEnum):
    """What ended a rescue."""

    DONE = "done"  # there was nothing more to ask for
    INTERRUPTED = "interrupted"  # by a signal
    KEY_REFUSED = "key_refused"
    SERVER_SILENT = "server_silent"
    CANNOT_KEEP = "cannot_keep"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a rescue.

    `manifest` is None where the archive could not be put in order; the next call does it.
    `runs_under_way` is how many runs had not ended when they were read.
    """

    ending: Ending
    manifest: Manifest | None = None
    message: str = ""
    runs_under_way: int = 0


async def rescue_into(
    folder: Path, credentials: Credentials, progress: Progress, *, concurrency: int
) -> Outcome:
    """Fetches what the folder's archive lacks, until done or told to end by SIGINT or SIGTERM.

    A second signal leaves putting the archive in order to the next call.

    Raises:
        FolderNotOurs: the folder holds what is no archive of this source.
        ArchiveInUse: another process fills it.
        CannotKeep: the folder cannot be made.
    """
    clock = SystemClock()
    source = Source(credentials.address, credentials.organization, credentials.project)
    with open_archive(folder, source, at=clock.now()) as archive, _canceled_by_signals():
        async with open_session() as session:
            http = HostedHttp(credentials, session, clock=clock)
            limited = LimitedApi(http, concurrency, clock, policy=POLICY)
            tools = RescueTools(RetryingApi(limited, clock), archive, clock, progress)
            outcome = await _fetched(tools, concurrency)
        return await _in_order(tools, archive, outcome)


async def _fetched(tools: RescueTools, concurrency: int) -> Outcome:
    try:
        await rescue(tools, workers=concurrency)
    except KeyRefused as problem:
        return Outcome(Ending.KEY_REFUSED, message=str(problem))
    except ServerSilent as problem:
        return Outcome(Ending.SERVER_SILENT, message=str(problem))
    except CannotKeep as problem:
        return Outcome(Ending.CANNOT_KEEP, message=str(problem))
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()
        return Outcome(Ending.INTERRUPTED)
    return Outcome(Ending.DONE)


async def _in_order(tools: RescueTools, archive: ArchiveFolder, fetched: Outcome) -> Outcome:
    whole = fetched.ending is Ending.DONE
    if fetched.ending is Ending.CANNOT_KEEP or (not whole and archive.is_in_order):
        return fetched  # in the second case, a whole archive stays one
    under_way = sum(run.is_under_way for run in archive.ledger.runs.values())
    try:
        manifest = await archive.put_in_order(account(tools, whole=whole))
    except CannotKeep as problem:
        return Outcome(Ending.CANNOT_KEEP, message=str(problem))
    except asyncio.CancelledError:
        return Outcome(Ending.INTERRUPTED)
    return Outcome(fetched.ending, manifest, fetched.message, under_way)


@contextmanager
def _canceled_by_signals() -> Iterator[None]:
    """While the block lasts, SIGINT and SIGTERM cancel this task."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        if task is not None:
            loop.add_signal_handler(number, task.cancel)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
