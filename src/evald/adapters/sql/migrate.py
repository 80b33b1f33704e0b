"""The schema's versions: which one a database has, and how it comes to the newest."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from string import Template

from sqlalchemy import Connection, Engine, func, insert, inspect, select

from evald.adapters.sql.dialects import SQLITE_WORDS, copy_sqlite
from evald.adapters.sql.tables import SCHEMA_VERSION


class SchemaTooNew(Exception):
    """The database was written by a newer version of evald than this one."""

    def __init__(self, path: Path, *, version: int, known: int) -> None:
        super().__init__(
            f"The database '{path}' has schema version {version}, and this evald knows versions "
            f"up to {known}; start the newer evald that wrote it, or another data folder."
        )


class DatabaseUnusable(Exception):
    """The file is no database, is damaged, cannot be opened, or belongs to another program."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"The database '{path}' cannot be used: {reason}. Put a copy of yours in its place, or "
            "name another data folder."
        )


@dataclass(frozen=True, slots=True)
class Migration:
    """The statements that lead from the version before to this one."""

    version: int
    sql: str


def packaged_migrations() -> list[Migration]:
    """All migrations of this version of evald, oldest first."""
    folder = resources.files("evald.adapters.sql").joinpath("migrations")
    files = sorted(folder.iterdir(), key=lambda each: each.name)
    return [
        Migration(int(each.name[:4]), each.read_text("utf-8"))
        for each in files
        if each.name.endswith(".sql")
    ]


def migrate(writer: Engine, path: Path, migrations: Sequence[Migration]) -> None:
    """The database has the schema of the last migration; all that are missing are applied, or none.

    Before the first of them touches a database that holds something, that is copied beside itself,
    as `<name>.before-NNNN`, NNNN being the version of that first one.

    Raises:
        SchemaTooNew: the database has a version beyond the last migration.
        DatabaseUnusable: it has tables, and no version of ours.
    """
    # Within a transaction that may write, so that no other process migrates at the same time.
    with writer.begin() as connection:
        tables = inspect(connection).get_table_names()
        if tables and SCHEMA_VERSION.name not in tables:
            raise DatabaseUnusable(path, "it holds another program's tables")
        version = _version(connection) if tables else 0
        known = migrations[-1].version
        if version > known:
            raise SchemaTooNew(path, version=version, known=known)
        missing = [each for each in migrations if each.version > version]
        if missing and tables:
            copy_sqlite(path, path.with_name(f"{path.name}.before-{missing[0].version:04}"))
        for each in missing:
            _apply(connection, each)


def _version(connection: Connection) -> int:
    return connection.scalar(select(func.max(SCHEMA_VERSION.c.version))) or 0


def _apply(connection: Connection, migration: Migration) -> None:
    sql = Template(migration.sql).substitute(SQLITE_WORDS)
    for statement in _statements(sql):
        connection.exec_driver_sql(statement)
    connection.execute(insert(SCHEMA_VERSION).values(version=migration.version))


def _statements(sql: str) -> list[str]:
    """The statements of a migration: each ends with a semicolon that ends a line."""
    lines = [line for line in sql.splitlines() if not line.lstrip().startswith("--")]
    statements = "\n".join(lines).split(";\n")
    return [each.strip().rstrip(";") for each in statements if each.strip()]
