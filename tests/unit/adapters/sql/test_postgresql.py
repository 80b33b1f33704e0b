"""Connections to PostgreSQL: what each kind may do, and how lost ones are found out. Ours."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from evald.adapters.sql.postgresql import (
    TRUSTED_S,
    postgresql_reader,
    postgresql_writer,
    read_url,
)
from tests.support.postgresql import cut_connections, new_database

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def url() -> str:
    return new_database()


@pytest.fixture
def writer(url: str) -> Iterator[Engine]:
    engine = postgresql_writer(read_url(url), connections=2)
    yield engine
    engine.dispose()


@pytest.fixture
def reader(url: str) -> Iterator[Engine]:
    engine = postgresql_reader(read_url(url), connections=2)
    yield engine
    engine.dispose()


def shown(engine: Engine, setting: str) -> object:
    with engine.begin() as connection:
        return connection.scalar(text(f"SHOW {setting}"))


def use_two_at_once(engine: Engine) -> None:
    """Two connections answer, and are open from then on."""
    with engine.connect() as first, engine.connect() as second:
        assert first.scalar(text("SELECT 1")) == second.scalar(text("SELECT 1")) == 1


def test_readers_read_as_of_one_moment_each_time(reader: Engine) -> None:
    for _ in range(2):
        assert shown(reader, "transaction_isolation") == "repeatable read"
        assert shown(reader, "transaction_read_only") == "on"
    with pytest.raises(DBAPIError, match="read-only"), reader.begin() as connection:
        connection.execute(text("CREATE TABLE public.notes (note text)"))


def test_writers_write(writer: Engine) -> None:
    assert shown(writer, "transaction_isolation") == "read committed"
    assert shown(writer, "transaction_read_only") == "off"


def test_connections_that_were_lost_at_rest_are_replaced(writer: Engine, url: str) -> None:
    use_two_at_once(writer)

    @event.listens_for(writer, "checkin")
    def rest(_: object, entry: ConnectionPoolEntry) -> None:
        entry.info["used_at"] -= 2 * TRUSTED_S

    assert shown(writer, "search_path") == "evald"
    assert cut_connections(url) >= 2

    use_two_at_once(writer)


def test_one_that_is_lost_just_after_its_use_fails_once(writer: Engine, url: str) -> None:
    use_two_at_once(writer)
    assert cut_connections(url) >= 2

    with pytest.raises(OperationalError):
        shown(writer, "search_path")

    use_two_at_once(writer)
