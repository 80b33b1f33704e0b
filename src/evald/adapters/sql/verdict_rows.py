"""Which SQL keeps the verdicts of items: one narrow row for each criterion."""

from collections.abc import Iterable
from functools import cache

from sqlalchemy import Connection, Dialect

from evald.adapters.sql.tables import ITEM_VERDICTS
from evald.ports.kept import StoredOutputItem


def keep_verdicts(connection: Connection, run_seq: int, items: Iterable[StoredOutputItem]) -> None:
    """These items of the run have their verdicts, whatever they had before.

    A version without verdicts may have taken an item back, and left those that it had.
    """
    rows = [
        (run_seq, verdict.criterion, item.row, verdict.outcome, item.status, verdict.score)
        for item in items
        for verdict in item.verdicts
    ]
    if rows:
        # As items go past SQLAlchemy's handling of parameters, which takes longer than SQLite does.
        connection.exec_driver_sql(_keep_sql(connection.dialect), rows)


@cache
def _keep_sql(dialect: Dialect) -> str:
    """The statement as the driver takes it, its parameters in the order of the table's columns."""
    mark = "?" if dialect.paramstyle == "qmark" else "%s"
    quoted = dialect.identifier_preparer.format_column
    names = ", ".join(map(quoted, ITEM_VERDICTS.columns))
    marks = ", ".join([mark] * len(ITEM_VERDICTS.columns))
    key = ", ".join(map(quoted, ITEM_VERDICTS.primary_key.columns))
    return (
        f"INSERT INTO {ITEM_VERDICTS.name} ({names}) VALUES ({marks}) ON CONFLICT ({key}) "  # noqa: S608 - our names
        "DO UPDATE SET outcome = excluded.outcome, status = excluded.status, score = excluded.score"
    )
