"""A worker by itself: carries out runs of a shared database, and answers nobody."""

import asyncio
import contextlib
import logging
import signal
from importlib import import_module
from pathlib import Path

from evald.assembly.data_folder import open_data_folder, serving_lock
from evald.assembly.worker import Worker
from evald.assembly.world import (
    UNUSABLE,
    World,
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
        worker = new_worker(settings, folder, world)
        async with (
            _watched(settings, world, worker),
            worker.working(),
            new_courier(world).working(),
        ):
            await told_to_end.wait()
            _log.info("worker_ending")


def _watched(
    settings: Settings, world: World, worker: Worker
) -> contextlib.AbstractAsyncContextManager[None]:
    """The worker's own port, open while the block lasts, if there is to be one."""
    if not settings.metrics_port:
        return contextlib.nullcontext()
    # Loaded where it is asked for: a worker needs nothing else of a server.
    module = import_module("evald.assembly.metrics_port")
    opened: contextlib.AbstractAsyncContextManager[None] = module.opened_metrics_port(
        settings, world, worker
    )
    return opened
