"""The pages of logs: stored completions and responses by filter, and one of them whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import JsonValue
from starlette.datastructures import QueryParams

from evald.domain.logs.terms import LogKind
from evald.domain.logs.token_usage import TokenUsage
from evald.ports.kept import StoredLog
from evald.services.log_browsing import (
    LogReport,
    LogsAsked,
    list_logs,
    report_log,
    said_of,
)
from evald.web import format as eyes
from evald.web.evals_page import CSV_ROWS, PAGE_ROWS
from evald.web.links import Links, LogsAddress
from evald.web.moments import read_moment, read_pair
from evald.web.queries import from_cursor, ignored
from evald.web.views import Asked, Table, View

KINDS: dict[str, LogKind] = {"chat_completion": "chat_completion", "response": "response"}
NOUNS: dict[LogKind, str] = {"chat_completion": "chat completions", "response": "responses"}
PREVIEW_CHARS = 160
PAIR_FIELDS = 3
"""So many fields for pairs of metadata the form has at least."""

_KNOWN = frozenset({"kind", "model", "metadata", "created_after", "created_before", "after"})


@dataclass(frozen=True, slots=True)
class LogRow:
    """A log in the list; `said` is the beginning of its answer, on one line."""

    id: str
    href: str
    created_at: int
    model: str
    metadata: Mapping[str, str]
    said: str


@dataclass(frozen=True, slots=True)
class LogKindLink:
    """A kind of logs to look at instead."""

    kind: LogKind
    words: str
    href: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class LogsPage:
    """The logs that fit a filter, newest first; `pairs` are those of metadata, as written.

    `new_eval` is where an eval over them is made.
    """

    kind: LogKind
    kinds: Sequence[LogKindLink]
    model: str
    pairs: Sequence[str]
    created_after: str
    created_before: str
    is_filtered: bool
    logs: Sequence[LogRow]
    first: str
    next: str | None
    is_first: bool
    new_eval: str


@dataclass(frozen=True, slots=True)
class LogMessage:
    """A message that was asked, flattened to a text; tool calls as JSON."""

    role: str
    text: str
    tool_calls: JsonValue


@dataclass(frozen=True, slots=True)
class LogPage:
    """One log. `request` is None where nobody knows what was asked; then messages may be there."""

    id: str
    kind: LogKind
    created_at: int
    model: str
    provider: str
    metadata: Mapping[str, str]
    back: str
    messages: Sequence[LogMessage]
    answer: str
    refusal: str
    tool_calls: JsonValue
    problem: str
    usage: TokenUsage | None
    request: JsonValue
    body: JsonValue


def read_address(params: QueryParams, notices: list[str]) -> LogsAddress:
    """Which logs a query asks for; what it cannot mean is named in a notice and left out."""
    kind = params.get("kind", "chat_completion")
    if kind not in KINDS:
        notices.append(f"The kind '{kind}' is neither chat_completion nor response.")
    pairs: list[tuple[str, str]] = []
    for text in filter(str.strip, params.getlist("metadata")):
        try:
            pairs.append(read_pair(text))
        except ValueError:
            notices.append(f"The metadata '{text}' is no pair such as use=chat.")
    bounds = {name: params.get(name, "").strip() for name in ("created_after", "created_before")}
    for name, text in bounds.items():
        try:
            if text:
                read_moment(text)
        except ValueError:
            notices.append(f"The {name} '{text}' is no moment such as 2026-11-01T12:00.")
            bounds[name] = ""
    return LogsAddress(
        kind=KINDS.get(kind, "chat_completion"),
        model=params.get("model", "").strip(),
        metadata=pairs,
        created_after=bounds["created_after"],
        created_before=bounds["created_before"],
        after=params.get("after") or None,
    )


async def show_logs(asked: Asked) -> View:
    """GET /logs: the logs that fit, newest first."""
    params = asked.request.query_params
    notices = ignored(params, known=_KNOWN)
    address = read_address(params, notices)
    limit = CSV_ROWS if asked.form == "csv" else PAGE_ROWS
    page = await from_cursor(
        lambda place: list_logs(
            asked.site.context,
            asked.visitor.project_id,
            _asked(replace(address, after=place), limit=limit),
        ),
        address.after,
        notices,
    )
    links = asked.site.links
    rows = await asked.site.context.cpu.run(lambda: [_row(each, links) for each in page.rows])
    value = _page(address, rows, links, has_more=page.has_more)
    return View("logs.html", value, table=_table(rows), notices=notices)


async def show_log(asked: Asked) -> View:
    """GET /logs/{log_id}?kind=…: one log."""
    params = asked.request.query_params
    notices = ignored(params, known={"kind"})
    address = read_address(params, notices)
    log_id: str = asked.request.path_params["log_id"]
    report = await report_log(asked.site.context, asked.visitor.project_id, address.kind, log_id)
    return View("log.html", _log_page(report, asked.site.links), notices=notices)


def _asked(address: LogsAddress, *, limit: int) -> LogsAsked:
    after, before = address.created_after, address.created_before
    return LogsAsked(
        kind=address.kind,
        model=address.model,
        metadata=address.metadata,
        created_after=read_moment(after) if after else None,
        created_before=read_moment(before) if before else None,
        after=address.after,
        limit=limit,
    )


def _page(
    address: LogsAddress, rows: Sequence[LogRow], links: Links, *, has_more: bool
) -> LogsPage:
    first = replace(address, after=None)
    pairs = [f"{key}={value}" for key, value in address.metadata]
    return LogsPage(
        kind=address.kind,
        kinds=[
            LogKindLink(kind, words, links.logs(replace(first, kind=kind)), kind == address.kind)
            for kind, words in NOUNS.items()
        ],
        model=address.model,
        pairs=[*pairs, *[""] * max(1, PAIR_FIELDS - len(pairs))],
        created_after=address.created_after,
        created_before=address.created_before,
        is_filtered=first != LogsAddress(address.kind, metadata=[]),
        logs=rows,
        first=links.logs(first),
        next=links.logs(replace(address, after=rows[-1].id)) if has_more else None,
        is_first=address.after is None,
        new_eval=links.eval_of_logs(first),
    )


def _row(log: StoredLog, links: Links) -> LogRow:
    said = said_of(log)
    text = said.text or said.refusal or (eyes.plain(said.tool_calls) if said.tool_calls else "")
    return LogRow(
        id=log.id,
        href=links.log(log.kind, log.id),
        created_at=log.created,
        model=log.model,
        metadata=log.metadata,
        said=" ".join(text[: 4 * PREVIEW_CHARS].split())[:PREVIEW_CHARS],
    )


def _log_page(report: LogReport, links: Links) -> LogPage:
    log, said = report.log, report.said
    return LogPage(
        id=log.id,
        kind=log.kind,
        created_at=log.created,
        model=log.model,
        provider=log.provider,
        metadata=log.metadata,
        back=links.logs(LogsAddress(log.kind)),
        messages=[_message(each) for each in report.messages],
        answer=said.text,
        refusal=said.refusal or "",
        tool_calls=said.tool_calls,
        problem="" if said.error is None else f"{said.error.code}: {said.error.message}",
        usage=report.usage,
        request=report.request,
        body=report.body,
    )


def _message(flat: JsonValue) -> LogMessage:
    said = flat if isinstance(flat, dict) else {}
    text = said.get("content")
    return LogMessage(
        role=str(said.get("role") or ""),
        text=text if isinstance(text, str) else "",
        tool_calls=said.get("tool_calls"),
    )


def _table(rows: Sequence[LogRow]) -> Table:
    columns = ["log_id", "created_at", "model", "metadata", "said"]
    return Table(columns, [_cells(each) for each in rows])


def _cells(row: LogRow) -> list[JsonValue]:
    return [row.id, row.created_at, row.model, dict(row.metadata), row.said]
