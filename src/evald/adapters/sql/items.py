"""Which SQL keeps output items, and reads them by row."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from evald.adapters.sql.bulk import Value, write_rows
from evald.adapters.sql.kept_samples import told_in_full, told_once
from evald.adapters.sql.pages import after_key, beyond, read_page
from evald.adapters.sql.session import Session, in_thread
from evald.adapters.sql.tables import OUTPUT_ITEMS, RUNS
from evald.adapters.sql.verdict_rows import keep_verdicts
from evald.ports.kept import Page, StoredOutputItem
from evald.wire.ids import IdPrefix
from evald.wire.pages import ListOutputItemsQuery

_ITEMS = OUTPUT_ITEMS.c
_OWN_BYTES = 16
_FOREIGN = b"\0" * _OWN_BYTES
"""Before the id of an imported item that is not of our form, so that it is longer than any."""

_PREFIX = IdPrefix.OUTPUT_ITEM.value


class SqlOutputItemTable:
    """Output items in a table. Fulfils `evald.ports.store.OutputItemTable`."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @in_thread
    def page(self, run_id: str, query: ListOutputItemsQuery) -> Page[StoredOutputItem]:
        """A page of the run's items, by row. `after` may have another status than those asked for.

        Raises:
            CursorUnknown: `after` is no item of the run.
        """
        mine = _of_run(run_id)
        named = _ITEMS.id == item_key(query.after or "")
        after = after_key(self.session.connection, query, select(_ITEMS.row).where(mine, named))
        rows = select(OUTPUT_ITEMS).where(mine)
        if query.status is not None:
            rows = rows.where(_ITEMS.status == query.status)
        rows = beyond(rows, [_ITEMS.row], after=after, query=query)
        return read_page(self.session.connection, rows, read_item, limit=query.limit)

    @in_thread
    def get(self, run_id: str, output_item_id: str) -> StoredOutputItem | None:
        """The item, if it is there."""
        found = self.session.connection.execute(
            select(OUTPUT_ITEMS).where(_of_run(run_id), _ITEMS.id == item_key(output_item_id))
        )
        row = found.one_or_none()
        return None if row is None else read_item(row)


def insert_items(connection: Connection, run_seq: int, items: Sequence[StoredOutputItem]) -> None:
    """These items of the run are kept, with their verdicts; none of their rows has one yet.

    Raises:
        ValueError: an id or a hash is not hexadecimal as it must be.
    """
    # PostgreSQL packs such texts itself, and there a former version may read beside this one.
    shortens = connection.dialect.name == "sqlite"
    rows = [
        _values(run_seq, each, told_once(each.sample_json, each.item_json))
        if shortens
        else _values(run_seq, each, each.sample_json)
        for each in items
    ]
    write_rows(connection, OUTPUT_ITEMS, rows)
    keep_verdicts(connection, run_seq, items)


def _values(run_seq: int, item: StoredOutputItem, sample: str) -> tuple[Value, ...]:
    own = item.extras is None
    return (
        run_seq,
        item.row,
        bytes.fromhex(item.id.removeprefix(_PREFIX)) if own else item_key(item.id),
        item.created_at,
        item.status,
        bytes.fromhex(item.content_hash),
        item.item_json,
        item.results_json,
        sample,
        item.extras,
    )


def read_item(row: Sequence[Any]) -> StoredOutputItem:
    """The item of this row of the table."""
    # Unpacked, since asking a Row for its columns by name takes four times as long.
    _, number, key, created_at, status, content_hash, item, results, sample, extras = row
    return StoredOutputItem(
        id=item_id(key),
        row=number,
        created_at=created_at,
        status=status,
        content_hash=content_hash.hex(),
        item_json=item,
        results_json=results,
        sample_json=told_in_full(sample, item),
        extras=extras,
    )


def item_id(key: bytes) -> str:
    """The id that is kept as this."""
    return _PREFIX + key.hex() if len(key) == _OWN_BYTES else key[_OWN_BYTES:].decode()


def _of_run(run_id: str) -> ColumnElement[bool]:
    return _ITEMS.run_seq == select(RUNS.c.seq).where(RUNS.c.id == run_id).scalar_subquery()


def item_key(output_item_id: str) -> bytes:
    """The id as it is kept, whatever its form."""
    try:
        key = bytes.fromhex(output_item_id.removeprefix(_PREFIX))
    except ValueError:
        key = b""
    # An id has one spelling only; fromhex overlooks spaces and capitals.
    if len(key) == _OWN_BYTES and _PREFIX + key.hex() == output_item_id:
        return key
    return _FOREIGN + output_item_id.encode("utf-8", "backslashreplace")
