"""Chat completions over HTTP: create; of stored ones list, get, update, delete, messages."""

from starlette.requests import Request
from starlette.responses import Response

from evald.domain import exact_json
from evald.domain.validation import read_model
from evald.http.answers import list_answer, plain_answer, text_answer
from evald.http.metadata_query import metadata_pairs
from evald.http.operation import Api, project_of
from evald.http.parsing import json_body, read_json, read_query
from evald.http.passed_body import caller_of, read_passed
from evald.http.relayed import RelayedAnswer
from evald.services import chat_completions
from evald.wire.chat_completions import (
    CreateChatCompletionRequest,
    ListChatCompletionsQuery,
    UpdateChatCompletionRequest,
)
from evald.wire.pages import ListQuery


async def create_chat_completion(api: Api, request: Request) -> Response:
    """Asks a model, and stores what it answers if that is wanted."""
    body = await read_passed(request, max_body_bytes=api.max_body_bytes)
    asked = body.read(CreateChatCompletionRequest)
    answer = await chat_completions.create_chat_completion(
        api.context, caller_of(request), asked, body.content
    )
    return RelayedAnswer(answer)


async def list_chat_completions(api: Api, request: Request) -> Response:
    """Lists stored chat completions, oldest first unless asked otherwise."""
    query = read_query(ListChatCompletionsQuery, request.query_params)
    page = await chat_completions.list_chat_completions(
        api.context, project_of(request), query, metadata=metadata_pairs(request.query_params)
    )
    ids = [str(each["id"]) for each in page.rows]
    return list_answer([exact_json.dump(each) for each in page.rows], ids, has_more=page.has_more)


async def get_chat_completion(api: Api, request: Request) -> Response:
    """Answers one stored chat completion."""
    completion_id = request.path_params["completion_id"]
    found = await chat_completions.get_chat_completion(
        api.context, project_of(request), completion_id
    )
    return text_answer(exact_json.dump(found))


async def update_chat_completion(api: Api, request: Request) -> Response:
    """Changes the metadata of a stored chat completion."""
    body = json_body(request, max_body_bytes=api.max_body_bytes)
    asked = read_model(UpdateChatCompletionRequest, await read_json(request, body))
    completion_id = request.path_params["completion_id"]
    changed = await chat_completions.update_chat_completion(
        api.context, project_of(request), completion_id, asked
    )
    return text_answer(exact_json.dump(changed))


async def delete_chat_completion(api: Api, request: Request) -> Response:
    """Deletes a stored chat completion."""
    completion_id = request.path_params["completion_id"]
    return plain_answer(
        await chat_completions.delete_chat_completion(
            api.context, project_of(request), completion_id
        )
    )


async def list_messages(api: Api, request: Request) -> Response:
    """Lists the messages that a stored chat completion answers, in their order."""
    query = read_query(ListQuery, request.query_params)
    completion_id = request.path_params["completion_id"]
    page = await chat_completions.list_messages(
        api.context, project_of(request), completion_id, query
    )
    ids = [str(each.get("id")) for each in page.rows]
    return list_answer([exact_json.dump(each) for each in page.rows], ids, has_more=page.has_more)
