"""Which SQL takes away, piece by piece, what deleted runs have left."""

from sqlalchemy import Connection, Table, delete, select, tuple_

from evald.adapters.sql.tables import (
    DELETED_RUNS,
    ITEM_VERDICTS,
    OUTPUT_ITEMS,
    ROW_DEATHS,
    RUN_SHARDS,
)

MOST_RUNS = 500
"""Deleted runs looked at in one go."""


def purge_deleted_runs(connection: Connection, *, most: int) -> bool:
    """Up to `most` rows of all tables are gone; says whether more may follow.

    A run stays noted down as deleted until nothing of it is left.
    """
    noted = list(connection.scalars(select(DELETED_RUNS.c.run_seq).limit(MOST_RUNS)))
    left = most
    for table in (OUTPUT_ITEMS, ITEM_VERDICTS, RUN_SHARDS, ROW_DEATHS):
        left -= _purge(connection, table, noted, most=left)
        if left == 0:
            return True
    # Those alone: another process may have noted down a run since.
    connection.execute(delete(DELETED_RUNS).where(DELETED_RUNS.c.run_seq.in_(noted)))
    return len(noted) == MOST_RUNS


def _purge(connection: Connection, table: Table, run_seqs: list[int], *, most: int) -> int:
    key = list(table.primary_key.columns)
    some = select(*key).where(table.c.run_seq.in_(run_seqs)).limit(most)
    gone = connection.execute(delete(table).where(tuple_(*key).in_(some)))
    return gone.rowcount
