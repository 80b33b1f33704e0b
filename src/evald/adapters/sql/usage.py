"""Which SQL keeps what was spent through the gateway."""

from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import Row, select

from evald.adapters.sql.bulk import added_up, write_rows
from evald.adapters.sql.session import Session, in_thread
from evald.adapters.sql.tables import USAGE_LEDGER, plain_text
from evald.ports.kept import UsageEntry

_LEDGER = USAGE_LEDGER.c
_KEY = (_LEDGER.project_id, _LEDGER.day, _LEDGER.model, _LEDGER.key_id, _LEDGER.route)
_NAMES = tuple(column.name for column in _KEY)
_SUMS = ("calls", "untold", "input_tokens", "cached_tokens", "output_tokens")
_COLUMNS = (*_NAMES, *_SUMS)


class SqlUsageTable:
    """The ledger in a table. Fulfils `evald.ports.logs.UsageTable`."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def add(self, entries: Sequence[UsageEntry]) -> None:
        """The entries are added to what is kept of their key, model, route and day."""
        rows = [_values(replace(each, model=plain_text(each.model))) for each in _merged(entries)]
        if rows:
            # Every stored call waits for this one, and a trip of its own would take longer than it.
            self.session.leave(
                lambda: write_rows(self.session.connection, USAGE_LEDGER, rows, or_else=_ADD)
            )

    @in_thread
    def between(
        self, project_id: str, *, first_day: int, last_day: int, most: int
    ) -> list[UsageEntry]:
        """What is kept of these days, both included, by day, model, key and route."""
        rows = (
            select(USAGE_LEDGER)
            .where(_LEDGER.project_id == project_id, _LEDGER.day.between(first_day, last_day))
            .order_by(*_KEY)
            .limit(most)
        )
        return [_read(row) for row in self.session.connection.execute(rows)]


_ADD: Final = added_up(USAGE_LEDGER, key=_NAMES, sums=_SUMS)
_values = attrgetter(*(column.name for column in USAGE_LEDGER.columns))


def _merged(entries: Sequence[UsageEntry]) -> list[UsageEntry]:
    """One entry a key; always in the same order, lest two transactions wait for each other."""
    sums: dict[tuple[Any, ...], UsageEntry] = {}
    for entry in entries:
        key = tuple(getattr(entry, name) for name in _NAMES)
        known = sums.get(key)
        sums[key] = entry if known is None else _sum(known, entry)
    return [sums[key] for key in sorted(sums)]


def _sum(one: UsageEntry, other: UsageEntry) -> UsageEntry:
    return replace(one, **{name: getattr(one, name) + getattr(other, name) for name in _SUMS})


def _read(row: Row[Any]) -> UsageEntry:
    return UsageEntry(**{name: row._mapping[name] for name in _COLUMNS})  # noqa: SLF001
