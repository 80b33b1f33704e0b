"""Recording output items: every row once, and the run's tally with them. Ours."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evald.domain.tally import Tally
from evald.ports.store import Store
from evald.wire.output_items import OutputItemStatus
from evald.wire.pages import ListOutputItemsQuery
from evald.wire.runs import RunStatus
from tests.contract.kept import (
    NOW,
    PROJECT,
    as_kept,
    find_run,
    keep_items,
    keep_run,
    new_eval,
    new_item,
    new_run,
    tally_kept,
    tally_of,
)
from tests.contract.test_store_evals import STRINGS
from tests.support.examples import at_most

ROW = st.tuples(st.integers(0, 700), st.sampled_from(["pass", "fail", "error"]))


async def test_the_tally_grows_by_the_items(store: Store) -> None:
    run = await keep_run(store, tally=tally_of("pass"))
    statuses: list[OutputItemStatus] = ["pass", "fail", "error", "fail"]

    await keep_items(store, run.id, [new_item(row, status=s) for row, s in enumerate(statuses)])

    assert await tally_kept(store, run.id) == sum(map(tally_of, statuses), tally_of("pass"))


async def test_recording_twice_changes_nothing(store: Store) -> None:
    run = await keep_run(store)
    items = [new_item(row) for row in range(3)]
    await keep_items(store, run.id, items)
    once = await find_run(store, run.id)

    await keep_items(store, run.id, items)

    assert await find_run(store, run.id) == once


async def test_the_first_item_of_a_row_stays(store: Store) -> None:
    run = await keep_run(store)
    first, late, beside = new_item(0), new_item(0, status="fail"), new_item(1, status="error")
    await keep_items(store, run.id, [first])

    await keep_items(store, run.id, [late, beside])

    async with store.snapshot() as tx:
        page = await tx.output_items.page(run.id, ListOutputItemsQuery())
        assert await tx.output_items.get(run.id, late.id) is None
    assert page.rows == [as_kept(first), as_kept(beside)]
    assert await tally_kept(store, run.id) == tally_of("pass") + tally_of("error")


async def test_of_two_items_of_a_row_in_one_batch_the_first_counts(store: Store) -> None:
    run = await keep_run(store)

    await keep_items(store, run.id, [new_item(0, status="fail"), new_item(0)])

    assert await tally_kept(store, run.id) == tally_of("fail")


async def test_nothing_is_recorded_for_nothing(store: Store) -> None:
    run = await keep_run(store)

    await keep_items(store, run.id, [])

    assert await find_run(store, run.id) == run


@pytest.mark.parametrize("text", STRINGS)
async def test_a_model_may_have_any_name(store: Store, text: str) -> None:
    run = await keep_run(store)
    tally = tally_of("pass", model=text)

    await keep_items(store, run.id, [new_item(0, tally=tally)])
    await keep_items(store, run.id, [new_item(1, tally=tally)])

    assert await tally_kept(store, run.id) == tally + tally


async def test_tokens_are_counted_beyond_what_a_float_holds(store: Store) -> None:
    tally = Tally(passed=2**53)
    run = await keep_run(store, tally=tally)

    await keep_items(store, run.id, [new_item(0)])

    assert (await tally_kept(store, run.id)).passed == 2**53 + 1


@pytest.mark.parametrize("status", ["queued", "in_progress", "completed", "canceled", "failed"])
async def test_what_is_done_is_kept_whatever_became_of_the_run(
    store: Store, status: RunStatus
) -> None:
    run = await keep_run(store, status=status)

    async with store.transaction() as tx:
        assert await tx.work.record(run.id, [new_item(0)]) == status

    assert await tally_kept(store, run.id) == tally_of("pass")


async def test_for_a_run_that_is_gone_nothing_is_kept(store: Store) -> None:
    run, other = await keep_run(store), await keep_run(store)
    item = new_item(0)

    async with store.transaction() as tx:
        await tx.runs.delete(PROJECT, run.eval_id, run.id)
        assert await tx.work.record(run.id, [item]) is None
        assert await tx.work.record(other.id, [item]) == "queued"


async def test_rows_far_apart_are_recorded_together(store: Store) -> None:
    run = await keep_run(store)
    rows = [0, 1, 256, 257, 258, 600, 10**6, 2**40]
    await keep_items(store, run.id, [new_item(row) for row in rows[::2]])

    await keep_items(store, run.id, [new_item(row) for row in rows[::-1]])

    assert (await tally_kept(store, run.id)).total == len(rows)


@settings(at_most(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(ROW, max_size=6), max_size=5))
async def test_in_whatever_batches_rows_come_each_counts_once(
    store: Store, batches: list[list[tuple[int, OutputItemStatus]]]
) -> None:
    """Law: rows may come again, within a batch or later; the first one counts."""
    an_eval = new_eval()
    run = new_run(an_eval.id)
    first: dict[int, OutputItemStatus] = {}
    async with store.transaction() as tx:
        await tx.evals.insert(PROJECT, an_eval)
        await tx.runs.insert(run)
        for batch in batches:
            for row, status in batch:
                first.setdefault(row, status)
            await tx.work.record(run.id, [new_item(row, status=status) for row, status in batch])

    async with store.snapshot() as tx:
        page = await tx.output_items.page(run.id, ListOutputItemsQuery(limit=100))
    assert {item.row: item.status for item in page.rows} == first
    assert await tally_kept(store, run.id) == sum(map(tally_of, first.values()), Tally())


async def test_an_item_is_kept_as_created_when_it_was(store: Store) -> None:
    run = await keep_run(store)
    item = new_item(0, created_at=NOW - 1_000)
    await keep_items(store, run.id, [item])

    async with store.snapshot() as tx:
        kept = await tx.output_items.get(run.id, item.id)

    assert kept is not None
    assert kept.created_at == NOW - 1_000
