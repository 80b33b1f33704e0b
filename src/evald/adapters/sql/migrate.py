"""The schema's versions: which one a database has, and how it comes to the newest."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from string import Template

from sqlalchemy import Connection, Engine, func, insert, inspect, select

from evald.adapters.sql.place import Place
from evald.adapters.sql.tables import SCHEMA_VERSION


class SchemaTooNew(Exception):
    """The database was written by a newer version of evald than this one."""

    def __init__(self, name: str, *, version: int, known: int) -> None:
        super().__init__(
            f"The database '{name}' has schema version {version}, and this evald knows versions "
            f"up to {known}; start the newer evald that wrote it, or another data folder."
        )


class DatabaseUnusable(Exception):
    """The file is no database, is damaged, cannot be opened, or belongs to another program."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"The database '{name}' cannot be used: {reason}. Put a copy of yours in its place, or "
            "name another one."
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


def migrate(writer: Engine, place: Place, migrations: Sequence[Migration]) -> None:
    """The database has the schema of the last migration; all that are missing are applied, or none.

    Before the first of them touches a database that holds something, its place keeps a copy.

    Raises:
        SchemaTooNew: the database has a version beyond the last migration.
        DatabaseUnusable: it has tables, and no version of ours.
    """
    # Within a transaction that may write, so that no other process migrates at the same time.
    with writer.begin() as connection:
        place.lock(connection)
        tables = inspect(connection).get_table_names(place.schema)
        if tables and SCHEMA_VERSION.name not in tables:
            raise DatabaseUnusable(place.name, "it holds another program's tables")
        version = _version(connection) if tables else 0
        known = migrations[-1].version
        if version > known:
            raise SchemaTooNew(place.name, version=version, known=known)
        missing = [each for each in migrations if each.version > version]
        if missing and tables:
            place.keep_copy(missing[0].version)
        for each in missing:
            _apply(connection, each, place)


def _version(connection: Connection) -> int:
    return connection.scalar(select(func.max(SCHEMA_VERSION.c.version))) or 0


def _apply(connection: Connection, migration: Migration, place: Place) -> None:
    sql = Template(migration.sql).substitute(place.words)
    for statement in _statements(sql):
        connection.exec_driver_sql(statement)
    connection.execute(insert(SCHEMA_VERSION).values(version=migration.version))


def _statements(sql: str) -> list[str]:
    """The statements of a migration: each ends with a semicolon that ends a line."""
    lines = [line for line in sql.splitlines() if not line.lstrip().startswith("--")]
    statements = "\n".join(lines).split(";\n")
    return [each.strip().rstrip(";") for each in statements if each.strip()]
