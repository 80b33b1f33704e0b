"""Whether the server lives, and whether it is ready, open to all; and what it counts."""

from starlette.requests import Request
from starlette.responses import Response

from evald.http.answers import text_answer
from evald.http.operation import Api

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


async def healthz(api: Api, request: Request) -> Response:
    """Says that the process answers."""
    return text_answer('{"status":"ok"}')


async def readyz(api: Api, request: Request) -> Response:
    """Says whether runs are worked on; 503 while they are not (yet)."""
    if api.is_ready():
        return text_answer('{"status":"ok"}')
    return text_answer('{"status":"not_ready"}', status=503)


async def metrics(api: Api, request: Request) -> Response:
    """Tells what this process counted, and what there is to do."""
    return Response(await api.context.scrape.text(), media_type=METRICS_TYPE)
