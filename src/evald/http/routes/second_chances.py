"""Second chances over HTTP: retry, resume, regrade. Ours."""

from starlette.requests import Request
from starlette.responses import Response

from evald.domain.validation import read_model
from evald.http.answers import run_answer
from evald.http.operation import Api, project_of
from evald.http.parsing import json_body, read_idempotency, read_json
from evald.services import regrading, second_chances
from evald.services.idempotency import Idempotency
from evald.wire.second_chances import RegradeRequest


async def retry_run(api: Api, request: Request) -> Response:
    """Has the errored items of a run that ended worked on once more."""
    view = await second_chances.retry_run(
        api.context, project_of(request), _run_id(request), idempotency=_idempotency(request)
    )
    return run_answer(view, api.context.blobs)


async def resume_run(api: Api, request: Request) -> Response:
    """Has a run that failed or was canceled go on, its errored items once more."""
    view = await second_chances.resume_run(
        api.context, project_of(request), _run_id(request), idempotency=_idempotency(request)
    )
    return run_answer(view, api.context.blobs)


async def regrade_run(api: Api, request: Request) -> Response:
    """Creates a run that grades the items of one that ended anew, with the samples they have."""
    body = json_body(request, max_body_bytes=api.max_body_bytes)
    asked = read_model(RegradeRequest, await read_json(request, body))
    view = await regrading.regrade_run(
        api.context,
        project_of(request),
        _run_id(request),
        request=asked,
        idempotency=read_idempotency(request, body.sha256()),
    )
    return run_answer(view, api.context.blobs, status=201)


def _run_id(request: Request) -> str:
    run_id: str = request.path_params["run_id"]
    return run_id


def _idempotency(request: Request) -> Idempotency | None:
    """The key that came; the body is not read, so that it plays no part."""
    return read_idempotency(request, "")
