"""Pages by key: the rows beyond one row, never those after so many."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, Row, Select, tuple_

from evald.ports.kept import Page
from evald.ports.store import CursorUnknown
from evald.wire.pages import ListQuery

T = TypeVar("T")
Key = Sequence[Column[int]]


def after_key(connection: Connection, query: ListQuery, rows: Select[Any]) -> Row[Any] | None:
    """The key of the row that the page begins beyond; None for the first page.

    Args:
        rows: selects the key of what `after` names.

    Raises:
        CursorUnknown: `after` names none.
    """
    if query.after is None:
        return None
    found: Row[Any] | None = connection.execute(rows).one_or_none()
    if found is None:
        raise CursorUnknown(query.after)
    return found


def beyond(rows: Select[Any], key: Key, *, after: Row[Any] | None, query: ListQuery) -> Select[Any]:
    """Those rows whose key lies beyond `after`, in order, one more than the page holds."""
    descending = query.order == "desc"
    if after is not None:
        place = tuple_(*key)
        rows = rows.where(place < tuple(after) if descending else place > tuple(after))
    order = [column.desc() if descending else column.asc() for column in key]
    return rows.order_by(*order).limit(query.limit + 1)


def read_page(
    connection: Connection,
    rows: Select[Any],
    read: Callable[[Row[Any]], T],
    *,
    limit: int,
) -> Page[T]:
    """The page that these rows make: at most `limit`, and whether there was one more."""
    found = connection.execute(rows).all()
    return Page([read(row) for row in found[:limit]], len(found) > limit)
