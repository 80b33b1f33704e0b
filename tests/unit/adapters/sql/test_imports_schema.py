"""A database of the first schema, opened by a version that imports."""

from pathlib import Path

from evald.adapters.sql.migrate import migrate, packaged_migrations
from evald.adapters.sql.sqlite import sqlite_place, sqlite_writer
from evald.adapters.sql.store import open_store
from evald.wire.pages import ListOutputItemsQuery
from tests.contract.kept import PROJECT

DOCUMENT = (
    '{"id":"eval_1","created_at":1,"name":"n","metadata":{},"data_source_config":{},'
    '"testing_criteria":[]}'
)
RUN_DOCUMENT = '{"name":"n","model":"m","metadata":{},"data_source":{"type":"jsonl"}}'
INSERT_RUN = """
INSERT INTO runs
VALUES (1, 'evalrun_1', ?, 'eval_1', 'queued', 1, NULL, NULL, 'blob_1', 1, 0, NULL, ?, NULL, ?)
"""
TALLY = '{"items":[1,0,0],"criteria":{},"usage":{}}'


async def test_what_was_made_before_is_nothing_imported(tmp_path: Path) -> None:
    path = tmp_path / "evald.sqlite3"
    writer = sqlite_writer(path)
    migrate(writer, sqlite_place(path), packaged_migrations()[:1])
    with writer.begin() as connection:
        for sql, values in (
            ("INSERT INTO evals VALUES (1, 'eval_1', ?, 1, ?)", (PROJECT, DOCUMENT)),
            (
                INSERT_RUN,
                (PROJECT, TALLY, RUN_DOCUMENT),
            ),
            (
                "INSERT INTO output_items VALUES (1, 0, ?, 1, 'pass', ?, '{}', '[]', '{}')",
                (bytes(16), bytes(32)),
            ),
        ):
            connection.exec_driver_sql(sql, values)
    writer.dispose()

    store = await open_store(path)
    async with store.snapshot() as tx:
        an_eval = await tx.evals.get(PROJECT, "eval_1")
        run = await tx.work.find("evalrun_1")
        items = await tx.output_items.page("evalrun_1", ListOutputItemsQuery())
        unended = await tx.work.unended()
    await store.close()

    assert an_eval is not None
    assert type(an_eval).__name__ == "Eval"
    assert run is not None
    assert run.imported is None
    assert [item.extras for item in items.rows] == [None]
    assert unended == ["evalrun_1"]
