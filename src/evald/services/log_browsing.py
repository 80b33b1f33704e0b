"""Logs as a reader browses them: lists of either kind by all filters, and one log taken apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from pydantic import JsonValue

from evald.domain.conversation.chat_answer import read_chat_answer
from evald.domain.conversation.flatten import flatten_messages
from evald.domain.conversation.reading import Reading
from evald.domain.errors import ChatCompletionNotFound, ResponseNotFound, UnknownCursor
from evald.domain.logs.filters import LogFilter
from evald.domain.logs.queries import END_OF_TIME
from evald.domain.logs.rows import Json, LoggedCall, LogUnusable, read_json, row_of_call
from evald.domain.logs.terms import LogKind, Term, metadata_terms, text_term
from evald.domain.logs.token_usage import TokenUsage, token_usage
from evald.ports.kept import Page, StoredLog
from evald.ports.store import CursorUnknown
from evald.sampling.response_answer import read_response
from evald.services.context import Context
from evald.wire.pages import ListQuery


@dataclass(frozen=True, slots=True)
class LogsAsked:
    """Which logs: of this kind, and of this model, metadata and time where they are given.

    Both bounds are in Unix seconds and belong to what is asked for. Newest first.
    """

    kind: LogKind
    model: str = ""
    metadata: Sequence[tuple[str, str]] = ()
    created_after: int | None = None
    created_before: int | None = None
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class LogReport:
    """One log: what was asked, as flat messages, what was answered, and both as they are kept.

    `usage` is None where the answer does not say it, `request` where nobody knows it.
    """

    log: StoredLog
    messages: Sequence[JsonValue]
    said: Reading
    usage: TokenUsage | None
    request: Json | None
    body: Json


async def list_logs(context: Context, project_id: str, asked: LogsAsked) -> Page[StoredLog]:
    """A page of the logs asked for.

    Raises:
        UnknownCursor: `asked.after` is no log of the project and kind.
    """
    query = ListQuery(after=asked.after, limit=asked.limit, order="desc")
    async with context.store.snapshot() as tx:
        try:
            return await tx.logs.page(project_id, asked.kind, wanted=_wanted(asked), query=query)
        except CursorUnknown:
            raise UnknownCursor(str(asked.after)) from None


async def report_log(context: Context, project_id: str, kind: LogKind, log_id: str) -> LogReport:
    """The log of this kind and id.

    Raises:
        ChatCompletionNotFound, ResponseNotFound: there is none.
    """
    async with context.store.snapshot() as tx:
        log = await tx.logs.get(project_id, kind, log_id)
        if log is None:
            raise _not_found(kind, log_id)
        messages: Sequence[Json] = ()
        if log.request is None and kind == "chat_completion":
            messages = (await tx.imports.messages([log.id])).get(log.id, [])
    return await context.cpu.run(lambda: _report(log, messages))


def said_of(log: StoredLog) -> Reading:
    """What the answer of a log says; of one that cannot be read, nothing."""
    return _said(log.kind, _readable(log.body) or {})


def _wanted(asked: LogsAsked) -> LogFilter:
    terms: list[Term] = []
    for key, value in asked.metadata:
        terms += metadata_terms({key: value})
    if asked.model:
        terms.append(text_term("model", asked.model))
    return LogFilter(
        all_of=tuple(dict.fromkeys(terms)),
        created_after=_bound(asked.created_after),
        created_before=_bound(asked.created_before),
    )


def _bound(second: int | None) -> int | None:
    return None if second is None else min(second, END_OF_TIME)


def _not_found(kind: LogKind, log_id: str) -> ChatCompletionNotFound | ResponseNotFound:
    match kind:
        case "chat_completion":
            return ChatCompletionNotFound(log_id)
        case "response":
            return ResponseNotFound(log_id)
        case _:
            assert_never(kind)


def _report(log: StoredLog, messages: Sequence[Json]) -> LogReport:
    request, body = _readable(log.request), _readable(log.body) or {}
    call = LoggedCall(log.id, log.kind, log.model, log.metadata, request or {}, body, messages)
    item = row_of_call(call)["item"]
    return LogReport(
        log=log,
        messages=flatten_messages(item.get("input") if isinstance(item, dict) else None),
        said=_said(log.kind, body),
        usage=token_usage(body.get("usage")),
        request=request,
        body=body,
    )


def _readable(text: str | None) -> Json | None:
    if text is None:
        return None
    try:
        return read_json(text)
    except LogUnusable:
        return None


def _said(kind: LogKind, body: Json) -> Reading:
    match kind:
        case "chat_completion":
            return read_chat_answer(body)
        case "response":
            return read_response(body)
        case _:
            assert_never(kind)
