"""The rows of a run over logs: those that fit when it starts."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.logs.filters import LogPlace, LogSpan
from evald.domain.logs.queries import LogQuery, asked_for, log_query
from evald.domain.logs.rows import Json, LoggedCall, LogUnusable, instructs, read_json, row_of_call
from evald.domain.run_status import has_ended
from evald.engine.context import EngineContext
from evald.engine.no_rows import NoRows, RunIsOver
from evald.ports.blobs import BlobWriter
from evald.ports.kept import StoredLog, StoredRun
from evald.sampling.request import plan_of
from evald.wire.data_sources import ResponsesSource, StoredCompletionsSource, read_data_source

PAGE_LOGS = 256
PAGE_BYTES = 4 * 1_048_576
"""How much is read, and held in memory, at a time; a log that is larger comes alone."""

PAGE_PLACES = 10_000
MOST_MESSAGE = 1_000


async def write_logs(
    context: EngineContext, run: StoredRun, config: JsonValue, *, writer: BlobWriter
) -> None:
    """Every log that fits is written as a row.

    Args:
        config: the echoed config of the run's eval.

    Raises:
        NoRows: nothing fits what the run asked for, or a log of those makes no row.
        RunIsOver: the run is over meanwhile.
    """
    walk = await _walk(context, run, config)
    if await _write_rows(context, walk, writer) == 0:
        message = f"{walk.asked[:MOST_MESSAGE]} There is nothing to grade."
        raise NoRows("no_logs_found", message)


@dataclass(frozen=True, slots=True)
class _Walk:
    """Which logs a run is over, worked out once. `asked` says so in a sentence."""

    run: StoredRun
    query: LogQuery
    asked: str
    last_seq: int
    with_sample: bool
    since: LogPlace | None = None

    def span(self, after: LogPlace | None, order: Literal["asc", "desc"]) -> LogSpan:
        """The next page beyond this place."""
        return LogSpan(
            most=PAGE_LOGS,
            after=after,
            since=self.since,
            order=order,
            last_seq=self.last_seq,
            most_bytes=PAGE_BYTES,
        )


@dataclass(frozen=True, slots=True)
class _Page:
    """Some logs, and the messages of those that were imported."""

    logs: Sequence[StoredLog]
    messages: dict[str, list[Json]]

    def call(self, log: StoredLog) -> LoggedCall:
        """The log as a row is made of it.

        Raises:
            NoRows: what is kept of it cannot be read.
        """
        messages = self.messages.get(log.id, [])
        try:
            request, body = read_json(log.request), read_json(log.body)
        except LogUnusable as problem:
            message = f"Log '{log.id}' makes no row: {problem}."
            raise NoRows("invalid_data_source", message) from None
        return LoggedCall(log.id, log.kind, log.model, log.metadata, request, body, messages)


async def _walk(context: EngineContext, run: StoredRun, config: JsonValue) -> _Walk:
    source = read_data_source(run.data_source)
    logs = source.source
    if not isinstance(logs, StoredCompletionsSource | ResponsesSource):
        message = f"A data source of type '{logs.type}' has no logs."
        raise NoRows("invalid_data_source", message)
    async with context.store.snapshot() as tx:
        last_seq = await tx.logs.last_seq()
    walk = _Walk(
        run,
        log_query(logs, config),
        asked_for(logs, config),
        last_seq,
        with_sample=plan_of(source) is None,
    )
    return replace(walk, since=await _place_of_first(context, walk))


async def _place_of_first(context: EngineContext, walk: _Walk) -> LogPlace | None:
    """Where the newest logs begin that the run's limit has room for; None: with the oldest."""
    left = walk.query.limit
    if left is None:
        return None
    async for places in _places_from_newest(context, walk):
        if len(places) >= left:
            return places[left - 1]
        left -= len(places)
    return None


async def _places_from_newest(
    context: EngineContext, walk: _Walk
) -> AsyncIterator[Sequence[LogPlace]]:
    if walk.query.search:
        async for page in _pages(context, walk, "desc"):
            yield await context.cpu.run(partial(_fitting_places, page, walk.query.search))
        return
    after: LogPlace | None = None
    while True:
        span = LogSpan(PAGE_PLACES, after=after, order="desc", last_seq=walk.last_seq)
        async with context.store.snapshot() as tx:
            run, query = walk.run, walk.query
            if _is_over(await tx.work.find(run.id)):
                raise RunIsOver
            places = await tx.logs.places(
                run.project_id, query.kind, wanted=query.wanted, span=span
            )
        if not places:
            return
        yield places
        after = places[-1]


async def _pages(
    context: EngineContext, walk: _Walk, order: Literal["asc", "desc"]
) -> AsyncIterator[_Page]:
    """The logs that are wanted, some at a time; each time is a snapshot of its own.

    A snapshot that lasted would keep SQLite's log from being cut.
    """
    run, query = walk.run, walk.query
    after: LogPlace | None = None
    while True:
        async with context.store.snapshot() as tx:
            if _is_over(await tx.work.find(run.id)):
                raise RunIsOver
            logs = await tx.logs.following(
                run.project_id, query.kind, wanted=query.wanted, span=walk.span(after, order)
            )
            imported = [each.id for each in logs if each.request is None]
            messages = await tx.imports.messages(imported) if imported else {}
        if not logs:
            return
        yield _Page(logs, messages)
        after = _place(logs[-1])


def _is_over(run: StoredRun | None) -> bool:
    return run is None or has_ended(run.status)


def _place(log: StoredLog) -> LogPlace:
    return LogPlace(log.created, log.seq)


def _fitting_places(page: _Page, search: str) -> list[LogPlace]:
    return [_place(log) for log in page.logs if instructs(page.call(log), search)]


async def _write_rows(context: EngineContext, walk: _Walk, writer: BlobWriter) -> int:
    """How many rows were written."""
    written, limit = 0, walk.query.limit
    async for page in _pages(context, walk, "asc"):
        lines = await context.cpu.run(partial(_lines, walk, page, context.max_row_bytes))
        if limit is not None:
            lines = lines[: limit - written]
        await writer.write(b"".join(lines))
        written += len(lines)
    return written


def _lines(walk: _Walk, page: _Page, max_row_bytes: int) -> list[bytes]:
    lines = [_line(walk, page.call(log)) for log in page.logs]
    for log, line in zip(page.logs, lines, strict=True):
        if len(line) > max_row_bytes:
            message = (
                f"The row of log '{log.id}' has {len(line)} bytes, and a row at most "
                f"{max_row_bytes} (EVALD_MAX_ROW_BYTES)."
            )
            raise NoRows("invalid_data_source", message)
    return [line for line in lines if line]


def _line(walk: _Walk, call: LoggedCall) -> bytes:
    """The row's line; nothing for a log in which what is sought does not stand."""
    if walk.query.search and not instructs(call, walk.query.search):
        return b""
    row = row_of_call(call)
    kept = row if walk.with_sample else {"item": row["item"]}
    return exact_json.dump(kept).encode() + b"\n"
