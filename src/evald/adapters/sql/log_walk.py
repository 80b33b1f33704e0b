"""Which SQL walks over logs: in the order of time, along one thing that is asked for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    exists,
    false,
    func,
    or_,
    select,
    tuple_,
)

from evald.adapters.sql.bulk import write_rows
from evald.adapters.sql.tables import LOG_TERMS, LOGS, plain_text
from evald.domain.logs.filters import LogFilter, LogPlace, LogSpan, is_within
from evald.domain.logs.terms import LogKind, Term
from evald.ports.kept import StoredLog

_LOGS = LOGS.c


def insert_terms(
    connection: Connection, found_by: Iterable[tuple[StoredLog, int, Iterable[Term]]]
) -> None:
    """Each log, of this number, is found by these terms too."""
    rows = [
        (log.project_id, log.kind, *_plain(term), log.created, seq)
        for log, seq, terms in found_by
        for term in dict.fromkeys(terms)
    ]
    write_rows(connection, LOG_TERMS, rows)


def _plain(term: Term) -> tuple[str, str]:
    return plain_text(term.field), plain_text(term.value)


def terms_of(seqs: Sequence[int]) -> ColumnElement[bool]:
    """The terms of these logs."""
    return LOG_TERMS.c.log_seq.in_(seqs)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for: whose logs, and those of them that have a term of each group.

    Of the filter, which the groups are made of, the times count beside them.
    """

    whose: tuple[str, LogKind]
    groups: tuple[tuple[Term, ...], ...]
    wanted: LogFilter
    span: LogSpan


def walked_places(
    connection: Connection, asked: Asked, along: int | None, *, until: LogPlace | None = None
) -> list[LogPlace]:
    """The places that are asked for, in the order of the span, no farther than `until`.

    The walk goes over the terms of the group of this number, or over the logs themselves; each
    place is then asked for the other groups.
    """
    walk, others = _walk(asked, along)
    conditions = [
        *walk.conditions,
        *(_has_any(asked.whose, group, walk) for group in others),
        *_within(walk, asked.wanted, asked.span),
    ]
    if until is not None:
        place, last = tuple_(walk.created, walk.seq), (until.created, until.seq)
        conditions.append(place >= last if asked.span.order == "desc" else place <= last)
    places = select(walk.created, walk.seq).where(*conditions)
    found = connection.execute(_in_order(places, walk, asked.span).limit(asked.span.most))
    return [LogPlace(created, seq) for created, seq in found]


def place_ahead(
    connection: Connection, asked: Asked, along: int | None, *, steps: int
) -> LogPlace | None:
    """Where such a walk is after so many steps; None where it has come to its end by then."""
    walk, _ = _walk(asked, along)
    conditions = (*walk.conditions, *_within(walk, asked.wanted, asked.span))
    places = _in_order(select(walk.created, walk.seq).where(*conditions), walk, asked.span)
    found = connection.execute(places.offset(steps - 1).limit(1)).one_or_none()
    return None if found is None else LogPlace(*found)


def places_among(
    connection: Connection, asked: Asked, which: ColumnElement[bool]
) -> list[LogPlace]:
    """The places that are asked for, in no order, of these logs, which are named by their numbers.

    Times are not left to the database: it would rather go through all logs of that time.
    """
    walk = _Walk(_LOGS.created, _LOGS.seq)
    conditions = (which, *(_has_any(asked.whose, group, walk) for group in asked.groups))
    found = connection.execute(select(walk.created, walk.seq).where(*conditions))
    places = (LogPlace(created, seq) for created, seq in found)
    return [each for each in places if is_within(each, asked.wanted, asked.span)]


def count_terms(
    connection: Connection, whose: tuple[str, LogKind], group: Sequence[Term], *, most: int
) -> int:
    """How many logs have these terms, one that has two counted twice, up to a bound.

    Term by term: of several at once SQLite looks at all that there are.
    """
    found = 0
    for term in group:
        mine = _is_any(LOG_TERMS, whose, (term,))
        some = select(LOG_TERMS.c.log_seq).where(mine).limit(most - found)
        found += connection.scalar(select(func.count()).select_from(some.subquery())) or 0
        if found >= most:
            break
    return found


class _Walk:
    """The columns that the walk goes along, and what keeps it to whom it is for."""

    def __init__(
        self, created: ColumnElement[int], seq: ColumnElement[int], *conditions: ColumnElement[bool]
    ) -> None:
        self.created = created
        self.seq = seq
        self.conditions = conditions
        self.is_distinct = True


def _walk(asked: Asked, along: int | None) -> tuple[_Walk, list[tuple[Term, ...]]]:
    """The walk, and the groups that it does not go along."""
    groups = list(asked.groups)
    if along is None:
        return _over_logs(asked.whose), groups
    return _over_terms(asked.whose, groups.pop(along)), groups


def _over_logs(whose: tuple[str, LogKind]) -> _Walk:
    project_id, kind = whose
    mine = (_LOGS.project_id == project_id, _LOGS.kind == kind)
    return _Walk(_LOGS.created, _LOGS.seq, *mine)


def _over_terms(whose: tuple[str, LogKind], group: Sequence[Term]) -> _Walk:
    walked = LOG_TERMS.alias("walked")
    walk = _Walk(walked.c.created, walked.c.log_seq, _is_any(walked, whose, group))
    walk.is_distinct = len(group) == 1
    return walk


def _is_any(table: Any, whose: tuple[str, LogKind], group: Sequence[Term]) -> ColumnElement[bool]:
    project_id, kind = whose
    values: dict[str, list[str]] = {}
    for each in group:
        values.setdefault(each.field, []).append(each.value)
    # A list of values: of pairs that OR joins, SQLite goes through all terms of the field.
    fields = [and_(table.c.field == field, _is_in(table, some)) for field, some in values.items()]
    which = fields[0] if len(fields) == 1 else or_(false(), *fields)
    return and_(table.c.project_id == project_id, table.c.kind == kind, which)


def _is_in(table: Any, values: list[str]) -> ColumnElement[bool]:
    is_in: ColumnElement[bool] = table.c.value.in_(values)
    return table.c.value == values[0] if len(values) == 1 else is_in


def _has_any(whose: tuple[str, LogKind], group: Sequence[Term], walk: _Walk) -> ColumnElement[bool]:
    """The log at the place of the walk has one of these terms."""
    if not group:
        return false()
    asked = LOG_TERMS.alias()
    here = (asked.c.created == walk.created, asked.c.log_seq == walk.seq)
    return exists(select(1).where(_is_any(asked, whose, group), *here))


def _within(walk: _Walk, wanted: LogFilter, span: LogSpan) -> list[ColumnElement[bool]]:
    place = tuple_(walk.created, walk.seq)
    conditions = []
    if wanted.created_after is not None:
        conditions.append(walk.created >= wanted.created_after)
    if wanted.created_before is not None:
        conditions.append(walk.created <= wanted.created_before)
    if span.after is not None:
        after = (span.after.created, span.after.seq)
        conditions.append(place < after if span.order == "desc" else place > after)
    if span.since is not None:
        conditions.append(place >= (span.since.created, span.since.seq))
    if span.last_seq is not None:
        conditions.append(walk.seq <= span.last_seq)
    return conditions


def _in_order(places: Select[int, int], walk: _Walk, span: LogSpan) -> Select[int, int]:
    key = (walk.created, walk.seq)
    order = [column.desc() if span.order == "desc" else column.asc() for column in key]
    found = places.order_by(*order)
    return found if walk.is_distinct else found.distinct()
