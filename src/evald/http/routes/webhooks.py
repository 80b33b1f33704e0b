"""Webhooks over HTTP: create, list, get, delete, deliveries. Ours."""

from starlette.requests import Request
from starlette.responses import Response

from evald.domain.validation import read_model
from evald.http.answers import list_answer, plain_answer, plain_text
from evald.http.operation import Api, project_of
from evald.http.parsing import json_body, read_json, read_query
from evald.services import webhooks
from evald.wire.pages import ListQuery
from evald.wire.webhooks import CreateWebhookRequest


async def create_webhook(api: Api, request: Request) -> Response:
    """Creates a webhook: an address that is told of runs that end."""
    body = json_body(request, max_body_bytes=api.max_body_bytes)
    asked = read_model(CreateWebhookRequest, await read_json(request, body))
    made = await webhooks.create_webhook(api.context, project_of(request), asked)
    return plain_answer(made, status=201)


async def list_webhooks(api: Api, request: Request) -> Response:
    """Lists every webhook, oldest first."""
    found = await webhooks.list_webhooks(api.context, project_of(request))
    texts = [plain_text(each) for each in found]
    return list_answer(texts, [each.id for each in found], has_more=False)


async def get_webhook(api: Api, request: Request) -> Response:
    """Answers one webhook, without its secret."""
    webhook_id = request.path_params["webhook_id"]
    return plain_answer(await webhooks.get_webhook(api.context, project_of(request), webhook_id))


async def delete_webhook(api: Api, request: Request) -> Response:
    """Deletes a webhook, and with it what was still to be delivered."""
    webhook_id = request.path_params["webhook_id"]
    return plain_answer(await webhooks.delete_webhook(api.context, project_of(request), webhook_id))


async def list_deliveries(api: Api, request: Request) -> Response:
    """Lists what was and is to be delivered to a webhook, oldest first unless asked otherwise."""
    query = read_query(ListQuery, request.query_params)
    webhook_id = request.path_params["webhook_id"]
    page = await webhooks.list_deliveries(api.context, project_of(request), webhook_id, query)
    texts = [plain_text(each) for each in page.rows]
    return list_answer(texts, [each.id for each in page.rows], has_more=page.has_more)
