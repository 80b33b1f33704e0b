"""The usage ledger over HTTP: list. All of it is ours."""

from starlette.requests import Request
from starlette.responses import Response

from evald.http.answers import plain_text, text_answer
from evald.http.operation import Api, project_of
from evald.http.parsing import read_query
from evald.services import usage
from evald.wire.usage import MAX_USAGE_LIMIT, UsageQuery


async def list_usage(api: Api, request: Request) -> Response:
    """Lists what was spent through the gateway, by day, model, key and route."""
    query = read_query(UsageQuery, request.query_params, max_limit=MAX_USAGE_LIMIT)
    found = await usage.list_usage(api.context, project_of(request), query)
    shown = ",".join([plain_text(each) for each in found[: query.limit]])
    has_more = "true" if len(found) > query.limit else "false"
    return text_answer(f'{{"object":"list","data":[{shown}],"has_more":{has_more}}}')
