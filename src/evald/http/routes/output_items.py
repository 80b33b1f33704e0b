"""Output items over HTTP: list, get."""

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from evald.http.answers import list_answer, text_answer
from evald.http.operation import Api, project_of
from evald.http.parsing import read_query
from evald.services import output_items
from evald.services.output_items import output_item_text
from evald.wire.pages import ListOutputItemsQuery


async def list_output_items(api: Api, request: Request) -> Response:
    """Lists the output items of a run in the order of its rows."""
    query = read_query(ListOutputItemsQuery, _as_in_enum(request.query_params))
    eval_id, run_id = request.path_params["eval_id"], request.path_params["run_id"]
    items = await output_items.list_output_items(
        api.context, project_of(request), eval_id, run_id, query=query
    )
    texts = [output_item_text(each, run_id=run_id, eval_id=eval_id) for each in items.page.rows]
    ids = [each.id for each in items.page.rows]
    return list_answer(texts, ids, has_more=items.page.has_more)


async def get_output_item(api: Api, request: Request) -> Response:
    """Answers one output item."""
    eval_id, run_id = request.path_params["eval_id"], request.path_params["run_id"]
    item = await output_items.get_output_item(
        api.context,
        project_of(request),
        eval_id,
        run_id,
        output_item_id=request.path_params["output_item_id"],
    )
    return text_answer(output_item_text(item, run_id=run_id, eval_id=eval_id))


def _as_in_enum(params: QueryParams) -> QueryParams:
    """The query with `failed`, as the prose of OpenAI's document has it, as its enum's `fail`."""
    if params.get("status") != "failed":
        return params
    return QueryParams({**params, "status": "fail"})
