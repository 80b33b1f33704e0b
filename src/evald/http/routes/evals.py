"""Evals over HTTP: create, list, get, update, delete."""

from starlette.requests import Request
from starlette.responses import Response

from evald.domain import exact_json
from evald.domain.validation import read_model
from evald.http.answers import list_answer, plain_answer, text_answer
from evald.http.operation import Api, project_of
from evald.http.parsing import json_body, read_idempotency, read_json, read_query
from evald.services import evals
from evald.wire.evals import CreateEvalRequest, Eval, UpdateEvalRequest, eval_json
from evald.wire.pages import ListEvalsQuery


async def create_eval(api: Api, request: Request) -> Response:
    """Creates an eval: a data source config and testing criteria."""
    body = json_body(request, max_body_bytes=api.max_body_bytes)
    asked = read_model(CreateEvalRequest, await read_json(request, body))
    made = await evals.create_eval(
        api.context,
        project_of(request),
        asked,
        idempotency=read_idempotency(request, body.sha256()),
    )
    return text_answer(_text(made), status=201)


async def list_evals(api: Api, request: Request) -> Response:
    """Lists evals, oldest first unless asked otherwise."""
    query = read_query(ListEvalsQuery, request.query_params)
    page = await evals.list_evals(api.context, project_of(request), query)
    ids = [each.id for each in page.rows]
    return list_answer([_text(each) for each in page.rows], ids, has_more=page.has_more)


async def get_eval(api: Api, request: Request) -> Response:
    """Answers one eval."""
    eval_id = request.path_params["eval_id"]
    return text_answer(_text(await evals.get_eval(api.context, project_of(request), eval_id)))


async def update_eval(api: Api, request: Request) -> Response:
    """Changes an eval's name, its metadata, or both."""
    body = json_body(request, max_body_bytes=api.max_body_bytes)
    asked = read_model(UpdateEvalRequest, await read_json(request, body))
    eval_id = request.path_params["eval_id"]
    changed = await evals.update_eval(api.context, project_of(request), eval_id, asked)
    return text_answer(_text(changed))


async def delete_eval(api: Api, request: Request) -> Response:
    """Deletes an eval, and its runs with their output items."""
    eval_id = request.path_params["eval_id"]
    return plain_answer(await evals.delete_eval(api.context, project_of(request), eval_id))


def _text(an_eval: Eval) -> str:
    return exact_json.dump(eval_json(an_eval))
