"""Which SQL takes away, piece by piece, what deleted runs have left."""

from sqlalchemy import Connection, Table, delete, select, tuple_

from evald.adapters.sql.tables import DELETED_RUNS, OUTPUT_ITEMS, ROW_DEATHS, RUN_SHARDS


def purge_deleted_runs(connection: Connection, *, most: int) -> bool:
    """Up to `most` rows of all tables are gone; says whether more may follow.

    A run stays noted down as deleted until nothing of it is left.
    """
    left = most
    for table in (OUTPUT_ITEMS, RUN_SHARDS, ROW_DEATHS):
        left -= _purge(connection, table, most=left)
        if left == 0:
            return True
    connection.execute(delete(DELETED_RUNS))
    return False


def _purge(connection: Connection, table: Table, *, most: int) -> int:
    key = list(table.primary_key.columns)
    deleted = select(DELETED_RUNS.c.run_seq)
    some = select(*key).where(table.c.run_seq.in_(deleted)).limit(most)
    gone = connection.execute(delete(table).where(tuple_(*key).in_(some)))
    return gone.rowcount
