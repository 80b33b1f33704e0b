"""A database comes to the newest schema in one go, and its old file is kept. Ours."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect
from sqlalchemy.exc import OperationalError

from evald.adapters.sql.migrate import (
    DatabaseUnusable,
    Migration,
    SchemaTooNew,
    migrate,
    packaged_migrations,
)
from evald.adapters.sql.sqlite import sqlite_place, sqlite_writer
from evald.adapters.sql.store import open_store

FIRST = Migration(
    1,
    """-- Notes; with a semicolon in the comment
    CREATE TABLE schema_version (version INTEGER NOT NULL PRIMARY KEY);
    CREATE TABLE notes (
        seq $sequence,
        body $bytes
    );
    """,
)
SECOND = Migration(2, "ALTER TABLE notes ADD COLUMN a TEXT;\nALTER TABLE notes ADD COLUMN b TEXT;")
BROKEN = Migration(3, "DROP TABLE notes;\nCREATE NONSENSE;\n")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "evald.sqlite3"


@pytest.fixture
def writer(path: Path) -> Iterator[Engine]:
    engine = sqlite_writer(path)
    yield engine
    engine.dispose()


def columns(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[1] for row in connection.execute("PRAGMA table_info(notes)")]


def test_a_new_file_gets_every_migration_and_no_copy(path: Path, writer: Engine) -> None:
    migrate(writer, sqlite_place(path), [FIRST, SECOND])

    assert columns(path) == ["seq", "body", "a", "b"]
    assert not list(path.parent.glob("*before*"))


def test_the_old_file_is_copied_before_it_is_touched(path: Path, writer: Engine) -> None:
    """With what was committed last, which still lies in the log beside it."""
    migrate(writer, sqlite_place(path), [FIRST])
    with writer.begin() as connection:
        connection.exec_driver_sql("INSERT INTO notes (body) VALUES (x'00ff')")

    migrate(writer, sqlite_place(path), [FIRST, SECOND])

    copy = path.with_name("evald.sqlite3.before-0002")
    assert columns(path) == ["seq", "body", "a", "b"]
    assert columns(copy) == ["seq", "body"]
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT seq, body FROM notes").fetchall() == [(1, b"\x00\xff")]


def test_a_database_of_the_newest_schema_is_left_alone(path: Path, writer: Engine) -> None:
    migrate(writer, sqlite_place(path), [FIRST, SECOND])

    migrate(writer, sqlite_place(path), [FIRST, SECOND])

    assert columns(path) == ["seq", "body", "a", "b"]
    assert not list(path.parent.glob("*before*"))


def test_a_migration_that_fails_changes_nothing(path: Path, writer: Engine) -> None:
    migrate(writer, sqlite_place(path), [FIRST])

    with pytest.raises(OperationalError):
        migrate(writer, sqlite_place(path), [FIRST, SECOND, BROKEN])

    assert columns(path) == ["seq", "body"]
    migrate(writer, sqlite_place(path), [FIRST, SECOND])
    assert columns(path) == ["seq", "body", "a", "b"]


def test_a_database_of_another_program_is_refused_and_left_alone(
    path: Path, writer: Engine
) -> None:
    with writer.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE theirs (a)")

    with pytest.raises(DatabaseUnusable, match="another program's tables"):
        migrate(writer, sqlite_place(path), [FIRST])

    assert inspect(writer).get_table_names() == ["theirs"]


def test_a_newer_schema_is_refused_and_left_alone(path: Path, writer: Engine) -> None:
    migrate(writer, sqlite_place(path), [FIRST, SECOND])
    before = path.read_bytes()

    with pytest.raises(SchemaTooNew, match=r"schema version 2.*up to 1") as raised:
        migrate(writer, sqlite_place(path), [FIRST])

    assert str(path) in str(raised.value)
    assert path.read_bytes() == before


async def test_a_store_refuses_a_newer_schema(path: Path) -> None:
    await (await open_store(path)).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO schema_version VALUES (9999)")

    with pytest.raises(SchemaTooNew):
        await open_store(path)


def test_packaged_migrations_are_numbered_without_a_gap() -> None:
    versions = [each.version for each in packaged_migrations()]

    assert versions == list(range(1, len(versions) + 1))
    assert versions
