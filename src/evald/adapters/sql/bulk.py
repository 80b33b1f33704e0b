"""Many rows into a table at once, as fast as either database takes them."""

from collections.abc import Sequence
from functools import cache

from sqlalchemy import BigInteger, Column, Connection, Dialect, Double, LargeBinary, Table, Text

from evald.adapters.sql.tables import PlainText

Value = int | float | str | bytes | None

_ARRAYS: dict[type, str] = {
    BigInteger: "bigint[]",
    Double: "double precision[]",
    LargeBinary: "bytea[]",
    PlainText: "text[]",
    Text: "text[]",
}


def write_rows(
    connection: Connection, table: Table, rows: Sequence[tuple[Value, ...]], *, or_else: str = ""
) -> None:
    """The rows, whose values stand in the order of the table's columns, are in the table.

    Args:
        connection: of either database.
        table: of numbers, texts and bytes.
        rows: any number of them, texts as every database takes them.
        or_else: what follows the statement, such as what to do with rows that are there.
    """
    if not rows:
        return
    # Past SQLAlchemy's handling of parameters, which for these rows takes longer than SQLite does.
    if connection.dialect.name == "postgresql":
        # One statement with an array a column: a third of the time of a statement a row.
        columns = tuple(list(column) for column in zip(*rows, strict=True))
        connection.exec_driver_sql(_of_arrays(connection.dialect, table) + or_else, columns)
    else:
        connection.exec_driver_sql(_of_values(connection.dialect, table) + or_else, list(rows))


def added_up(table: Table, *, key: Sequence[str], sums: Sequence[str]) -> str:
    """What follows the statement so that a row that is there by this key grows by these columns."""
    grown = ", ".join(f"{name} = {table.name}.{name} + excluded.{name}" for name in sums)
    return f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {grown}"


@cache
def _of_values(dialect: Dialect, table: Table) -> str:
    marks = ", ".join("?" for _ in table.columns)
    return f"{_into(dialect, table)} VALUES ({marks}) "


@cache
def _of_arrays(dialect: Dialect, table: Table) -> str:
    arrays = ", ".join(f"%b::{_array(column)}" for column in table.columns)
    return f"{_into(dialect, table)} SELECT * FROM unnest({arrays}) "  # noqa: S608 - our names


def _array(column: Column[object]) -> str:
    return _ARRAYS[type(column.type)]


def _into(dialect: Dialect, table: Table) -> str:
    names = map(dialect.identifier_preparer.format_column, table.columns)
    return f"INSERT INTO {table.name} ({', '.join(names)})"
