"""Which SQL gives the items of several runs sorted by what they contain, to be matched."""

from bisect import bisect_left
from collections.abc import AsyncGenerator, Iterator, Sequence
from functools import partial
from itertools import chain
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    Double,
    Select,
    Text,
    and_,
    cast,
    literal_column,
    null,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.types import NullType

from evald.adapters.sql.session import Session
from evald.adapters.sql.tables import ITEM_VERDICTS, OUTPUT_ITEMS, RUNS
from evald.ports.verdicts import ItemsToMatch, RunToMatch

AT_ONCE = 4_000
_ITEMS = OUTPUT_ITEMS.c
_NARROW = 4
"""Columns of an item before those of its verdicts."""


async def items_to_match(
    session: Session, runs: Sequence[RunToMatch]
) -> AsyncGenerator[ItemsToMatch, None]:
    """All items of these runs, by content hash; all of one content come at once."""
    cursor = await session.run(partial(_sorted, session, runs))
    whole = WholeContents()
    try:
        while found := await session.run(partial(cursor.fetchmany, AT_ONCE)):
            if rows := whole.of(found):
                yield _columns(rows)
        if rows := whole.rest():
            yield _columns(rows)
    finally:
        await session.run(cursor.close)


class WholeContents:
    """Rows sorted by their first column, given on once no more of the same can follow."""

    def __init__(self) -> None:
        self._held: list[Sequence[Any]] = []

    def of(self, rows: Sequence[Any]) -> list[Any]:
        """Those of these rows, which come next, and of the ones before that are complete."""
        last = rows[-1][0]
        if self._held and self._held[-1][-1][0] == last:
            # Many rows may have one content; to go through them each time would take too long.
            self._held.append(rows)
            return []
        end = bisect_left(rows, last, key=itemgetter(0))
        complete = list(chain(*self._held, rows[:end]))
        self._held = [rows[end:]]
        return complete

    def rest(self) -> list[Any]:
        """The others, after which none follows."""
        return list(chain(*self._held))


def _sorted(session: Session, runs: Sequence[RunToMatch]) -> Any:
    """The driver's own cursor: what SQLAlchemy does to each row takes as long as to find it."""
    connection = session.connection
    arms = [
        _items_of(connection.scalar(select(RUNS.c.seq).where(RUNS.c.id == run.run_id)), run, place)
        for place, run in enumerate(runs)
    ]
    sorted_items = union_all(*arms).order_by("content_hash", "place", "item_row")
    written = sorted_items.compile(
        dialect=connection.dialect, compile_kwargs={"literal_binds": True}
    )
    # With a name it is a cursor of the server; otherwise PostgreSQL's driver fetches all at once.
    name = [] if connection.dialect.name == "sqlite" else ["items_to_match"]
    cursor = connection.connection.cursor(*name)
    cursor.execute(str(written))
    return cursor


def _items_of(run_seq: int | None, run: RunToMatch, place: int) -> Select[Any]:
    """The items of a run, all of it from `output_items_to_match` and the keys of verdicts."""
    columns: list[Any] = [
        # As the driver gives it.
        type_coerce(_ITEMS.content_hash, NullType).label("content_hash"),
        literal_column(str(place)).label("place"),
        _ITEMS.row.label("item_row"),
        _ITEMS.status.label("status"),
    ]
    joined: Any = OUTPUT_ITEMS
    for number, criterion in enumerate(run.criteria):
        if criterion is None:
            columns += [cast(null(), Text), cast(null(), Double)]
            continue
        verdict = ITEM_VERDICTS.alias(f"verdict_{number}")
        mine = (verdict.c.run_seq == _ITEMS.run_seq, verdict.c.criterion == criterion)
        joined = joined.outerjoin(verdict, and_(*mine, verdict.c.row == _ITEMS.row))
        columns += [verdict.c.outcome, verdict.c.score]
    named = [column.label(f"column_{at}") for at, column in enumerate(columns[_NARROW:])]
    return select(*columns[:_NARROW], *named).select_from(joined).where(_ITEMS.run_seq == run_seq)


def _columns(rows: Sequence[Any]) -> ItemsToMatch:
    columns: Iterator[Sequence[Any]] = zip(*rows, strict=True)
    hashes, places, numbers, statuses, *verdicts = columns
    return ItemsToMatch(
        content_hashes=hashes,
        places=places,
        rows=numbers,
        statuses=statuses,
        outcomes=verdicts[0::2],
        scores=verdicts[1::2],
    )
