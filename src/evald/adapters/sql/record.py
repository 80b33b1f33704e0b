"""Which SQL records output items: each row once, and the run's tally along with them."""

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, bindparam, select, update

from evald.adapters.sql.items import insert_items
from evald.adapters.sql.tables import OUTPUT_ITEMS, RUNS
from evald.adapters.sql.tallies import grown_tally
from evald.ports.kept import StoredOutputItem
from evald.wire.runs import RunStatus

# Made once: this is the hot path, and building a statement takes longer than looking it up.
# FOR UPDATE, which SQLite leaves out, keeps a second writer from adding to the same old tally.
_RUN = (
    select(RUNS.c.seq, RUNS.c.status, RUNS.c.tally, RUNS.c.chance)
    .where(RUNS.c.id == bindparam("run_id"))
    .with_for_update()
)
_RECORDED = select(OUTPUT_ITEMS.c.row).where(
    OUTPUT_ITEMS.c.run_seq == bindparam("run_seq"),
    OUTPUT_ITEMS.c.row.between(bindparam("first"), bindparam("last")),
)
_GROW = update(RUNS).where(RUNS.c.seq == bindparam("run_seq")).values(tally=bindparam("grown"))

WIDEST_GAP = 256
"""Rows that lie further apart are asked for in two questions, so that none finds many others."""


def record_items(
    connection: Connection,
    run_id: str,
    items: Iterable[StoredOutputItem],
    *,
    chance: int | None = None,
) -> RunStatus | None:
    """The run's status; None where the run is gone, or was taken up again since that chance."""
    run = connection.execute(_RUN, {"run_id": run_id}).one_or_none()
    if run is None:
        return None
    is_former = chance is not None and run.chance != chance
    if is_former:
        # An answer was paid, and counts; an error is what the new chance is for.
        items = [item for item in items if item.status != "error"]
    new = _unrecorded(connection, run.seq, items)
    if new:
        insert_items(connection, run.seq, new)
        grown = grown_tally(run.tally, [item.tally for item in new])
        connection.execute(_GROW, {"run_seq": run.seq, "grown": grown})
    status: RunStatus = run.status
    return None if is_former else status


def _unrecorded(
    connection: Connection, run_seq: int, items: Iterable[StoredOutputItem]
) -> list[StoredOutputItem]:
    """Of the items, the first of each row that has none yet."""
    by_row: dict[int, StoredOutputItem] = {}
    for item in items:
        by_row.setdefault(item.row, item)
    for stretch in _stretches(sorted(by_row)):
        asked = {"run_seq": run_seq, "first": stretch.start, "last": stretch.stop - 1}
        for recorded in connection.scalars(_RECORDED, asked):
            by_row.pop(recorded, None)
    return list(by_row.values())


def _stretches(rows: list[int]) -> Iterator[range]:
    """The stretches in which these rows, given in order, lie close together."""
    first = 0
    for place, row in enumerate(rows):
        if place + 1 == len(rows) or rows[place + 1] - row > WIDEST_GAP:
            yield range(rows[first], row + 1)
            first = place + 1
