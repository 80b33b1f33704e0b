"""What every store must do with what comes from elsewhere; all of it is ours."""

from dataclasses import replace

import pytest

from evald.ports.store import Store
from evald.wire.evals import Eval, ImportedEval, eval_json
from evald.wire.files import ImportedFile
from evald.wire.pages import ListEvalsQuery, ListOutputItemsQuery, ListRunsQuery
from tests.contract.kept import NOW, PROJECT, new_eval, new_file, new_id, new_item, new_run

EXTRAS = '{"set":{"odd":1},"left_out":[]}'


async def kept_eval(store: Store) -> Eval:
    an_eval = new_eval()
    async with store.transaction() as tx:
        await tx.evals.insert(PROJECT, an_eval)
    return an_eval


def imported_eval() -> ImportedEval:
    """An eval whose body says more than our columns do, and null where ours are empty."""
    plain = new_eval(metadata={})
    body = {"id": plain.id, "name": plain.name, "metadata": None, "odd": [1.50]}
    return ImportedEval.model_construct(**dict(plain), imported=body)


async def test_an_imported_eval_is_answered_as_its_body(store: Store) -> None:
    an_eval = imported_eval()
    async with store.transaction() as tx:
        await tx.evals.insert(PROJECT, an_eval)

    async with store.snapshot() as tx:
        found = await tx.evals.get(PROJECT, an_eval.id)
        listed = await tx.evals.page(PROJECT, ListEvalsQuery())

    assert found is not None
    assert eval_json(found) == an_eval.imported
    assert [eval_json(each) for each in listed.rows] == [an_eval.imported]
    assert found.testing_criteria == an_eval.testing_criteria


async def test_a_new_name_shows_in_the_body_and_nothing_else_changes(store: Store) -> None:
    an_eval = imported_eval()
    async with store.transaction() as tx:
        await tx.evals.insert(PROJECT, an_eval)
        renamed = an_eval.model_copy(update={"name": "Rivers"})
        await tx.evals.update(PROJECT, renamed, updated_at=NOW + 1)

    async with store.snapshot() as tx:
        found = await tx.evals.get(PROJECT, an_eval.id)

    assert found is not None
    assert eval_json(found) == {**an_eval.imported, "name": "Rivers"}


@pytest.mark.parametrize("status", ["queued", "in_progress", "completed", "on_hold"])
async def test_an_imported_run_is_nobodys_work_and_found_by_its_status(
    store: Store, status: str
) -> None:
    an_eval = await kept_eval(store)
    run = new_run(an_eval.id, status=status, imported={"status": status})
    async with store.transaction() as tx:
        await tx.runs.insert(run)

    async with store.transaction() as tx:
        assert await tx.work.unended() == []
        assert not await tx.runs.end(run.id, "canceled", None, now=NOW)
        assert run.rows.blob_id not in await tx.work.blobs_in_use(now=NOW)
        query = ListRunsQuery.model_construct(limit=20, order="asc", after=None, status=status)
        assert (await tx.runs.page(PROJECT, an_eval.id, query)).rows == [run]
        found = await tx.work.find(run.id)

    assert found is not None
    assert found.has_ended


async def test_items_come_in_at_any_row_without_changing_the_tally(store: Store) -> None:
    run = new_run((await kept_eval(store)).id, imported={})
    items = [replace(new_item(row), extras=EXTRAS) for row in (7, 2**40, 0)]
    async with store.transaction() as tx:
        await tx.runs.insert(run)
        await tx.imports.add_items(run.id, items)

    async with store.snapshot() as tx:
        listed = await tx.output_items.page(run.id, ListOutputItemsQuery())
        found = await tx.work.find(run.id)
        taken = await tx.imports.taken_rows(run.id, [0, 1, 7])
        last = await tx.imports.last_row(run.id)

    assert [(each.row, each.extras) for each in listed.rows] == [
        (row, EXTRAS) for row in (0, 7, 2**40)
    ]
    assert (taken, last) == ({0, 7}, 2**40)
    assert found is not None
    assert found.tally.total == 0


async def test_a_run_without_items_has_no_last_row(store: Store) -> None:
    run = new_run((await kept_eval(store)).id)
    async with store.transaction() as tx:
        await tx.runs.insert(run)

        assert await tx.imports.last_row(run.id) == -1


@pytest.mark.parametrize("own_id", ["outputitem_ab", "item:7", "outputitem_" + "A" * 32])
async def test_an_imported_item_keeps_an_id_of_any_form(store: Store, own_id: str) -> None:
    run = new_run((await kept_eval(store)).id)
    item = replace(new_item(0), id=own_id, extras=EXTRAS)
    async with store.transaction() as tx:
        await tx.runs.insert(run)
        await tx.imports.add_items(run.id, [item])

    async with store.snapshot() as tx:
        found = await tx.output_items.get(run.id, own_id)
        anywhere = await tx.imports.find_items([own_id, "item:8"])

    assert found is not None
    assert found.id == own_id
    assert {key: each.run_id for key, each in anywhere.items()} == {own_id: run.id}


async def test_an_item_whose_run_is_gone_is_found_without_one(store: Store) -> None:
    an_eval = await kept_eval(store)
    run, item = new_run(an_eval.id), new_item(0)
    async with store.transaction() as tx:
        await tx.runs.insert(run)
        await tx.work.record(run.id, [item])
        await tx.runs.delete(PROJECT, an_eval.id, run.id)

        found = await tx.imports.find_items([item.id])

    assert found[item.id].run_id is None


async def test_an_imported_file_is_answered_as_its_body(store: Store) -> None:
    stored = new_file()
    file = ImportedFile.model_validate({**stored.file.model_dump(), "imported": {"odd": None}})
    async with store.transaction() as tx:
        await tx.files.insert(PROJECT, replace(stored, file=file))

    async with store.snapshot() as tx:
        found = await tx.files.get(PROJECT, file.id, now=NOW)

    assert found == replace(stored, file=file)


async def test_a_message_is_kept_at_its_place(store: Store) -> None:
    completion_id = new_id("chatcmpl-")
    async with store.transaction() as tx:
        await tx.imports.add_message(completion_id, 0, {"role": "user"})

    async with store.snapshot() as tx:
        assert await tx.imports.message(completion_id, 0) == {"role": "user"}
        assert await tx.imports.message(completion_id, 1) is None
