"""Runs over HTTP: create, list, get, cancel, delete."""

import logging

from starlette.requests import Request
from starlette.responses import Response

from evald.domain.validation import read_model
from evald.http.answers import plain_answer, run_answer, runs_answer
from evald.http.operation import Api, project_of, request_id_of
from evald.http.parsing import RequestBody, read_idempotency, read_query, require_json
from evald.http.run_body import read_run_body
from evald.services import runs
from evald.services.row_intake import RowIntake, open_intake
from evald.wire.pages import ListRunsQuery
from evald.wire.runs import CreateRunRequest

_log = logging.getLogger("evald.http")


async def create_run(api: Api, request: Request) -> Response:
    """Creates a run of an eval over a data source, and starts it."""
    context, project_id = api.context, project_of(request)
    body = RequestBody(request, max_bytes=api.max_body_bytes)
    async with open_intake(context, project_id, request.path_params["eval_id"]) as intake:
        asked = await _read(api, request, body, intake=intake)
        view = await runs.create_run(
            context,
            project_id,
            asked,
            intake=intake,
            idempotency=read_idempotency(request, body.sha256()),
        )
    _log.info(
        "run_accepted request=%s run=%s eval=%s",
        request_id_of(request),
        view.run.id,
        view.run.eval_id,
    )
    return run_answer(view, context.blobs, status=201)


async def list_runs(api: Api, request: Request) -> Response:
    """Lists the runs of an eval, oldest first unless asked otherwise."""
    query = read_query(ListRunsQuery, request.query_params)
    eval_id = request.path_params["eval_id"]
    page = await runs.list_runs(api.context, project_of(request), eval_id, query)
    return runs_answer(page, api.context.blobs)


async def get_run(api: Api, request: Request) -> Response:
    """Answers one run, with its rows if they came with its request."""
    eval_id, run_id = request.path_params["eval_id"], request.path_params["run_id"]
    view = await runs.get_run(api.context, project_of(request), eval_id, run_id)
    return run_answer(view, api.context.blobs)


async def cancel_run(api: Api, request: Request) -> Response:
    """Cancels a run; what is done of it is kept, and one that has ended stays as it is."""
    eval_id, run_id = request.path_params["eval_id"], request.path_params["run_id"]
    view = await runs.cancel_run(api.context, project_of(request), eval_id, run_id)
    return run_answer(view, api.context.blobs)


async def delete_run(api: Api, request: Request) -> Response:
    """Deletes a run and its output items; one in progress is stopped."""
    eval_id, run_id = request.path_params["eval_id"], request.path_params["run_id"]
    return plain_answer(await runs.delete_run(api.context, project_of(request), eval_id, run_id))


async def _read(
    api: Api, request: Request, body: RequestBody, *, intake: RowIntake
) -> CreateRunRequest:
    if await body.is_empty():
        return read_model(CreateRunRequest, {})
    require_json(request)
    asked = await read_run_body(body, add=intake.add, max_row_bytes=api.context.max_row_bytes)
    return read_model(CreateRunRequest, asked)
