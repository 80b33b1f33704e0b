"""Which items changed between runs: those of a kind by row, and those after a row."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from evald.domain.errors import InvalidValue
from evald.domain.item_matching import ABSENT
from evald.domain.outcome_patterns import OutcomeColumn, Pattern
from evald.ports.kept import Page, StoredOutputItem
from evald.services.comparisons import RunsSideBySide
from evald.services.context import Context
from evald.services.run_matching import MatchedRuns
from evald.wire.comparisons import MAX_COMPARED, ChangedItem, ItemChange

CHANGES: Sequence[ItemChange] = get_args(ItemChange)


@dataclass(frozen=True, slots=True)
class ChangesAsked:
    """Which changes are asked for: of this kind, in the candidate at this place of the runs.

    `candidate` is at least 1. `criterion` is the place, among those matched, of the one whose
    outcomes are meant instead of the items'.
    """

    change: ItemChange
    candidate: int
    criterion: int | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """An item that changed: its row in the baseline, or in the candidate where it is new there.

    `rows` and `outcomes` are in each run, None where it is not there.
    """

    row: int
    occurrence: int
    rows: Sequence[int | None]
    outcomes: Pattern


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The rows of the changed items before and after a row; None where there is none."""

    previous: int | None
    next: int | None


Texts = Sequence[StoredOutputItem | None]
"""An item as it is kept in each of the runs."""


def read_change(text: str | None) -> ItemChange:
    """The kind of change, `regressed` if none is given.

    Raises:
        InvalidValue: there is no such kind.
    """
    for kind in CHANGES:
        if kind == (text or CHANGES[0]):
            return kind
    message = f"'change' is '{(text or '')[:40]}' and must be one of {', '.join(CHANGES)}."
    raise InvalidValue(message, param="change")


def read_criterion(text: str | None, beside: RunsSideBySide) -> int | None:
    """The place of the criterion of this id, or name, among those matched; None if none is given.

    Raises:
        InvalidValue: it is none of those that are compared.
    """
    if text is None:
        return None
    criteria = [each.criterion for each in beside.matched.criteria]
    for name in ([each.id for each in criteria], [each.name for each in criteria]):
        if text in name:
            return name.index(text)
    message = f"'{text[:100]}' is no testing criterion that these runs share."
    raise InvalidValue(message, param="criterion")


def count_changes(
    beside: RunsSideBySide, *, candidate: int, criterion: int | None = None
) -> Mapping[ItemChange, int]:
    """How many items changed in each way."""
    return {
        change: _column(beside.matched, ChangesAsked(change, candidate, criterion)).change_count(
            change, candidate=candidate
        )
        for change in CHANGES
    }


def find_changes(
    beside: RunsSideBySide, asked: ChangesAsked, *, after: int | None, limit: int
) -> Page[Changed]:
    """The items that changed so, by row, beyond the row `after`.

    There may be a few more than `limit`, where several are of the last row.
    """
    matched = beside.matched
    found = _column(matched, asked).changed(asked.change, candidate=asked.candidate)
    rows = zip(_rows(matched, asked, found), found, strict=True)
    beyond = [each for each in rows if after is None or each[0] > after]
    first = heapq.nsmallest(limit + MAX_COMPARED, beyond)
    end = min(limit, len(first))
    # Items that the baseline has not can share a row, which is all that a page goes on from.
    while 0 < end < len(first) and first[end][0] == first[end - 1][0]:
        end += 1
    changed = [_changed(matched, asked, item) for _, item in first[:end]]
    return Page(changed, len(first) > end)


def find_changed(
    beside: RunsSideBySide, asked: ChangesAsked, *, row: int
) -> tuple[Changed | None, Neighbours]:
    """The changed item of the row, and the rows of those around it."""
    matched = beside.matched
    found = _column(matched, asked).changed(asked.change, candidate=asked.candidate)
    rows = _rows(matched, asked, found)
    around = Neighbours(
        previous=max((each for each in rows if each < row), default=None),
        next=min((each for each in rows if each > row), default=None),
    )
    if row not in rows:
        return None, around
    return _changed(matched, asked, found[rows.index(row)]), around


async def read_texts(
    context: Context, beside: RunsSideBySide, changed: Sequence[Changed]
) -> list[Texts]:
    """The items as they are kept, in the order given."""
    columns: list[dict[int, StoredOutputItem]] = []
    async with context.store.snapshot() as tx:
        for place, run in enumerate(beside.runs):
            rows = [row for each in changed if (row := each.rows[place]) is not None]
            columns.append({item.row: item for item in await tx.verdicts.items(run.id, rows)})
    return [
        [
            None if row is None else column.get(row)
            for row, column in zip(each.rows, columns, strict=True)
        ]
        for each in changed
    ]


def changed_item(changed: Changed, texts: Texts) -> ChangedItem:
    """The item as the API answers it."""
    there = [item for item in texts if item is not None]
    return ChangedItem(
        row=changed.row,
        content_hash=there[0].content_hash if there else "",
        occurrence=changed.occurrence,
        output_item_ids=[None if item is None else item.id for item in texts],
        outcomes=list(changed.outcomes),
    )


def _column(matched: MatchedRuns, asked: ChangesAsked) -> OutcomeColumn:
    # No criterion tells whether an item is there.
    if asked.criterion is None or asked.change in {"missing", "new"}:
        return matched.statuses
    return matched.criteria[asked.criterion].outcomes


def _rows(matched: MatchedRuns, asked: ChangesAsked, items: Sequence[int]) -> list[int]:
    """The rows by which these items stand: the baseline's, or else the candidate's, or any."""
    columns = [matched.rows[0], matched.rows[asked.candidate], *matched.rows[1:]]
    rows = [columns[0][item] for item in items]
    for column in columns[1:]:
        if ABSENT not in rows:
            break
        rows = [
            column[item] if row == ABSENT else row for row, item in zip(rows, items, strict=True)
        ]
    return rows


def _changed(matched: MatchedRuns, asked: ChangesAsked, item: int) -> Changed:
    rows = [column[item] for column in matched.rows]
    column = matched.statuses
    if asked.criterion is not None:
        column = matched.criteria[asked.criterion].outcomes
    return Changed(
        row=_rows(matched, asked, [item])[0],
        occurrence=matched.occurrences[item],
        rows=[None if row == ABSENT else row for row in rows],
        outcomes=column.pattern(item),
    )
