"""Responses over HTTP: create; of stored ones list, get, delete, cancel, input items."""

from starlette.requests import Request
from starlette.responses import Response

from evald.domain import exact_json
from evald.domain.validation import refuse_unwritable
from evald.http.answers import list_answer, plain_answer, text_answer
from evald.http.metadata_query import metadata_pairs
from evald.http.operation import Api, project_of
from evald.http.parsing import read_query
from evald.http.passed_body import caller_of, read_passed
from evald.http.relayed import RelayedAnswer
from evald.services import responses
from evald.services.responses import response_text
from evald.wire.responses import (
    CreateResponseRequest,
    GetResponseQuery,
    ListInputItemsQuery,
    ListResponsesQuery,
)


async def create_response(api: Api, request: Request) -> Response:
    """Asks a model, and stores what it answers unless that is not wanted."""
    body = await read_passed(request, max_body_bytes=api.max_body_bytes)
    refuse_unwritable(body.fields)  # a response repeats what was asked
    asked = body.read(CreateResponseRequest)
    answer = await responses.create_response(api.context, caller_of(request), asked, body.content)
    return RelayedAnswer(answer)


async def list_responses(api: Api, request: Request) -> Response:
    """Lists stored responses, newest first unless asked otherwise."""
    query = read_query(ListResponsesQuery, request.query_params)
    page = await responses.list_responses(
        api.context, project_of(request), query, metadata=metadata_pairs(request.query_params)
    )
    ids = [each.id for each in page.rows]
    return list_answer([response_text(each) for each in page.rows], ids, has_more=page.has_more)


async def get_response(api: Api, request: Request) -> Response:
    """Answers one stored response; with `stream=true` its events, where its provider has them."""
    response_id, caller = request.path_params["response_id"], caller_of(request)
    if read_query(GetResponseQuery, request.query_params).stream == "true":
        given = request.query_params.multi_items()
        answer = await responses.follow_response(api.context, caller, response_id, given)
        return RelayedAnswer(answer)
    return text_answer(
        response_text(await responses.get_response(api.context, caller, response_id))
    )


async def delete_response(api: Api, request: Request) -> Response:
    """Deletes a stored response, at its provider too."""
    response_id = request.path_params["response_id"]
    gone = await responses.delete_response(api.context, project_of(request), response_id)
    return plain_answer(gone)


async def cancel_response(api: Api, request: Request) -> Response:
    """Cancels a response that goes on in the background."""
    response_id = request.path_params["response_id"]
    log = await responses.cancel_response(api.context, caller_of(request), response_id)
    return text_answer(response_text(log))


async def list_input_items(api: Api, request: Request) -> Response:
    """Lists the items that a stored response answers, the last first unless asked otherwise."""
    query = read_query(ListInputItemsQuery, request.query_params)
    response_id = request.path_params["response_id"]
    page = await responses.list_input_items(api.context, project_of(request), response_id, query)
    ids = [str(each["id"]) for each in page.rows]
    return list_answer([exact_json.dump(each) for each in page.rows], ids, has_more=page.has_more)
