"""Which SQL keeps logs: stored completions and responses."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or

from evald.adapters.sql.bulk import added_up, write_rows
from evald.adapters.sql.documents import document_text, read_document
from evald.adapters.sql.log_places import following_places
from evald.adapters.sql.log_walk import insert_terms, terms_of
from evald.adapters.sql.pages import after_key
from evald.adapters.sql.session import Session, in_thread
from evald.adapters.sql.tables import LOG_MESSAGES, LOG_SIZES, LOG_TERMS, LOGS
from evald.domain.logs.filters import LogFilter, LogPlace, LogSpan
from evald.domain.logs.terms import METADATA, LogKind, metadata_terms
from evald.ports.kept import Page, StoredLog
from evald.wire.pages import ListQuery

_LOGS = LOGS.c
_SIZES = LOG_SIZES.c


class SqlLogTable:
    """Logs in tables. Fulfils `evald.ports.logs.LogTable`."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @in_thread
    def insert(self, logs: Sequence[StoredLog]) -> list[bool]:
        """The logs are kept, but for those whose id is taken; says of each whether it is."""
        return _insert(self.session.connection, logs)

    async def keep(
        self, logs: Sequence[StoredLog], renamed: Callable[[StoredLog], StoredLog]
    ) -> list[StoredLog]:
        """The logs are kept, those whose ids are taken renamed; on the way of the next statement.

        So the commit, for which every stored call waits, is the only trip to the thread.
        """
        kept: list[StoredLog] = []
        self.session.leave(lambda: kept.extend(_keep(self.session.connection, logs, renamed)))
        return kept

    @in_thread
    def get(self, project_id: str, kind: LogKind, log_id: str) -> StoredLog | None:
        """The log, if it is there."""
        return _one(self.session.connection, select(LOGS).where(*_named(project_id, kind, log_id)))

    @in_thread
    def find(self, log_id: str) -> StoredLog | None:
        """The log of this id, whichever its project and kind."""
        return _one(self.session.connection, _FIND, {"wanted": log_id})

    @in_thread
    def page(
        self, project_id: str, kind: LogKind, *, wanted: LogFilter, query: ListQuery
    ) -> Page[StoredLog]:
        """A page of the logs that are wanted.

        Raises:
            CursorUnknown: `after` is no log of the project and kind.
        """
        connection = self.session.connection
        named = _named(project_id, kind, query.after or "")
        after = after_key(connection, query, select(_LOGS.created, _LOGS.seq).where(*named))
        place = None if after is None else LogPlace(after.created, after.seq)
        span = LogSpan(query.limit + 1, after=place, order=query.order)
        found = _span(connection, project_id, kind, wanted=wanted, span=span)
        return Page(found[: query.limit], len(found) > query.limit)

    @in_thread
    def following(
        self, project_id: str, kind: LogKind, *, wanted: LogFilter, span: LogSpan
    ) -> list[StoredLog]:
        """Those logs of the span that are wanted, in its order; empty at its end."""
        return _span(self.session.connection, project_id, kind, wanted=wanted, span=span)

    @in_thread
    def places(
        self, project_id: str, kind: LogKind, *, wanted: LogFilter, span: LogSpan
    ) -> list[LogPlace]:
        """The places of those logs, which are not read; `most_bytes` bounds nothing here."""
        return following_places(self.session.connection, (project_id, kind), wanted, span)

    @in_thread
    def last_seq(self) -> int:
        """The number of the log that was inserted last; 0 where there is none."""
        return self.session.connection.scalar(select(func.max(_LOGS.seq))) or 0

    @in_thread
    def update_metadata(
        self, project_id: str, kind: LogKind, log_id: str, *, metadata: dict[str, str]
    ) -> StoredLog | None:
        """The log, whose metadata is now this; None where it is not there."""
        connection = self.session.connection
        named = _named(project_id, kind, log_id)
        log = _one(connection, select(LOGS).where(*named).with_for_update())
        if log is None:
            return None
        text = document_text(dict(metadata))
        grown = _bytes(text) - _bytes(document_text(dict(log.metadata)))
        connection.execute(
            update(LOGS).where(*named).values(metadata=text, size=_LOGS.size + grown)
        )
        of_metadata = LOG_TERMS.c.field.startswith(METADATA, autoescape=True)
        connection.execute(delete(LOG_TERMS).where(terms_of([log.seq]), of_metadata))
        insert_terms(connection, [(log, log.seq, metadata_terms(metadata))])
        _grow(connection, project_id, logs=0, size=grown)
        return _one(connection, select(LOGS).where(*named))

    @in_thread
    def update_body(self, log_id: str, body: str) -> bool:
        """The answer of the log is now this; says whether it was there."""
        connection = self.session.connection
        log = _one(connection, select(LOGS).where(_LOGS.id == log_id).with_for_update())
        if log is None:
            return False
        grown = _bytes(body) - _bytes(log.body)
        changed = update(LOGS).where(_LOGS.id == log_id)
        connection.execute(changed.values(body=body, size=_LOGS.size + grown))
        _grow(connection, log.project_id, logs=0, size=grown)
        return True

    @in_thread
    def delete(self, project_id: str, kind: LogKind, log_id: str) -> bool:
        """The log is gone, what it was found by and its messages too; says whether it was there."""
        which = select(*_GOING).where(*_named(project_id, kind, log_id))
        return _delete(self.session.connection, which) > 0

    @in_thread
    def delete_expired(self, *, created_before: int, most: int) -> int:
        """Up to `most` logs from before this second are gone; returns how many."""
        old = select(*_GOING).where(_LOGS.created < created_before)
        oldest = old.order_by(_LOGS.created, _LOGS.seq).limit(most)
        return _delete(self.session.connection, oldest)

    @in_thread
    def delete_beyond(self, *, max_bytes: int, most: int) -> int:
        """Of a project with more bytes of logs than this, up to `most`, the oldest, are gone.

        No more than it takes. Returns how many; 0 where no project has too many.
        """
        connection = self.session.connection
        too_large = connection.execute(select(LOG_SIZES).where(_SIZES.bytes > max_bytes)).first()
        if too_large is None:
            return 0
        mine = select(*_GOING).where(_LOGS.project_id == too_large.project_id)
        left, going = too_large.bytes - max_bytes, []
        for each in connection.execute(mine.order_by(_LOGS.created, _LOGS.seq).limit(most)):
            if left <= 0:
                break
            going.append(each.seq)
            left -= each.size
        return _delete(connection, select(*_GOING).where(_LOGS.seq.in_(going)))


_GOING: Final = (_LOGS.seq, _LOGS.id, _LOGS.project_id, _LOGS.size)


# Made once: to make them anew for every log takes longer than to carry them out.
_INSERT: Final = (
    insert_or(LOGS).on_conflict_do_nothing(index_elements=[_LOGS.id]).returning(_LOGS.id, _LOGS.seq)
)
_GROW: Final = added_up(LOG_SIZES, key=("project_id",), sums=("logs", "bytes"))
_FIND: Final = select(LOGS).where(_LOGS.id == bindparam("wanted"))


def _named(project_id: str, kind: LogKind, log_id: str) -> tuple[Any, ...]:
    return (_LOGS.project_id == project_id, _LOGS.kind == kind, _LOGS.id == log_id)


def _keep(
    connection: Connection,
    logs: Sequence[StoredLog],
    renamed: Callable[[StoredLog], StoredLog],
) -> list[StoredLog]:
    """The logs as they were inserted."""
    are_new = _insert(connection, logs)
    kept = [log if is_new else renamed(log) for log, is_new in zip(logs, are_new, strict=True)]
    _insert(connection, [log for log, is_new in zip(kept, are_new, strict=True) if not is_new])
    return kept


def _insert(connection: Connection, logs: Sequence[StoredLog]) -> list[bool]:
    """The logs are inserted, but for those whose id is taken; says of each whether it is."""
    places = _insert_rows(connection, logs)
    kept = [places.pop(each.id, None) for each in logs]  # the first of an id has the place
    new = [(log, seq) for log, seq in zip(logs, kept, strict=True) if seq is not None]
    insert_terms(connection, [(log, seq, log.terms) for log, seq in new])
    for project_id in sorted({log.project_id for log, _ in new}):
        mine = [log for log, _ in new if log.project_id == project_id]
        _grow(connection, project_id, logs=len(mine), size=sum(map(_size, mine)))
    return [seq is not None for seq in kept]


def _insert_rows(connection: Connection, logs: Sequence[StoredLog]) -> dict[str, int]:
    """The numbers that those logs got which were inserted, by id."""
    if not logs:
        return {}
    rows = [
        {
            "id": log.id,
            "project_id": log.project_id,
            "kind": log.kind,
            "created": log.created,
            "size": _size(log),
            "model": log.model,
            "provider": log.provider,
            "request_id": log.request_id,
            "metadata": document_text(dict(log.metadata)),
            "request": log.request,
            "body": log.body,
        }
        for log in logs
    ]
    # A list of one would be taken apart and put together anew as one of many is.
    kept = connection.execute(_INSERT, rows if len(rows) > 1 else rows[0])
    return {row.id: row.seq for row in kept}


def _span(
    connection: Connection, project_id: str, kind: LogKind, *, wanted: LogFilter, span: LogSpan
) -> list[StoredLog]:
    places = following_places(connection, (project_id, kind), wanted, span)
    if span.most_bytes is not None:
        places = _within(connection, places, span.most_bytes)
    if not places:
        return []
    found = connection.execute(select(LOGS).where(_LOGS.seq.in_([each.seq for each in places])))
    logs = {row.seq: _read(row) for row in found}
    return [logs[each.seq] for each in places if each.seq in logs]


def _within(connection: Connection, places: list[LogPlace], most_bytes: int) -> list[LogPlace]:
    """The first of these places, whose logs have no more bytes together; one at least."""
    seqs = [each.seq for each in places]
    found = connection.execute(select(_LOGS.seq, _LOGS.size).where(_LOGS.seq.in_(seqs)))
    sizes = {row.seq: row.size for row in found}
    left = most_bytes
    for number, seq in enumerate(seqs):
        left -= sizes.get(seq, 0)
        if left < 0:
            return places[: max(number, 1)]
    return places


def _one(
    connection: Connection, rows: Select[Any], named: Mapping[str, str] | None = None
) -> StoredLog | None:
    row = connection.execute(rows, named).one_or_none()
    return None if row is None else _read(row)


def _read(row: Row[Any]) -> StoredLog:
    return StoredLog(
        id=row.id,
        project_id=row.project_id,
        kind=row.kind,
        created=row.created,
        model=row.model,
        metadata={key: str(value) for key, value in read_document(row.metadata).items()},
        body=row.body,
        request=row.request,
        request_id=row.request_id,
        provider=row.provider,
        seq=row.seq,
    )


def _delete(connection: Connection, which: Select[Any]) -> int:
    """Those logs are gone; returns how many."""
    gone = connection.execute(which.with_for_update()).all()
    if not gone:
        return 0
    seqs, ids = [each.seq for each in gone], [each.id for each in gone]
    connection.execute(delete(LOG_TERMS).where(terms_of(seqs)))
    connection.execute(delete(LOG_MESSAGES).where(LOG_MESSAGES.c.log_id.in_(ids)))
    connection.execute(delete(LOGS).where(_LOGS.seq.in_(seqs)))
    for project_id, (logs, size) in sorted(_sums(gone).items()):
        _grow(connection, project_id, logs=-logs, size=-size)
    return len(gone)


def _sums(gone: Iterable[Row[Any]]) -> dict[str, tuple[int, int]]:
    logs: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for each in gone:
        logs[each.project_id] += 1
        sizes[each.project_id] += each.size
    return {project_id: (logs[project_id], sizes[project_id]) for project_id in logs}


def _grow(connection: Connection, project_id: str, *, logs: int, size: int) -> None:
    """What the project keeps has grown by this much; negative where it has shrunk."""
    write_rows(connection, LOG_SIZES, [(project_id, logs, size)], or_else=_GROW)


def _size(log: StoredLog) -> int:
    metadata = document_text(dict(log.metadata))
    return _bytes(metadata) + _bytes(log.request or "") + _bytes(log.body)


def _bytes(text: str) -> int:
    return len(text.encode())
