"""Chat completions: create through the gateway; of stored ones list, get, update, delete."""

from collections.abc import Sequence

from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.errors import (
    ChatCompletionNotFound,
    MalformedJson,
    ModelNotFound,
    UnknownCursor,
)
from evald.domain.logs.completions import completion_body, completion_messages
from evald.domain.logs.filters import LogFilter
from evald.domain.logs.terms import listing_terms
from evald.ports.kept import Page, StoredLog
from evald.ports.relay import RelayRequest
from evald.ports.store import CursorUnknown
from evald.sampling.attachments import FILE_KEY, ProjectFiles, with_files
from evald.services.chat_keeping import ChatKeeper, ToKeep
from evald.services.context import Context
from evald.services.listed_objects import page_of
from evald.services.relaying import Caller, Relayed, relayed
from evald.services.usage_meter import UsageMeter
from evald.wire.chat_completions import (
    CreateChatCompletionRequest,
    DeletedChatCompletion,
    ListChatCompletionsQuery,
    UpdateChatCompletionRequest,
)
from evald.wire.pages import ListQuery

Json = dict[str, JsonValue]

CHAT_COMPLETIONS = "chat/completions"
_OURS = ("store", "metadata")


async def create_chat_completion(
    context: Context, caller: Caller, asked: CreateChatCompletionRequest, content: bytes
) -> Relayed:
    """The provider's answer to the request; kept before its end goes out where `store` is true.

    Args:
        content: the request as it came, which goes on as it is, but for `store` and `metadata`
            where the provider is not to know of them, and files of ours, which go as data.

    Raises:
        ModelNotFound: no provider serves the model.
        MalformedJson: the request is to be taken apart, and is too much of it.
        FilesTooLarge: the files that it names are.
    """
    relay = context.relays.serving(asked.model)
    if relay is None:
        raise ModelNotFound(asked.model, param="model")
    meter = UsageMeter(
        context.logs, context.clock, caller, model=asked.model, route=CHAT_COMPLETIONS
    )
    is_passed = relay.forwards_store or not asked.model_fields_set.intersection(_OURS)
    text = "" if is_passed and not asked.store else _without_ours(content)
    body = content if is_passed else text.encode()
    body = await _with_files(context, caller.project_id, body)
    request = RelayRequest(
        "POST", CHAT_COMPLETIONS, body, headers=caller.headers, came_at=caller.came_at
    )
    if not asked.store:
        return relayed(relay, request, meter)
    to_keep = ToKeep(caller, relay.provider, asked.model, asked.metadata or {}, text)
    keeper = ChatKeeper(context.logs, context.clock, to_keep, meter)
    return relayed(relay, request, keeper)


async def list_chat_completions(
    context: Context,
    project_id: str,
    query: ListChatCompletionsQuery,
    *,
    metadata: Sequence[tuple[str, str]],
) -> Page[Json]:
    """A page of the stored completions of this model and with these pairs of metadata.

    Raises:
        UnknownCursor: `after` names none of the project.
    """
    wanted = LogFilter(all_of=listing_terms(query.model, metadata))
    try:
        async with context.store.snapshot() as tx:
            page = await tx.logs.page(project_id, "chat_completion", wanted=wanted, query=query)
    except CursorUnknown:
        raise UnknownCursor(query.after or "") from None
    return Page([_shown(log) for log in page.rows], page.has_more)


async def get_chat_completion(context: Context, project_id: str, completion_id: str) -> Json:
    """The stored completion.

    Raises:
        ChatCompletionNotFound: there is none of this id.
    """
    return _shown(await _found(context, project_id, completion_id))


async def update_chat_completion(
    context: Context, project_id: str, completion_id: str, asked: UpdateChatCompletionRequest
) -> Json:
    """The stored completion with other metadata.

    Raises:
        ChatCompletionNotFound: there is none of this id.
    """
    async with context.store.transaction() as tx:
        log = await tx.logs.update_metadata(
            project_id, "chat_completion", completion_id, metadata=asked.metadata or {}
        )
    if log is None:
        raise ChatCompletionNotFound(completion_id)
    return _shown(log)


async def delete_chat_completion(
    context: Context, project_id: str, completion_id: str
) -> DeletedChatCompletion:
    """The stored completion is gone; what runs took from it stays with them.

    Raises:
        ChatCompletionNotFound: there is none of this id.
    """
    async with context.store.transaction() as tx:
        if not await tx.logs.delete(project_id, "chat_completion", completion_id):
            raise ChatCompletionNotFound(completion_id)
    return DeletedChatCompletion(id=completion_id)


async def list_messages(
    context: Context, project_id: str, completion_id: str, query: ListQuery
) -> Page[Json]:
    """A page of the messages that a stored completion answers.

    Raises:
        ChatCompletionNotFound: there is none of this id.
        UnknownCursor: `after` is none of its messages.
    """
    log = await _found(context, project_id, completion_id)
    if log.request is None:
        async with context.store.snapshot() as tx:
            messages = (await tx.imports.messages([log.id])).get(log.id, [])
    else:
        messages = completion_messages(log.id, _object(log.request))
    return page_of(messages, query)


async def _found(context: Context, project_id: str, completion_id: str) -> StoredLog:
    async with context.store.snapshot() as tx:
        log = await tx.logs.get(project_id, "chat_completion", completion_id)
    if log is None:
        raise ChatCompletionNotFound(completion_id)
    return log


def _shown(log: StoredLog) -> Json:
    """The completion as the API answers it; one that was imported as it was answered elsewhere."""
    body = _object(log.body)
    if log.request is None:
        is_as_told = "metadata" in body and log.metadata == (body["metadata"] or {})
        metadata: Json = {} if is_as_told else {"metadata": {**log.metadata}}
        return {**body, **metadata, **({} if body.get("id") == log.id else {"id": log.id})}
    shown = completion_body(_object(log.request), body, metadata=log.metadata)
    return {**shown, "id": log.id, "created": log.created, "request_id": log.request_id or None}


async def _with_files(context: Context, project_id: str, content: bytes) -> bytes:
    if FILE_KEY not in content:  # which spares most requests from being taken apart
        return content
    asked = _read(content)
    sent = await with_files(asked, ProjectFiles(context, project_id))
    return content if sent is asked else exact_json.dump(sent).encode()


def _without_ours(content: bytes) -> str:
    asked = _read(content)
    return exact_json.dump({key: asked[key] for key in asked if key not in _OURS})


def _read(content: bytes) -> Json:
    try:
        return _object(content.decode())
    except ValueError as problem:
        raise MalformedJson(f"The body cannot be read as JSON: {problem}.") from None


def _object(text: str) -> Json:
    value = exact_json.parse(text)
    return value if isinstance(value, dict) else {}
