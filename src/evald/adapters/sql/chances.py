"""Which SQL takes ended runs up again, and walks over the items of one."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Connection, delete, exists, func, select, update

from evald.adapters.sql.items import read_item
from evald.adapters.sql.runs import read_run
from evald.adapters.sql.session import Session, in_thread
from evald.adapters.sql.tables import ITEM_VERDICTS, OUTPUT_ITEMS, ROW_DEATHS, RUN_SHARDS, RUNS
from evald.adapters.sql.tallies import tally_without
from evald.ports.kept import StoredOutputItem, StoredRun

_ITEMS = OUTPUT_ITEMS.c
_SHARDS = RUN_SHARDS.c
_VERDICTS = ITEM_VERDICTS.c
_READ_AT_ONCE = 500
"""Results of errored items held in memory together."""


class SqlChanceTable:
    """Second chances in tables. Fulfils `evald.ports.chances.ChanceTable`."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @in_thread
    def hold(self, run_id: str) -> StoredRun | None:
        """The run, if it is there; nobody else changes it until the transaction ends."""
        held = select(RUNS).where(RUNS.c.id == run_id).with_for_update()
        row = self.session.connection.execute(held).one_or_none()
        return None if row is None else read_run(row)

    @in_thread
    def reopen(self, run_id: str, *, now: int) -> None:
        """The ended run goes on as of now, its errored items as if they had never been.

        Counts go back by those items; usage stays, since it was paid. Shards with a row without an
        item are open and free, and no row of the run has died. The run is in progress, without an
        end or an error, and nobody has been told of its next end; one that has no plan is queued.
        """
        connection = self.session.connection
        run = connection.execute(
            select(RUNS.c.seq, RUNS.c.tally, RUNS.c.planned_rows)
            .where(RUNS.c.id == run_id)
            .with_for_update()
        ).one()
        tally = tally_without(run.tally, _errored_results(connection, run.seq))
        _open_shards(connection, run.seq)
        connection.execute(delete(ROW_DEATHS).where(ROW_DEATHS.c.run_seq == run.seq))
        connection.execute(delete(OUTPUT_ITEMS).where(*_errored(run.seq)))
        of_errored = (_VERDICTS.run_seq == run.seq, _VERDICTS.status == "error")
        connection.execute(delete(ITEM_VERDICTS).where(*of_errored))
        status: dict[str, str | int | None] = {"status": "in_progress", "started_at": now}
        if run.planned_rows is None:
            status = {"status": "queued", "started_at": None, "planner_id": None}
        connection.execute(
            update(RUNS)
            .where(RUNS.c.seq == run.seq)
            .values(
                tally=tally,
                ended_at=None,
                error=None,
                is_told=False,
                chance=RUNS.c.chance + 1,
                **status,
            )
        )

    @in_thread
    def items_beyond(
        self, run_id: str, row: int, *, most: int, most_bytes: int
    ) -> list[StoredOutputItem]:
        """The run's next items beyond this row, in order: at most so many, and so large together.

        Sizes are as kept. An item that is larger comes alone; empty at the end.
        """
        connection = self.session.connection
        run_seq = select(RUNS.c.seq).where(RUNS.c.id == run_id).scalar_subquery()
        beyond = (_ITEMS.run_seq == run_seq, _ITEMS.row > row)
        size = func.length(_ITEMS.item) + func.length(_ITEMS.results) + func.length(_ITEMS.sample)
        sizes = select(_ITEMS.row, size).where(*beyond).order_by(_ITEMS.row).limit(most)
        last, left = None, most_bytes
        for number, item_bytes in connection.execute(sizes):
            left -= item_bytes
            if last is not None and left < 0:
                break
            last = number
        if last is None:
            return []
        found = select(OUTPUT_ITEMS).where(*beyond, _ITEMS.row <= last).order_by(_ITEMS.row)
        return [read_item(each) for each in connection.execute(found)]


def _errored(run_seq: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return _ITEMS.run_seq == run_seq, _ITEMS.status == "error"


def _errored_results(connection: Connection, run_seq: int) -> Iterator[str]:
    """The results of each errored item, a few in memory at a time."""
    results = select(_ITEMS.results).where(*_errored(run_seq))
    yield from connection.scalars(results.execution_options(yield_per=_READ_AT_ONCE))


def _open_shards(connection: Connection, run_seq: int) -> None:
    """Shards with a row that has no item, or an errored one, are free, at a new attempt.

    So what a former attempt at them still ends does not count.
    """
    in_it = _ITEMS.row.between(_SHARDS.first_row, _SHARDS.first_row + _SHARDS.row_count - 1)
    has_errored = exists(select(1).where(*_errored(run_seq), in_it).correlate(RUN_SHARDS))
    connection.execute(
        update(RUN_SHARDS)
        .where(_SHARDS.run_seq == run_seq, ~_SHARDS.is_done | has_errored)
        .values(
            is_done=False,
            worker_id=None,
            attempts=_SHARDS.attempts + 1,
            started_before=_SHARDS.first_row,
        )
    )
