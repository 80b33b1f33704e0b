"""The small port of a worker: its metrics, and whether it lives and is ready."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from evald.assembly.door import Door
from evald.assembly.http_protocol import QuietServer, uvicorn_config
from evald.assembly.scraping import new_scrape
from evald.assembly.worker import Worker
from evald.assembly.world import World
from evald.domain.errors import UnknownUrl
from evald.http.routes.health import METRICS_TYPE
from evald.services.keys import Gate
from evald.services.scraping import Scrape
from evald.settings import Settings

LOOPBACK = "127.0.0.1"
_HOSTS = frozenset({"localhost", LOOPBACK})


@contextlib.asynccontextmanager
async def opened_metrics_port(
    settings: Settings, world: World, worker: Worker
) -> AsyncIterator[None]:
    """While the block lasts, the port answers, on loopback alone.

    Raises:
        OSError: it cannot be listened on.
    """
    gate = Gate(world.store, world.clock, static_key=settings.api_key, may_be_open=True)
    scrape = new_scrape(settings, world, rows_in_flight=worker.rows_in_flight, streams=lambda: 0)
    answers = _Answers(scrape, lambda: worker.is_ready)
    door = Door(answers, answers, gate, world.clock, _HOSTS, world.prometheus.metrics)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, settings.metrics_port))
        except OSError as problem:
            where = f"port {settings.metrics_port} of {LOOPBACK} (EVALD_METRICS_PORT)"
            message = f"Cannot listen on {where}: {problem.strerror}."
            raise OSError(message) from problem
        server = QuietServer(uvicorn_config(door))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield
        finally:
            server.should_exit = True
            await asyncio.wait([serving])


@dataclass(frozen=True, slots=True, eq=False)
class _Answers:
    """The three paths that there are."""

    scrape: Scrape
    is_ready: Callable[[], bool]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = await self._answer(scope)
        scope["state"]["route"] = scope["path"]
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope) -> Response:
        match scope["path"]:
            case "/metrics":
                return Response(await self.scrape.text(), media_type=METRICS_TYPE)
            case "/healthz":
                return Response('{"status":"ok"}', media_type="application/json")
            case "/readyz" if self.is_ready():
                return Response('{"status":"ok"}', media_type="application/json")
            case "/readyz":
                return Response('{"status":"not_ready"}', 503, media_type="application/json")
        raise UnknownUrl(scope["method"], scope["path"])
