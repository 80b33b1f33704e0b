"""The clock of the database, by which hosts agree on ages whatever their own clocks say."""

from sqlalchemy import BigInteger, ColumnElement, Connection, cast, func


def database_now(connection: Connection) -> ColumnElement[int]:
    """The second that it is, in Unix seconds, as an expression within a statement."""
    return now_of(connection.dialect.name)


def now_of(database: str) -> ColumnElement[int]:
    """As `database_now`, of the kind of database that SQLAlchemy calls this."""
    if database == "sqlite":
        return cast(func.strftime("%s", "now"), BigInteger)
    return cast(func.extract("epoch", func.statement_timestamp()), BigInteger)
