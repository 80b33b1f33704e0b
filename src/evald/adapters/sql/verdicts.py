"""Which SQL answers from verdicts: sums, histograms, filtered pages, items to be matched."""

from bisect import bisect_right
from collections.abc import AsyncGenerator, Iterator, Sequence
from itertools import accumulate
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)

from evald.adapters.sql.item_matching import items_to_match
from evald.adapters.sql.items import read_item
from evald.adapters.sql.runs import IS_UNENDED
from evald.adapters.sql.session import Session, in_thread
from evald.adapters.sql.tables import ITEM_VERDICTS, OUTPUT_ITEMS, RUNS
from evald.adapters.sql.tallies import has_all_verdicts, items_in, with_all_verdicts
from evald.adapters.sql.verdict_rows import keep_verdicts
from evald.ports.kept import Page, StoredOutputItem
from evald.ports.verdicts import (
    ItemsToMatch,
    Place,
    RunToMatch,
    ScoreCount,
    ScoreSums,
    VerdictFilter,
)

_ITEMS = OUTPUT_ITEMS.c
_VERDICTS = ITEM_VERDICTS.c
_FEW = 5_000
"""So few items are looked up one by one; of more, a walk through all soon meets enough."""

_UNSEEN = or_(RUNS.c.verdicts_chance.is_(None), RUNS.c.verdicts_chance != RUNS.c.chance)
"""As the index of these runs has it."""


class SqlVerdictTable:
    """Verdicts in a table. Fulfils `evald.ports.verdicts.VerdictTable`."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @in_thread
    def sums(self, run_id: str) -> list[ScoreSums]:
        """The sums of every criterion that has given a score, by criterion."""
        return _sums(self.session.connection, _seq_of(self.session.connection, run_id))

    @in_thread
    def histogram(self, run_id: str, bins: int, *, of: Sequence[ScoreSums]) -> list[ScoreCount]:
        """The scores of these criteria in equal bins between their lowest and highest score.

        The highest score lies in the last bin; where all scores are equal, in the first.
        Empty bins are left out.
        """
        connection = self.session.connection
        run_seq = _seq_of(connection, run_id)
        found: list[ScoreCount] = []
        for sums in of:
            counts = _binned(connection, run_seq, sums, bins=bins)
            found += [
                ScoreCount(sums.criterion, number, count)
                for number, count in enumerate(counts)
                if count
            ]
        return found

    @in_thread
    def score_counts(self, run_id: str, criterion: int, *, most: int) -> dict[float, int] | None:
        """How often each score of a criterion occurs; None where more than `most` differ."""
        connection = self.session.connection
        run_seq = _seq_of(connection, run_id)
        mine = (_VERDICTS.run_seq == run_seq, _VERDICTS.criterion == criterion)
        score = _VERDICTS.score
        counted = select(score, func.count()).where(*mine, score.is_not(None)).group_by(score)
        counts = {row[0]: row[1] for row in connection.execute(counted.limit(most + 1))}
        return counts if len(counts) <= most else None

    @in_thread
    def page(
        self,
        run_id: str,
        asked: VerdictFilter,
        *,
        after: Place | None,
        limit: int,
        most_bytes: int | None = None,
    ) -> Page[StoredOutputItem]:
        """The next items that the filter lets through, beyond `after`, in the filter's order.

        With `most_bytes` no more than fit into so many as they are kept; one that is larger comes
        alone.
        """
        connection = self.session.connection
        run_seq = _seq_of(connection, run_id)
        beyond = _rows_beyond(connection, run_seq, asked, after=after, most=limit + 1)
        rows = beyond[:limit]
        if most_bytes is not None:
            rows = rows[: _how_many_fit(connection, run_seq, rows, most_bytes=most_bytes)]
        items = {each.row: each for each in _items(connection, run_seq, rows)}
        found = [items[row] for row in rows if row in items]
        return Page(found, len(beyond) > len(rows))

    @in_thread
    def count(self, run_id: str, asked: VerdictFilter, *, most: int) -> int:
        """How many items the filter lets through, counted no further than `most`."""
        connection = self.session.connection
        some = _let_through(_seq_of(connection, run_id), asked).limit(most)
        return connection.scalar(select(func.count()).select_from(some.subquery())) or 0

    @in_thread
    def items(self, run_id: str, rows: Sequence[int]) -> list[StoredOutputItem]:
        """The run's items of these rows, by row; of rows that have none, none."""
        connection = self.session.connection
        found = _items(connection, _seq_of(connection, run_id), rows)
        return sorted(found, key=lambda item: item.row)

    def to_match(self, runs: Sequence[RunToMatch]) -> AsyncGenerator[ItemsToMatch, None]:
        """All items of these runs, by content hash; all of one content come at once."""
        return items_to_match(self.session, runs)

    @in_thread
    def unindexed(self) -> list[str]:
        """Ended runs of which nobody has seen since that they have all verdicts, oldest first."""
        found = select(RUNS.c.id).where(_UNSEEN, ~IS_UNENDED).order_by(RUNS.c.seq)
        return list(self.session.connection.scalars(found))

    @in_thread
    def index(self, run_id: str, items: Sequence[StoredOutputItem], *, chance: int) -> bool:
        """The run's items have their `verdicts`, whatever they had before.

        Says whether the run is there, and was not taken up again since that chance; nothing is
        kept where it is not.
        """
        run = _held(self.session.connection, run_id, chance)
        if run is not None:
            keep_verdicts(self.session.connection, run.seq, items)
        return run is not None

    @in_thread
    def settle(self, run_id: str, *, chance: int, indexed: int) -> bool:
        """The run of that chance has all verdicts: those it was recorded with, or else `indexed`.

        Says whether that is so: it is not where items came meanwhile that were not indexed.
        """
        connection = self.session.connection
        run = _held(connection, run_id, chance)
        if run is None:
            return False
        if not has_all_verdicts(run.tally):
            if run.imported is None and items_in(run.tally) != indexed:
                return False
            _delete_left(connection, run.seq)
        settled = {"verdicts_chance": chance, "tally": with_all_verdicts(run.tally)}
        connection.execute(update(RUNS).where(RUNS.c.seq == run.seq).values(**settled))
        return True


def _seq_of(connection: Connection, run_id: str) -> int:
    """The run's number; -1, which none has, where it is not there."""
    found = connection.scalar(select(RUNS.c.seq).where(RUNS.c.id == run_id))
    return -1 if found is None else int(found)


def _held(connection: Connection, run_id: str, chance: int) -> Any:
    """The run of that chance, if it is there; nobody else changes it in this transaction."""
    columns = (RUNS.c.seq, RUNS.c.tally, RUNS.c.imported)
    found = select(*columns).where(RUNS.c.id == run_id, RUNS.c.chance == chance)
    return connection.execute(found.with_for_update()).one_or_none()


def _delete_left(connection: Connection, run_seq: int) -> None:
    """No verdict is there without its item; only of errored ones can a former version leave any."""
    item = exists().where(_ITEMS.run_seq == run_seq, _ITEMS.row == _VERDICTS.row)
    of_errored = (_VERDICTS.run_seq == run_seq, _VERDICTS.status == "error")
    connection.execute(delete(ITEM_VERDICTS).where(*of_errored, ~item))


def _sums(connection: Connection, run_seq: int) -> list[ScoreSums]:
    score = _VERDICTS.score
    summed = (
        select(
            _VERDICTS.criterion,
            func.count(),
            func.sum(score),
            func.sum(score * score),
            func.min(score),
            func.max(score),
        )
        .where(_VERDICTS.run_seq == run_seq, score.is_not(None))
        .group_by(_VERDICTS.criterion)
        .order_by(_VERDICTS.criterion)
    )
    return [ScoreSums(*row) for row in connection.execute(summed)]


def _binned(connection: Connection, run_seq: int, sums: ScoreSums, *, bins: int) -> list[int]:
    """How many scores lie in each bin: each is a stretch of the index, and that is all it reads."""
    if sums.low == sums.high:
        return [sums.count]
    width = (sums.high - sums.low) / bins
    edges = [sums.low + number * width for number in range(1, bins)]
    score = _VERDICTS.score
    counts = []
    for low, high in zip([sums.low, *edges], [*edges, None], strict=True):
        within = [_VERDICTS.run_seq == run_seq, _VERDICTS.criterion == sums.criterion, score >= low]
        if high is not None:
            within.append(score < high)
        counts.append(connection.scalar(select(func.count()).where(*within)) or 0)
    return counts


def _let_through(run_seq: int, asked: VerdictFilter) -> Select[Any]:
    """The rows of the items that the filter lets through, in no order, from one narrow index."""
    if asked.criterion is None:
        rows = select(_ITEMS.row).where(_ITEMS.run_seq == run_seq)
        return rows if asked.status is None else rows.where(_ITEMS.status == asked.status)
    rows = select(_VERDICTS.row).where(
        _VERDICTS.run_seq == run_seq, _VERDICTS.criterion == asked.criterion
    )
    for column, wanted in ((_VERDICTS.status, asked.status), (_VERDICTS.outcome, asked.outcome)):
        if wanted is not None:
            rows = rows.where(column == wanted)
    if asked.low is not None:
        rows = rows.where(_VERDICTS.score >= asked.low)
    if asked.high is not None:
        rows = rows.where(_VERDICTS.score <= asked.high)
    return rows


def _rows_beyond(
    connection: Connection, run_seq: int, asked: VerdictFilter, *, after: Place | None, most: int
) -> list[int]:
    rows = _let_through(run_seq, asked)
    few = _few_rows(connection, run_seq, asked)
    if few is not None:
        rows = rows.where(_is_any(_VERDICTS.row, few or [-1]))
    key: list[Any]
    place: tuple[float | None, ...] | None
    if asked.order == "row" or asked.criterion is None:
        column = _ITEMS.row if asked.criterion is None else _VERDICTS.row
        key, place = [column], None if after is None else (after.row,)
        return _firsts(connection, _beyond(rows, key, place, asked).limit(most))
    found: list[int] = []
    if after is None or after.score is not None:
        # A sum is in no index: few rows are looked up, and not met on a walk through all scores.
        score: Any = _VERDICTS.score if few is None else _VERDICTS.score + 0.0
        key, place = [score, _VERDICTS.row], None
        if after is not None:
            place = (after.score, after.row)
        scored = _beyond(rows.where(_VERDICTS.score.is_not(None)), key, place, asked)
        found = _firsts(connection, scored.limit(most))
        after = None
    if len(found) < most and asked.low is None and asked.high is None:
        place = None if after is None else (after.row,)
        scoreless = _beyond(rows.where(_VERDICTS.score.is_(None)), [_VERDICTS.row], place, asked)
        found += _firsts(connection, scoreless.limit(most - len(found)))
    return found


def _few_rows(connection: Connection, run_seq: int, asked: VerdictFilter) -> list[int] | None:
    """All rows that one part of the filter lets through, where that alone leaves few.

    Else the walk in order would look at a million verdicts to find those few.
    """
    if asked.criterion is None:
        return None
    mine = (_VERDICTS.run_seq == run_seq, _VERDICTS.criterion == asked.criterion)
    parts: list[Select[Any]] = []
    if asked.status is not None:
        parts.append(_let_through(run_seq, VerdictFilter(status=asked.status)))
    has_range = asked.low is not None or asked.high is not None
    # By row, an index leads from one of an outcome to the next.
    if asked.outcome is not None and (has_range or asked.order == "score"):
        parts.append(select(_VERDICTS.row).where(*mine, _VERDICTS.outcome == asked.outcome))
    if has_range:
        within = VerdictFilter(criterion=asked.criterion, low=asked.low, high=asked.high)
        parts.append(_let_through(run_seq, within))
    for part in parts:
        rows = _firsts(connection, part.limit(_FEW + 1))
        if len(rows) <= _FEW:
            return rows
    return None


def _firsts(connection: Connection, asked: Select[Any]) -> list[int]:
    """The first column of what is found; all at once, which takes half the time of one by one."""
    return [row[0] for row in connection.execute(asked).all()]


def _beyond(
    rows: Select[Any], key: Sequence[Any], place: tuple[Any, ...] | None, asked: VerdictFilter
) -> Select[Any]:
    if place is not None:
        mine = tuple_(*key)
        rows = rows.where(mine < place if asked.is_descending else mine > place)
    return rows.order_by(*(each.desc() if asked.is_descending else each.asc() for each in key))


def _how_many_fit(
    connection: Connection, run_seq: int, rows: Sequence[int], *, most_bytes: int
) -> int:
    """How many of these rows' items, the first of them, fit into so many bytes; one at least."""
    if not rows:
        return 0
    size = func.length(_ITEMS.item) + func.length(_ITEMS.results) + func.length(_ITEMS.sample)
    sized = select(_ITEMS.row, size).where(_ITEMS.run_seq == run_seq, _is_any(_ITEMS.row, rows))
    sizes: dict[int, int] = {each[0]: each[1] for each in _all(connection, sized)}
    together = list(accumulate(sizes.get(row, 0) for row in rows))
    return max(1, bisect_right(together, most_bytes))


def _items(connection: Connection, run_seq: int, rows: Sequence[int]) -> Iterator[StoredOutputItem]:
    if rows:
        found = select(OUTPUT_ITEMS).where(_ITEMS.run_seq == run_seq, _is_any(_ITEMS.row, rows))
        yield from map(read_item, _all(connection, found))


def _is_any(row: ColumnElement[int], rows: Sequence[int]) -> ColumnElement[bool]:
    """Whether it is one of these rows, of which there is at least one."""
    # Written out: naming thousands of parameters takes longer than looking the rows up.
    written = ",".join(map(str, rows))
    return row.op("IN", is_comparison=True)(literal_column(f"({written})"))


def _all(connection: Connection, asked: Select[Any]) -> Sequence[Any]:
    """What is found. Nothing is remembered of the statement, which never comes again."""
    return connection.execute(asked, execution_options={"compiled_cache": None}).all()
