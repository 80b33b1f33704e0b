"""Runs recorded by a version without verdicts get them, and say until then that they have none.

All of it is ours.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import JsonValue
from sqlalchemy import Engine, text

from evald.adapters.sql.migrate import migrate, packaged_migrations
from evald.adapters.sql.place import Place
from evald.adapters.sql.postgresql import postgresql_place, postgresql_writer, read_url
from evald.adapters.sql.sqlite import sqlite_place, sqlite_writer
from evald.adapters.sql.store import open_shared_store, open_store
from evald.domain.item_verdicts import StoredVerdict
from evald.engine.context import EngineContext
from evald.engine.housekeeping import Housekeeping
from evald.ports.kept import StoredOutputItem, StoredRun
from evald.ports.store import Store
from evald.ports.verdicts import VerdictFilter
from evald.wire.output_items import OutputItemStatus
from tests.contract.kept import NOW, find_run, keep_eval, keep_run, new_item
from tests.support.postgresql import new_database

CRITERION = "Right-00000000-0000-4000-8000-000000000001"
STATUSES: list[OutputItemStatus] = ["pass", "fail", "error", "pass"]
EVAL = {
    "id": "eval_old",
    "created_at": 1,
    "name": "n",
    "metadata": {},
    "data_source_config": {},
    "testing_criteria": [
        {
            "id": CRITERION,
            "type": "string_check",
            "name": "Right",
            "input": "a",
            "reference": "a",
            "operation": "eq",
        }
    ],
}
RUN = {"name": "n", "model": "m", "metadata": {}, "data_source": {"type": "jsonl"}}
INSERT_EVAL = (
    "INSERT INTO evals (id, project_id, updated_at, document)"
    " VALUES ('eval_old', 'proj_default', 1, :document)"
)
INSERT_RUN = (
    "INSERT INTO runs (id, project_id, eval_id, status, created_at, blob_id, is_inline,"
    " checked_bytes, planned_rows, tally, document)"
    " VALUES ('evalrun_old', 'proj_default', 'eval_old', 'completed', 1, 'b', false, 0, 4,"
    " :tally, :document)"
)
INSERT_ITEM = (
    'INSERT INTO output_items (run_seq, "row", id, created_at, status, content_hash, item,'
    " results, sample) SELECT seq, :row, :id, 1, :status, :hash, '{}', :results, '{}'"
    " FROM runs WHERE id = :run_id"
)


def result_of(status: OutputItemStatus) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {"name": CRITERION, "passed": status == "pass", "score": 0.5}
    if status == "error":
        found["error"] = {"code": "timeout", "message": "…"}
    return found


def tally_of_before(statuses: list[OutputItemStatus]) -> str:
    counts = [statuses.count("pass"), statuses.count("fail"), statuses.count("error")]
    return json.dumps({"items": counts, "criteria": {CRITERION: counts}, "usage": {}})


class Before:
    """What a version before verdicts does to a database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def run(self, *statuses: OutputItemStatus) -> None:
        """An ended run with an item of each of these statuses."""
        with self.engine.begin() as connection:
            connection.execute(text(INSERT_EVAL), {"document": json.dumps(EVAL)})
            tally = tally_of_before(list(statuses))
            connection.execute(text(INSERT_RUN), {"tally": tally, "document": json.dumps(RUN)})
        for row, status in enumerate(statuses):
            self.item("evalrun_old", row, status)

    def item(self, run_id: str, row: int, status: OutputItemStatus) -> None:
        """An item, and nothing else."""
        values = {
            "run_id": run_id,
            "row": row,
            "id": secrets.token_bytes(16),
            "status": status,
            "hash": bytes(32),
            "results": json.dumps([result_of(status)]),
        }
        with self.engine.begin() as connection:
            connection.execute(text(INSERT_ITEM), values)

    def record(self, run_id: str, row: int, status: OutputItemStatus) -> None:
        """An item, and the tally grown by it."""
        self.item(run_id, row, status)
        with self.engine.begin() as connection:
            read = text("SELECT tally FROM runs WHERE id = :id")
            kept = json.loads(connection.scalar(read, {"id": run_id}) or "")
            kept["items"][("pass", "fail", "error").index(status)] += 1
            write = text("UPDATE runs SET tally = :tally WHERE id = :id")
            connection.execute(write, {"tally": json.dumps(kept), "id": run_id})

    def reopen(self, run_id: str) -> None:
        """The run is taken up again, and its errored items are gone."""
        with self.engine.begin() as connection:
            read = text("SELECT seq, tally FROM runs WHERE id = :id")
            run = connection.execute(read, {"id": run_id}).one()
            kept = json.loads(run.tally)
            kept["items"][2] = 0
            gone = text("DELETE FROM output_items WHERE run_seq = :seq AND status = 'error'")
            connection.execute(gone, {"seq": run.seq})
            write = text(
                "UPDATE runs SET tally = :tally, chance = chance + 1, status = 'in_progress'"
                " WHERE id = :id"
            )
            connection.execute(write, {"tally": json.dumps(kept), "id": run_id})


@contextmanager
def before_verdicts(engine: Engine, place: Place) -> Iterator[Before]:
    migrate(engine, place, packaged_migrations()[:9])
    try:
        yield Before(engine)
    finally:
        engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def url(request: pytest.FixtureRequest) -> str | None:
    """The database: one of PostgreSQL, or None, and then a file."""
    return new_database() if request.param == "postgresql" else None


@pytest.fixture
def before(url: str | None, tmp_path: Path) -> Iterator[Before]:
    if url is None:
        path = tmp_path / "old.sqlite3"
        engine, place = sqlite_writer(path), sqlite_place(path)
    else:
        address = read_url(url)
        engine, place = postgresql_writer(address, connections=1), postgresql_place(address)
    with before_verdicts(engine, place) as opened:
        yield opened


@pytest.fixture
async def upgraded(
    before: Before, url: str | None, tmp_path: Path, context: EngineContext
) -> AsyncIterator[EngineContext]:
    """The same database as this version opens it, with a run of before in it."""
    before.run(*STATUSES)
    path = tmp_path / "old.sqlite3"
    store = await (open_store(path) if url is None else open_shared_store(url, connections=4))
    yield replace(context, store=store)
    await store.close()


async def kept_run(store: Store, run_id: str = "evalrun_old") -> StoredRun:
    run = await find_run(store, run_id)
    assert run is not None
    return run


async def rows(store: Store, run_id: str, outcome: OutputItemStatus) -> list[int]:
    asked = VerdictFilter(criterion=0, outcome=outcome)
    async with store.snapshot() as tx:
        page = await tx.verdicts.page(run_id, asked, after=None, limit=100)
    return [each.row for each in page.rows]


async def new_run(store: Store, *statuses: OutputItemStatus) -> StoredRun:
    """A run of this version, in progress, with an item of each of these statuses."""
    an_eval = await keep_eval(store)
    run = await keep_run(store, an_eval.id, status="in_progress")
    async with store.transaction() as tx:
        await tx.work.record(run.id, [judged(row, each) for row, each in enumerate(statuses)])
    return run


def judged(row: int, status: OutputItemStatus) -> StoredOutputItem:
    from_results = json.dumps([result_of(status)])
    verdict = StoredVerdict(0, status, None if status == "error" else 0.5)
    return new_item(row, status=status, results_json=from_results, verdicts=(verdict,))


async def test_a_run_of_before_has_no_verdicts_until_house_is_kept(
    upgraded: EngineContext,
) -> None:
    store = upgraded.store
    assert not (await kept_run(store)).has_verdicts

    await Housekeeping(upgraded).clear()

    assert (await kept_run(store)).has_verdicts
    assert await rows(store, "evalrun_old", "pass") == [0, 3]
    assert await rows(store, "evalrun_old", "fail") == [1]
    assert await rows(store, "evalrun_old", "error") == [2]
    async with store.snapshot() as tx:
        assert await tx.verdicts.unindexed() == []


async def test_house_may_be_kept_by_two_at_once_and_again(upgraded: EngineContext) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(Housekeeping(upgraded).clear())
    await Housekeeping(upgraded).clear()

    assert (await kept_run(upgraded.store)).has_verdicts
    assert await rows(upgraded.store, "evalrun_old", "pass") == [0, 3]


async def test_a_run_into_which_a_worker_of_before_records_says_so_until_it_has_ended(
    upgraded: EngineContext, before: Before
) -> None:
    store = upgraded.store
    run = await new_run(store, "pass")
    before.record(run.id, 7, "fail")
    assert not (await kept_run(store, run.id)).has_verdicts

    await Housekeeping(upgraded).clear()
    assert not (await kept_run(store, run.id)).has_verdicts

    async with store.transaction() as tx:
        await tx.runs.end(run.id, "completed", None, now=NOW)
    await Housekeeping(upgraded).clear()
    assert (await kept_run(store, run.id)).has_verdicts
    assert await rows(store, run.id, "fail") == [7]


async def test_verdicts_that_a_server_of_before_left_are_gone_or_renewed(
    upgraded: EngineContext, before: Before
) -> None:
    """It takes a run up again, and knows of no verdicts of the items it takes back."""
    store = upgraded.store
    run = await new_run(store, "pass", "error", "error", "error")
    async with store.transaction() as tx:
        await tx.runs.end(run.id, "completed", None, now=NOW)
    await Housekeeping(upgraded).clear()

    before.reopen(run.id)
    before.record(run.id, 1, "pass")
    async with store.transaction() as tx:
        await tx.work.record(run.id, [judged(2, "fail")])
        await tx.runs.end(run.id, "canceled", None, now=NOW)
    assert not (await kept_run(store, run.id)).has_verdicts
    await Housekeeping(upgraded).clear()

    assert (await kept_run(store, run.id)).has_verdicts
    assert await rows(store, run.id, "pass") == [0, 1]
    assert await rows(store, run.id, "fail") == [2]
    assert await rows(store, run.id, "error") == []
    async with store.snapshot() as tx:
        assert await tx.verdicts.count(run.id, VerdictFilter(criterion=0), most=100) == 3


async def test_a_run_is_not_settled_while_items_came_that_were_not_indexed(
    upgraded: EngineContext,
) -> None:
    async with upgraded.store.transaction() as tx:
        assert not await tx.verdicts.settle("evalrun_old", chance=0, indexed=3)

    assert not (await kept_run(upgraded.store)).has_verdicts
