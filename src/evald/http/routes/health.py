"""Whether the server lives, and whether it is ready; open to all."""

from starlette.requests import Request
from starlette.responses import Response

from evald.http.answers import text_answer
from evald.http.operation import Api


async def healthz(api: Api, request: Request) -> Response:
    """Says that the process answers."""
    return text_answer('{"status":"ok"}')


async def readyz(api: Api, request: Request) -> Response:
    """Says whether runs are worked on; 503 while they are not (yet)."""
    if api.is_ready():
        return text_answer('{"status":"ok"}')
    return text_answer('{"status":"not_ready"}', status=503)
