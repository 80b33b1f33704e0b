"""Responses: create through the gateway; of stored ones list, get, delete, cancel, input items."""

from collections.abc import Sequence

from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.conversation.input_items import input_items
from evald.domain.errors import (
    ProviderBroken,
    ResponseInputNotKept,
    ResponseNotFound,
    ResponseNotInBackground,
    UnknownCursor,
    UnsupportedByProvider,
    UnsupportedParameter,
)
from evald.domain.logs.filters import LogFilter
from evald.domain.logs.terms import listing_terms
from evald.ports.kept import Page, StoredLog
from evald.ports.relay import Relay, RelayRequest
from evald.ports.store import CursorUnknown
from evald.services.background_responses import (
    ROUTE,
    ask_provider,
    is_unfinished,
    keeps_responses,
    read_object,
    refreshed,
    renewed,
)
from evald.services.context import Context
from evald.services.listed_objects import page_of
from evald.services.relaying import Caller, Relayed, relayed
from evald.services.response_following import FollowingReader
from evald.services.response_keeping import ResponseKeeper
from evald.services.response_reading import ResponseReader
from evald.services.response_requests import response_call
from evald.services.response_translating import TranslatingReader, with_rest
from evald.wire.responses import (
    CreateResponseRequest,
    DeletedResponse,
    ListInputItemsQuery,
    ListResponsesQuery,
)

Json = dict[str, JsonValue]


async def create_response(
    context: Context, caller: Caller, asked: CreateResponseRequest, content: bytes
) -> Relayed:
    """The response to the request; kept before its end goes out, unless `store` is false.

    Args:
        content: the request as it came.

    Raises:
        RequestError: as `response_call` has it.
    """
    call = await response_call(context, caller, asked, content)
    keeper = ResponseKeeper(context, call)
    if call.relay.responses == "translate":
        reader = TranslatingReader(keeper, call, context.clock)
        return with_rest(relayed(call.relay, call.sent, reader), reader)
    if call.kept is None and not call.told:
        return relayed(call.relay, call.sent, keeper.meter)
    return relayed(call.relay, call.sent, ResponseReader(keeper, call))


async def list_responses(
    context: Context,
    project_id: str,
    query: ListResponsesQuery,
    *,
    metadata: Sequence[tuple[str, str]],
) -> Page[StoredLog]:
    """A page of the stored responses of this model and time and with these pairs of metadata.

    Raises:
        UnknownCursor: `after` names none of the project.
    """
    wanted = LogFilter(
        all_of=listing_terms(query.model, metadata),
        created_after=query.created_after,
        created_before=query.created_before,
    )
    try:
        async with context.store.snapshot() as tx:
            return await tx.logs.page(project_id, "response", wanted=wanted, query=query)
    except CursorUnknown:
        raise UnknownCursor(query.after or "") from None


async def get_response(context: Context, caller: Caller, response_id: str) -> StoredLog:
    """The stored response; one that goes on in the background as it is now.

    Raises:
        ResponseNotFound: there is none of this id.
    """
    return await refreshed(context, caller, await _found(context, caller.project_id, response_id))


async def follow_response(
    context: Context, caller: Caller, response_id: str, query: Sequence[tuple[str, str]]
) -> Relayed:
    """The events of a stored response, as its provider streams them again.

    Args:
        query: as it came, `stream` included.

    Raises:
        ResponseNotFound: there is none of this id.
        UnsupportedParameter: no provider keeps it.
    """
    log = await _found(context, caller.project_id, response_id)
    relay = _keeping(context, log)
    if relay is None:
        raise UnsupportedParameter(
            f"Response '{log.id}' cannot be streamed again: no provider keeps it.", param="stream"
        )
    request = RelayRequest("GET", f"{ROUTE}/{log.id}", query=tuple(query), headers=caller.headers)
    return relayed(relay, request, FollowingReader(context, caller, log))


async def delete_response(context: Context, project_id: str, response_id: str) -> DeletedResponse:
    """The stored response is gone, at its provider too; what runs took from it stays with them.

    Raises:
        ResponseNotFound: there is none of this id.
        RequestError: the provider that keeps it too did not delete it; then it is here still.
    """
    log = await _found(context, project_id, response_id)
    relay = _keeping(context, log)
    if relay is not None:
        said = await ask_provider(relay, RelayRequest("DELETE", f"{ROUTE}/{log.id}"))
        if said.status >= 300 and said.status != 404:
            raise _refused(relay, said.status, "deleted")
    async with context.store.transaction() as tx:
        if not await tx.logs.delete(project_id, "response", response_id):
            raise ResponseNotFound(response_id)
    return DeletedResponse(id=response_id)


async def cancel_response(context: Context, caller: Caller, response_id: str) -> StoredLog:
    """The stored response, which goes on no longer; one that has ended stays as it is.

    Raises:
        ResponseNotFound: there is none of this id.
        ResponseNotInBackground: it was not made in the background.
        UnsupportedByProvider: its provider is served no longer.
        RequestError: the provider did not cancel it.
    """
    log = await _found(context, caller.project_id, response_id)
    body = read_object(log.body)
    if body.get("background") is not True:
        raise ResponseNotInBackground(log.id)
    if not is_unfinished(body):
        return log
    relay = _keeping(context, log)
    if relay is None:
        raise UnsupportedByProvider(
            f"Response '{log.id}' cannot be canceled: no provider that is configured keeps it."
        )
    said = await ask_provider(relay, RelayRequest("POST", f"{ROUTE}/{log.id}/cancel"))
    if said.status >= 300:
        raise _refused(relay, said.status, "canceled")
    return await renewed(context, caller, log, said.body)


async def list_input_items(
    context: Context, project_id: str, response_id: str, query: ListInputItemsQuery
) -> Page[Json]:
    """A page of the items that a stored response answers, those before it in its conversation too.

    Raises:
        ResponseNotFound: there is none of this id.
        ResponseInputNotKept: it was imported without them.
        UnknownCursor: `after` is none of its items.
    """
    log = await _found(context, project_id, response_id)
    if log.request is None:
        raise ResponseInputNotKept(response_id)
    return page_of(input_items(log.id, read_object(log.request).get("input")), query)


def response_text(log: StoredLog) -> str:
    """The JSON text of a stored response: as it was answered, its metadata and id ours."""
    body = read_object(log.body)
    shown: Json = {**body, "id": log.id, "metadata": {**log.metadata}}
    return log.body if shown == body else exact_json.dump(shown)


async def _found(context: Context, project_id: str, response_id: str) -> StoredLog:
    async with context.store.snapshot() as tx:
        log = await tx.logs.get(project_id, "response", response_id)
    if log is None:
        raise ResponseNotFound(response_id)
    return log


def _keeping(context: Context, log: StoredLog) -> Relay | None:
    """The relay to the provider that keeps the response too, if one does."""
    relay = context.relays.named(log.provider)
    return relay if keeps_responses(relay) else None


def _refused(relay: Relay, status: int, done: str) -> ProviderBroken:
    return ProviderBroken(
        f"Provider '{relay.provider}' keeps the response too, and answered with status {status}: "
        f"it was not {done}."
    )
