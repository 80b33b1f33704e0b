"""A full disk, a database that is read-only or away: nothing is lost, and runs go on. Ours."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from evald.adapters.sql.postgresql import read_url
from tests.engine.runs import create_eval, create_run, recorded, rows
from tests.support.mock_provider import MockProvider
from tests.support.postgresql import new_database
from tests.support.running_place import running_place

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

COUNT = 3_000
AWAY_S = 30.0
LATENCY_S = 0.1


def test_a_run_on_a_full_disk_goes_on_at_the_next_start(tmp_path: Path) -> None:
    # No file may grow beyond this: to the database, a disk that is full.
    with running_place(tmp_path, MockProvider(latency_s=LATENCY_S)) as place:
        server = place.server
        eval_id = create_eval(server.client())
        server.stop()
        size = (server.folder / "evald.sqlite3").stat().st_size
        server.limit_files(size + 600_000)
        server.start()
        run_id = create_run(server.client(), eval_id, rows(COUNT))
        threading.Event().wait(12)  # the run meets the end of the disk, and tries again
        before = server.client().evals.runs.retrieve(run_id, eval_id=eval_id)
        log = server.log.read_text()
        server.kill()
        server.limit_files(None)
        server.start()

        assert before.status == "in_progress"
        assert recorded(before) < COUNT
        assert "shard_failed" in log
        place.whole(eval_id, run_id, count=COUNT)


def test_a_run_outlives_a_database_that_is_read_only_for_a_while(tmp_path: Path) -> None:
    url = new_database()
    provider = MockProvider(latency_s=LATENCY_S)
    with running_place(tmp_path, provider, EVALD_DATABASE_URL=url) as place:
        eval_id, run_id = place.begun(COUNT, least=200)

        make_read_only(url, yes=True)
        threading.Event().wait(8)
        make_read_only(url, yes=False)

        place.whole(eval_id, run_id, count=COUNT)


def test_a_run_outlives_a_database_that_is_away_for_half_a_minute(tmp_path: Path) -> None:
    url = new_database()
    provider = MockProvider(latency_s=LATENCY_S)
    with running_place(tmp_path, provider, EVALD_DATABASE_URL=url) as place:
        eval_id, run_id = place.begun(COUNT, least=200)

        allow_connections(url, yes=False)
        threading.Event().wait(AWAY_S)
        allow_connections(url, yes=True)

        place.whole(eval_id, run_id, count=COUNT)


def make_read_only(url: str, *, yes: bool) -> None:
    """Every transaction of the database that begins from now on may only read, or no longer."""
    value = "on" if yes else "off"
    _tell(url, f'ALTER DATABASE "{{name}}" SET default_transaction_read_only = {value}', CUT)


def allow_connections(url: str, *, yes: bool) -> None:
    """Whether anybody may connect to the database."""
    _tell(url, f'ALTER DATABASE "{{name}}" WITH ALLOW_CONNECTIONS {str(yes).lower()}', CUT)


CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
"""Connections that are there know nothing of what was altered."""


def _tell(url: str, *statements: str) -> None:
    name = make_url(url).database
    beside = read_url(url).set(database="postgres")
    engine = create_engine(beside, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement.format(name=name)))
    engine.dispose()
