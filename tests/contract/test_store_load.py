"""What every store must say of the work there is; all of it is ours."""

import dataclasses

from evald.domain.tally import Tally
from evald.ports.kept import StoredOutputItem, StoredRun
from evald.ports.store import Store
from evald.ports.workers import WorkLoad
from tests.contract.kept import NOW, PROJECT, new_eval, new_item, new_run
from tests.contract.test_store_workers import planned_run


async def load(store: Store) -> WorkLoad:
    async with store.snapshot() as tx:
        return await tx.workers.load()


async def queued_run(store: Store, **more: object) -> StoredRun:
    an_eval = new_eval()
    run = dataclasses.replace(new_run(an_eval.id), **more)  # type: ignore[arg-type]
    async with store.transaction() as tx:
        await tx.evals.insert(PROJECT, an_eval)
        await tx.runs.insert(run)
    return run


async def test_runs_count_by_status_until_they_have_ended(store: Store) -> None:
    before = await load(store)
    going, queued = await planned_run(store), await queued_run(store)
    between = await load(store)
    async with store.transaction() as tx:
        await tx.runs.end(going.id, "completed", None, now=NOW)
        await tx.runs.end(queued.id, "canceled", None, now=NOW)

    assert between.queued_runs == before.queued_runs + 1
    assert between.runs_in_progress == before.runs_in_progress + 1
    assert await load(store) == before


async def test_rows_to_do_are_those_that_are_planned_and_not_recorded(store: Store) -> None:
    before = await load(store)
    run = await planned_run(store, shards=3)
    planned = await load(store)
    items: list[StoredOutputItem] = [dataclasses.replace(new_item(0), tally=Tally(passed=1))]
    async with store.transaction() as tx:
        await tx.work.record(run.id, items)

    assert planned.rows_to_do == before.rows_to_do + 6
    assert (await load(store)).rows_to_do == before.rows_to_do + 5


async def test_imported_runs_are_nobodys_to_do(store: Store) -> None:
    before = await load(store)

    await queued_run(store, imported={"status": "queued"})

    assert await load(store) == before
