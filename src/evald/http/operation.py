"""One operation of the API: what it is called, what it takes and gives, and who answers it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from evald.services.context import Context
from evald.wire.base import WireModel


@dataclass(frozen=True, slots=True)
class Api:
    """What every handler is handed.

    `max_body_bytes` bounds the body of any request but an upload's, `is_ready` says whether work
    is done, not only taken in.
    """

    context: Context
    max_body_bytes: int
    is_ready: Callable[[], bool]


Handler = Callable[[Api, Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Operation:
    """A method on a path.

    `takes` is the JSON body it reads, `gives` what it answers, in a list where `gives_list`;
    `id` is OpenAI's operationId where there is one. What `is_passed_on` is answered by a provider.
    """

    id: str
    method: str
    path: str
    handler: Handler
    takes: type[WireModel] | None = None
    query: type[WireModel] | None = None
    gives: type[WireModel] | None = None
    gives_list: bool = False
    status: int = 200
    is_passed_on: bool = False


def key_of(request: Request) -> str:
    """The id of the key that came with the request, as the door found it."""
    key_id: str = request.scope["state"]["key_id"]
    return key_id


def request_id_of(request: Request) -> str:
    """The id that the door gave the request, which the answer has as `x-request-id`."""
    request_id: str = request.scope["state"]["request_id"]
    return request_id


def project_of(request: Request) -> str:
    """The id of the project whose key came with the request, as the door found it."""
    project_id: str = request.scope["state"]["project_id"]
    return project_id
