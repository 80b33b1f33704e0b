"""A worker by itself: carries out runs of a shared database, and answers nobody."""

import asyncio
import logging
import signal
from pathlib import Path

from evald.assembly.data_folder import open_data_folder, serving_lock
from evald.assembly.world import (
    UNUSABLE,
    allow_open_files,
    new_courier,
    new_loop,
    new_worker,
    opened_world,
)
from evald.settings import Settings

_log = logging.getLogger("evald.worker")


class CannotWork(Exception):
    """The worker cannot begin as it is configured; the message says what to change."""


def work(settings: Settings) -> None:
    """Works until SIGTERM or SIGINT, then hands back what is in flight.

    Raises:
        CannotWork: there is no database to share, or a setting, the config file or the data folder
            forbids it.
    """
    if not settings.database_url:
        message = (
            "`evald worker` needs a PostgreSQL database that `evald serve` uses too "
            "(--database-url): a data folder with SQLite is written by one process, which works "
            "by itself."
        )
        raise CannotWork(message)
    allow_open_files()
    try:
        folder = open_data_folder(settings.data_dir)
        with serving_lock(folder), asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(_work(settings, folder))
    except (*UNUSABLE, OSError) as problem:
        raise CannotWork(str(problem)) from problem


async def _work(settings: Settings, folder: Path) -> None:
    told_to_end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told_to_end.set)
    async with opened_world(settings, folder) as world:
        _log.info("worker_starting data_dir=%s", folder)
        async with new_worker(settings, folder, world).working(), new_courier(world).working():
            await told_to_end.wait()
            _log.info("worker_ending")
