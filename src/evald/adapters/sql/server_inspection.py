"""What a PostgreSQL database says of itself, read without changing anything."""

from dataclasses import dataclass

from sqlalchemy import Connection, create_engine, func, inspect, select, text
from sqlalchemy.exc import DatabaseError

from evald.adapters.sql.inspection import DatabaseState
from evald.adapters.sql.migrate import DatabaseUnusable
from evald.adapters.sql.postgresql import (
    CONNECT_TIMEOUT_S,
    SCHEMA,
    postgresql_place,
    read_url,
)
from evald.adapters.sql.tables import API_KEYS, SCHEMA_VERSION


@dataclass(frozen=True, slots=True)
class ServerState:
    """A PostgreSQL server's version, as "16.4", and what stands in our schema."""

    server_version: str
    database: DatabaseState


def inspect_server(url: str) -> ServerState:
    """The state of the database at this address; its version is 0 where nothing is there yet.

    Raises:
        UrlUnusable: the address is none of a PostgreSQL database.
        DatabaseUnusable: it cannot be reached, or its schema is another program's.
    """
    address = read_url(url)
    name = postgresql_place(address).name
    engine = create_engine(address, connect_args={"connect_timeout": CONNECT_TIMEOUT_S})
    try:
        with engine.connect() as connection:
            return _state(connection, name)
    except DatabaseError as problem:
        raise DatabaseUnusable(name, str(problem.orig).strip()) from problem
    finally:
        engine.dispose()


def _state(connection: Connection, name: str) -> ServerState:
    version = str(connection.scalar(text("SHOW server_version"))).partition(" ")[0]
    tables = inspect(connection).get_table_names(SCHEMA)
    if not tables:
        return ServerState(version, DatabaseState(0, 0, 0))
    if "schema_version" not in tables:
        raise DatabaseUnusable(name, f"its schema '{SCHEMA}' holds another program's tables")
    connection.execute(text(f"SET search_path TO {SCHEMA}"))
    ours = connection.scalar(select(func.max(SCHEMA_VERSION.c.version)))
    counts = select(func.count(), func.count(API_KEYS.c.revoked_at)).select_from(API_KEYS)
    keys, revoked = connection.execute(counts).one()
    return ServerState(version, DatabaseState(ours or 0, keys - revoked, revoked))
