"""A session gives its connection back in good order, whatever became of its transaction. Ours."""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError, OperationalError

from evald.adapters.sql.session import Session
from evald.adapters.sql.sqlite import sqlite_writer


@pytest.fixture
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A writer of parents and their children; there is no parent."""
    engine = sqlite_writer(tmp_path / "evald.sqlite3")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE parents (id INTEGER PRIMARY KEY)")
        connection.exec_driver_sql(
            "CREATE TABLE children"
            " (parent INTEGER REFERENCES parents DEFERRABLE INITIALLY DEFERRED)"
        )
    yield engine
    engine.dispose()


async def execute(session: Session, sql: str) -> None:
    await session.run(lambda: session.connection.exec_driver_sql(sql).close())


def children(engine: Engine) -> int | None:
    with engine.connect() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM children").scalar()


async def test_a_commit_that_fails_is_taken_back(engine: Engine, threads: Executor) -> None:
    """SQLite leaves the transaction open then, as it does when the disk is full."""
    session = Session(engine, threads)
    await execute(session, "INSERT INTO children VALUES (7)")

    with pytest.raises(IntegrityError):
        await session.commit()
    await session.rollback()

    assert children(engine) == 0
    again = Session(engine, threads)
    await execute(again, "INSERT INTO children VALUES (NULL)")
    await again.commit()
    assert children(engine) == 1


async def test_what_was_left_is_done_before_what_comes_next_and_in_order(
    engine: Engine, threads: Executor
) -> None:
    session, done = Session(engine, threads), []
    session.leave(lambda: done.append("first"))
    session.leave(lambda: done.append("second"))

    await session.run(lambda: done.append("third"))

    assert done == ["first", "second", "third"]


async def test_what_was_left_is_committed(engine: Engine, threads: Executor) -> None:
    session = Session(engine, threads)
    session.leave(lambda: session.connection.exec_driver_sql("INSERT INTO children VALUES (NULL)"))

    await session.commit()

    assert children(engine) == 1


async def test_nothing_is_committed_when_what_was_left_fails(
    engine: Engine, threads: Executor
) -> None:
    session = Session(engine, threads)
    await execute(session, "INSERT INTO children VALUES (NULL)")
    session.leave(lambda: session.connection.exec_driver_sql("INSERT INTO nowhere VALUES (1)"))

    with pytest.raises(OperationalError):
        await session.commit()
    await session.rollback()

    assert children(engine) == 0


async def test_what_was_left_is_not_done_when_all_is_taken_back(
    engine: Engine, threads: Executor
) -> None:
    session, done = Session(engine, threads), []
    await execute(session, "INSERT INTO children VALUES (NULL)")
    session.leave(lambda: done.append("never"))

    await session.rollback()

    assert (done, children(engine)) == ([], 0)


async def test_what_was_committed_cannot_be_taken_back(engine: Engine, threads: Executor) -> None:
    session = Session(engine, threads)
    await execute(session, "INSERT INTO children VALUES (NULL)")

    await session.commit()
    await session.rollback()

    assert children(engine) == 1


async def test_a_session_that_was_asked_nothing_takes_no_connection(
    engine: Engine, threads: Executor
) -> None:
    session = Session(engine, threads)

    with engine.begin():  # holds the only connection
        await session.commit()
        await session.rollback()
