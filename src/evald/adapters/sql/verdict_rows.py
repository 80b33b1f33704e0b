"""Which SQL keeps the verdicts of items: one narrow row for each criterion."""

from collections.abc import Iterable

from sqlalchemy import Connection

from evald.adapters.sql.bulk import write_rows
from evald.adapters.sql.tables import ITEM_VERDICTS
from evald.ports.kept import StoredOutputItem

_ANEW = (
    'ON CONFLICT (run_seq, criterion, "row") DO UPDATE SET'
    " outcome = excluded.outcome, status = excluded.status, score = excluded.score"
)


def keep_verdicts(connection: Connection, run_seq: int, items: Iterable[StoredOutputItem]) -> None:
    """These items of the run have their verdicts, whatever they had before.

    A version without verdicts may have taken an item back, and left those that it had.
    """
    rows = [
        (run_seq, verdict.criterion, item.row, verdict.outcome, item.status, verdict.score)
        for item in items
        for verdict in item.verdicts
    ]
    write_rows(connection, ITEM_VERDICTS, rows, or_else=_ANEW)
