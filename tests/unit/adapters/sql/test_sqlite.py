"""How SQLite is set up. Ours."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from evald.adapters.sql.migrate import migrate, packaged_migrations
from evald.adapters.sql.sqlite import sqlite_place, sqlite_reader, sqlite_writer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "evald.sqlite3"


@pytest.fixture
def writer(path: Path) -> Iterator[Engine]:
    engine = sqlite_writer(path)
    migrate(engine, sqlite_place(path), packaged_migrations())
    yield engine
    engine.dispose()


def asked(engine: Engine, question: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(question)]


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),  # FULL: a commit survives power loss
        ("foreign_keys", 1),
        ("busy_timeout", 10_000),  # milliseconds
        ("page_size", 16_384),
        ("secure_delete", 1),
    ],
)
def test_the_writer_is_set_up(writer: Engine, pragma: str, value: object) -> None:
    assert asked(writer, f"PRAGMA {pragma}") == [(value,)]


@pytest.mark.parametrize(("pragma", "value"), [("query_only", 1), ("busy_timeout", 10_000)])
def test_a_reader_is_set_up(writer: Engine, path: Path, pragma: str, value: object) -> None:
    reader = sqlite_reader(path, connections=1)
    try:
        assert asked(reader, f"PRAGMA {pragma}") == [(value,)]
    finally:
        reader.dispose()


PAGES = {  # what is asked for by page → the index that answers it
    """SELECT * FROM output_items WHERE run_seq = (SELECT seq FROM runs WHERE id = 'r')
        AND "row" > 5 ORDER BY "row" LIMIT 101""": "sqlite_autoindex_output_items_2",
    """SELECT * FROM output_items WHERE run_seq = (SELECT seq FROM runs WHERE id = 'r')
        AND status = 'fail' AND "row" > 5 ORDER BY "row" LIMIT 101""": "output_items_by_status",
    """SELECT document FROM evals WHERE project_id = 'p' AND (updated_at, seq) < (1, 1)
        ORDER BY updated_at DESC, seq DESC LIMIT 21""": "evals_by_update",
    """SELECT document FROM evals WHERE project_id = 'p' AND (created_at, seq) > (1, 1)
        ORDER BY created_at, seq LIMIT 21""": "evals_by_age",
    """SELECT * FROM runs WHERE eval_id = 'e' AND project_id = 'p' AND (created_at, seq) > (1, 5)
        ORDER BY created_at, seq LIMIT 21""": "runs_by_eval_and_age",
    """SELECT * FROM runs WHERE eval_id = 'e' AND project_id = 'p' AND status = 'failed'
        AND (created_at, seq) > (1, 5) ORDER BY created_at, seq
        LIMIT 21""": "runs_by_eval_status_and_age",
    """SELECT id FROM runs WHERE status IN ('queued', 'in_progress')
        ORDER BY seq""": "runs_by_status",
    """SELECT * FROM files WHERE project_id = 'p' AND (expires_at IS NULL OR expires_at > 1)
        AND (created_at, seq) < (1, 5) ORDER BY created_at DESC, seq DESC
        LIMIT 21""": "files_by_age",
}


@pytest.mark.parametrize("question", PAGES)
def test_pages_are_found_by_an_index(writer: Engine, question: str) -> None:
    """A page costs what it holds, however many rows there are; nothing is sorted for one."""
    plan = [str(step[3]) for step in asked(writer, f"EXPLAIN QUERY PLAN {question}")]

    assert any(f"INDEX {PAGES[question]} (" in step for step in plan), plan
    if "IN (" not in question:
        assert not any("TEMP B-TREE" in step for step in plan), plan
