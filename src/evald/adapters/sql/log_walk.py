"""Which SQL finds logs: a walk, in the order of time, over the rarest thing asked for."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    exists,
    false,
    func,
    insert,
    or_,
    select,
    tuple_,
)

from evald.adapters.sql.tables import LOG_TERMS, LOGS
from evald.domain.logs.filters import LogFilter, LogPlace, LogSpan
from evald.domain.logs.terms import LogKind, Term
from evald.ports.kept import StoredLog

_LOGS = LOGS.c
_INSERT: Final = insert(LOG_TERMS)
PROBE = 1_000
"""How far terms are counted to find the rarest: beyond it, any of them will do."""


def insert_terms(
    connection: Connection, found_by: Iterable[tuple[StoredLog, int, Iterable[Term]]]
) -> None:
    """Each log, of this number, is found by these terms too."""
    rows = [
        {
            "project_id": log.project_id,
            "kind": log.kind,
            "field": term.field,
            "value": term.value,
            "created": log.created,
            "log_seq": seq,
        }
        for log, seq, terms in found_by
        for term in dict.fromkeys(terms)
    ]
    if rows:
        connection.execute(_INSERT, rows)


def terms_of(seqs: Sequence[int]) -> ColumnElement[bool]:
    """The terms of these logs."""
    return LOG_TERMS.c.log_seq.in_(seqs)


def following_places(
    connection: Connection, whose: tuple[str, LogKind], wanted: LogFilter, span: LogSpan
) -> list[LogPlace]:
    """The places of those logs of the span that are wanted, in its order.

    The walk goes over the terms of the rarest thing that is asked for, and over the logs themselves
    where nothing is or only what is frequent; each place is then asked for the other terms.
    """
    groups = [*((term,) for term in wanted.all_of), *wanted.any_of]
    counts = [_count(connection, whose, group) for group in groups]
    rarest = min(range(len(groups)), key=counts.__getitem__, default=None)
    if rarest is None or (len(groups[rarest]) > 1 and counts[rarest] > PROBE):
        walk = _over_logs(whose)
    else:
        walk = _over_terms(whose, groups.pop(rarest))
    conditions = [
        *walk.conditions,
        *(_has_any(whose, group, walk) for group in groups),
        *_within(walk, wanted, span),
    ]
    places = select(walk.created, walk.seq).where(*conditions)
    found = connection.execute(_in_order(places, walk, span))
    return [LogPlace(created, seq) for created, seq in found]


class _Walk:
    """The columns that the walk goes along, and what keeps it to whom it is for."""

    def __init__(
        self, created: ColumnElement[int], seq: ColumnElement[int], *conditions: ColumnElement[bool]
    ) -> None:
        self.created = created
        self.seq = seq
        self.conditions = conditions
        self.is_distinct = True


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


def _count(connection: Connection, whose: tuple[str, LogKind], group: Sequence[Term]) -> int:
    """How many logs have these terms, one that has two counted twice, up to a bound.

    Term by term: of several at once SQLite looks at all that there are.
    """
    found = 0
    for term in group:
        mine = _is_any(LOG_TERMS, whose, (term,))
        some = select(LOG_TERMS.c.log_seq).where(mine).limit(PROBE + 1 - found)
        found += connection.scalar(select(func.count()).select_from(some.subquery())) or 0
        if found > PROBE:
            break
    return found


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
    found = places.order_by(*order).limit(span.most)
    return found if walk.is_distinct else found.distinct()
