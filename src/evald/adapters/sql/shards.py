"""Which SQL keeps shards, and counts how often a row was in flight when its process died."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Table,
    Update,
    bindparam,
    insert,
    select,
    text,
    update,
)

from evald.adapters.sql.tables import OUTPUT_ITEMS, ROW_DEATHS, RUN_SHARDS, RUNS
from evald.ports.kept import Shard, ShardState

_SHARDS = RUN_SHARDS.c

_COUNT_DEATH = text(
    'INSERT INTO row_deaths (run_seq, "row", deaths) VALUES (:run_seq, :row, 1)'
    ' ON CONFLICT (run_seq, "row") DO UPDATE SET deaths = row_deaths.deaths + 1'
)


# Made once: every 64 rows ask for it, and building it takes longer than carrying it out.
_MARK_STARTED = (
    update(RUN_SHARDS)
    .where(
        _SHARDS.run_seq
        == select(RUNS.c.seq).where(RUNS.c.id == bindparam("of_run")).scalar_subquery(),
        _SHARDS.number == bindparam("of_number"),
        _SHARDS.started_before < bindparam("before"),
    )
    .values(started_before=bindparam("before"))
)


def insert_shards(connection: Connection, run_id: str, shards: Sequence[Shard]) -> None:
    """The shards of the run are kept; it has none yet."""
    if not shards:
        return
    run = connection.execute(select(RUNS.c.seq).where(RUNS.c.id == run_id))
    run_seq = run.scalar_one()
    connection.execute(insert(RUN_SHARDS), [_values(run_seq, each) for each in shards])


def read_shards(connection: Connection, run_id: str) -> list[Shard]:
    """The run's shards by number."""
    found = connection.execute(select(RUN_SHARDS).where(_of_run(run_id)).order_by(_SHARDS.number))
    return [_shard(row) for row in found]


def begin_shard(
    connection: Connection, run_id: str, number: int, *, worker_id: str
) -> ShardState | None:
    """What a new attempt must know; it is counted, and with it the deaths of the last one.

    None where another worker has the shard in hand.
    """
    shard = select(RUN_SHARDS).where(_of_run(run_id), _SHARDS.number == number).with_for_update()
    before = connection.execute(shard).one_or_none()
    if before is None:
        gone = Shard(number, first_row=0, row_count=0, offset=0, size=0, done=True)
        return ShardState(gone, frozenset(), {})
    if before.worker_id not in (None, worker_id):
        return None
    recorded = frozenset(connection.scalars(_rows(OUTPUT_ITEMS, before)))
    started = range(before.first_row, before.started_before)
    died = [{"run_seq": before.run_seq, "row": row} for row in started if row not in recorded]
    if died:
        connection.execute(_COUNT_DEATH, died)
    begun = change_shard(run_id, number).values(
        attempts=_SHARDS.attempts + 1, started_before=_SHARDS.first_row, worker_id=worker_id
    )
    connection.execute(begun)
    after = connection.execute(shard).one()
    deaths = connection.execute(_rows(ROW_DEATHS, before).add_columns(ROW_DEATHS.c.deaths))
    unrecorded = {each.row: each.deaths for each in deaths if each.row not in recorded}
    return ShardState(_shard(after), recorded, unrecorded)


def change_shard(run_id: str, number: int) -> Update:
    """A change of this shard; what changes is for the caller to say."""
    return update(RUN_SHARDS).where(_of_run(run_id), _SHARDS.number == number)


def mark_started(connection: Connection, run_id: str, number: int, *, before: int) -> None:
    """Rows of the shard before this one may be in flight from now on."""
    connection.execute(_MARK_STARTED, {"of_run": run_id, "of_number": number, "before": before})


def _of_run(run_id: str) -> ColumnElement[bool]:
    return _SHARDS.run_seq == select(RUNS.c.seq).where(RUNS.c.id == run_id).scalar_subquery()


def _rows(table: Table, shard: Row[Any]) -> Any:
    """Selects the rows of the shard that the table has something of."""
    return select(table.c.row).where(
        table.c.run_seq == shard.run_seq,
        table.c.row >= shard.first_row,
        table.c.row < shard.first_row + shard.row_count,
    )


def _values(run_seq: int, shard: Shard) -> dict[str, int | bool]:
    return {
        "run_seq": run_seq,
        "number": shard.number,
        "first_row": shard.first_row,
        "row_count": shard.row_count,
        "byte_offset": shard.offset,
        "byte_size": shard.size,
        "attempts": shard.attempts,
        "started_before": shard.started_before,
        "is_done": shard.done,
    }


def _shard(row: Row[Any]) -> Shard:
    return Shard(
        number=row.number,
        first_row=row.first_row,
        row_count=row.row_count,
        offset=row.byte_offset,
        size=row.byte_size,
        attempts=row.attempts,
        started_before=row.started_before,
        done=row.is_done,
    )
