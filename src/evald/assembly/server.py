"""The server: from settings to a running process, and to its orderly end."""

import asyncio
import contextlib
import ipaddress
import logging
import signal
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from evald.adapters.archive.blob_archives import BlobArchives
from evald.adapters.threads import ThreadCpu
from evald.assembly.data_folder import (
    PAGES_CACHE,
    cookie_secret,
    open_data_folder,
    serving_lock,
    worker_id,
)
from evald.assembly.door import Door, host_name
from evald.assembly.http_protocol import QuietServer, behind_proxy, uvicorn_config
from evald.assembly.pages import LatePages
from evald.assembly.scraping import new_scrape
from evald.assembly.webhooks import name_operators_endpoint
from evald.assembly.worker import AtRest, Worker
from evald.assembly.world import (
    UNUSABLE,
    World,
    allow_open_files,
    new_courier,
    new_loop,
    new_worker,
    opened_world,
    share_memory_among_threads,
)
from evald.engine.context import LOCAL
from evald.http.app import build_api
from evald.services.context import Context
from evald.services.import_desk import DeskTools, ImportDesk
from evald.services.keys import Gate
from evald.services.log_keeper import LogKeeper
from evald.services.run_watch import RunWatch
from evald.settings import Settings

_log = logging.getLogger("evald.server")

SWITCH_S = 0.0005
"""How long a thread that checks rows may keep the event loop from its turn.

With Python's own 5 ms, which the loop waits after each of its looks at the sockets, the echo of a
large run took more than twice as long. Rows per second are the same.
"""


class CannotServe(Exception):
    """The server cannot begin as it is configured; the message says what to change."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a serving process keeps open until its end, besides what a worker does."""

    world: World
    archives: BlobArchives
    desk: ImportDesk
    logs: LogKeeper


def serve(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT, then hands back what is in flight.

    Raises:
        CannotServe: a setting, the config file, the data folder or the port forbids it.
    """
    if settings.work == "false" and not settings.database_url:
        message = (
            "EVALD_WORK is 'false', and nobody else can work on runs that are kept in a data "
            "folder: name a database that workers share, or let the server work."
        )
        raise CannotServe(message)
    sys.setswitchinterval(SWITCH_S)
    allow_open_files()
    share_memory_among_threads()
    try:
        folder = open_data_folder(settings.data_dir)
        with (
            serving_lock(folder),
            _bound(settings) as listener,
            asyncio.Runner(loop_factory=new_loop) as runner,
        ):
            runner.run(_serve(settings, folder, listener))
    except (*UNUSABLE, OSError) as problem:
        raise CannotServe(str(problem)) from problem


async def _serve(settings: Settings, folder: Path, listener: socket.socket) -> None:
    async with opened_world(settings, folder) as world:
        kept = _kept(settings, folder, world)
        gate = await _gate(settings, kept)
        worker = new_worker(settings, folder, world) if settings.work == "true" else AtRest()
        context = _context(settings, kept, worker, listener)
        await name_operators_endpoint(settings, context)
        api = build_api(
            context, max_body_bytes=settings.max_body_bytes, is_ready=lambda: worker.is_ready
        )
        secret, cache = cookie_secret(folder), folder / PAGES_CACHE
        pages = LatePages(context, gate, cookie_secret=secret, cache=cache)
        hosts = _allowed_hosts(settings, context, is_open=await gate.is_open())
        door = Door(
            api,
            behind_proxy(pages),
            gate,
            world.clock,
            hosts,
            world.prometheus.metrics,
            world.traces,
        )
        server = QuietServer(uvicorn_config(door))
        _end_on_signals(server, context.run_watch)
        await _say_hello(settings, context, gate, listener=listener)
        async with (
            worker.working(),
            kept.desk.working(),
            kept.logs.working(),
            new_courier(world).working(),
        ):
            await server.serve(sockets=[listener])
            _log.info("server_ending")


def _end_on_signals(server: QuietServer, run_watch: RunWatch) -> None:
    def end() -> None:
        server.should_exit = True
        run_watch.close()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end)


def _kept(settings: Settings, folder: Path, world: World) -> _Kept:
    archives = BlobArchives(world.blobs, max_line_bytes=settings.max_body_bytes)
    desk = ImportDesk(
        DeskTools(
            store=world.store,
            blobs=world.blobs,
            clock=world.clock,
            cpu=ThreadCpu(),
            archives=archives,
            max_file_bytes=settings.max_file_bytes,
            desk_id=worker_id(folder) if settings.database_url else LOCAL,
        )
    )
    metrics, traces = world.prometheus.metrics, world.traces
    logs = LogKeeper(world.store, world.clock, metrics, traces=traces)
    return _Kept(world, archives, desk, logs)


async def _gate(settings: Settings, kept: _Kept) -> Gate:
    """The gate for these settings.

    Raises:
        CannotServe: others could reach the server and no key is configured.
    """
    on_loopback = is_loopback(settings.host)
    gate = Gate(
        kept.world.store, kept.world.clock, static_key=settings.api_key, may_be_open=on_loopback
    )
    async with kept.world.store.snapshot() as tx:
        has_key = bool(settings.api_key) or await tx.keys.any_good()
    if not has_key and not on_loopback:
        message = (
            f"No API key is configured, and {settings.host} can be reached by others: make one "
            "with `evald keys create`, set EVALD_API_KEY, or listen on 127.0.0.1."
        )
        raise CannotServe(message)
    return gate


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that listens there."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _context(
    settings: Settings, kept: _Kept, worker: Worker | AtRest, listener: socket.socket
) -> Context:
    run_watch = RunWatch(kept.world.store, kept.world.clock)
    return Context(
        store=kept.world.store,
        blobs=kept.world.blobs,
        clock=kept.world.clock,
        work=worker,
        cpu=ThreadCpu(),
        catalog=kept.world.models,
        grader_tools=kept.world.grader_tools,
        sandbox=kept.world.sandbox,
        public_url=(settings.public_url or _url_as_bound(settings, listener)).rstrip("/"),
        max_file_bytes=settings.max_file_bytes,
        max_row_bytes=settings.max_row_bytes,
        archives=kept.archives,
        desk=kept.desk,
        max_archive_bytes=settings.max_archive_bytes,
        relays=kept.world.models,
        logs=kept.logs,
        webhook_tools=kept.world.webhook_tools,
        run_watch=run_watch,
        scrape=new_scrape(
            settings,
            kept.world,
            rows_in_flight=worker.rows_in_flight,
            streams=lambda: run_watch.streams,
        ),
        metrics=kept.world.prometheus.metrics,
        traces=kept.world.traces,
    )


def _allowed_hosts(settings: Settings, context: Context, *, is_open: bool) -> frozenset[str] | None:
    """The host names to answer to; None: to any.

    On loopback without keys, a page of a foreign site could reach the server through a name that
    it has resolve to 127.0.0.1; so only the machine's own names are answered to.
    """
    named = {host.strip().lower() for host in settings.allowed_hosts.split(",") if host.strip()}
    if not is_open:
        return frozenset(named) or None
    public = host_name(urlsplit(context.public_url).netloc)
    return frozenset({*named, "localhost", "127.0.0.1", "[::1]", settings.host.lower(), public})


@contextlib.contextmanager
def _bound(settings: Settings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host.strip("[]"), settings.port))
        except (OSError, TypeError, UnicodeError) as problem:  # the last two: no name at all
            why = getattr(problem, "strerror", None) or problem
            message = f"Cannot listen on {settings.host} port {settings.port}: {why}."
            raise CannotServe(message) from problem
        yield listener


def _url_as_bound(settings: Settings, listener: socket.socket) -> str:
    host = "localhost" if settings.host in ("0.0.0.0", "::", "[::]") else settings.host  # noqa: S104
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"http://{host}:{listener.getsockname()[1]}"


async def _say_hello(
    settings: Settings, context: Context, gate: Gate, *, listener: socket.socket
) -> None:
    _log.info(
        "server_listening url=%s port=%d data_dir=%s",
        context.public_url,
        listener.getsockname()[1],
        settings.data_dir,
    )
    if settings.python_graders == "unsafe":
        _log.warning(
            "EVALD_PYTHON_GRADERS is 'unsafe': the code of python graders runs with all rights of "
            "this server, so whoever may call it can read and change whatever the server can."
        )
    if await gate.is_open():
        _log.warning(
            "No API key is configured: whoever is on this machine is let in with any key. "
            "`evald keys create` makes one."
        )
