"""The clock set back while things are made and listed: ours. Nothing is lost, or seen twice."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evald.ports.kept import Page, Remembered, StoredFile, StoredRun
from evald.ports.store import Store
from evald.wire.evals import Eval
from evald.wire.pages import ListEvalsQuery, ListFilesQuery, ListRunsQuery, Order
from tests.contract.kept import (
    NOW,
    PROJECT,
    keep_eval,
    keep_file,
    keep_run,
    new_eval,
    new_file,
    new_id,
    new_run,
    walk,
)
from tests.support.examples import at_most

BRIEFLY = settings(at_most(10), suppress_health_check=[HealthCheck.function_scoped_fixture])
SECONDS = st.lists(st.integers(-5, 5), min_size=1, max_size=9)
ORDERS = st.sampled_from(["asc", "desc"])


def in_order(ids: list[str], seconds: list[int], order: Order) -> list[str]:
    """By second, and within it as they were made."""
    ordered = [ids[at] for at in sorted(range(len(ids)), key=seconds.__getitem__)]
    return ordered if order == "asc" else ordered[::-1]


@BRIEFLY
@given(seconds=SECONDS, limit=st.integers(1, 3), order=ORDERS)
async def test_whatever_the_clock_did_lists_show_everything_once(
    store: Store, seconds: list[int], limit: int, order: Order
) -> None:
    project = new_id("proj_")
    evals = [new_eval(created_at=NOW + second) for second in seconds]
    files = [new_file(created_at=NOW + second) for second in seconds]
    runs = [new_run(evals[0].id, project_id=project, created_at=NOW + second) for second in seconds]
    async with store.transaction() as tx:
        for an_eval, file in zip(evals, files, strict=True):
            await tx.evals.insert(project, an_eval)
            await tx.files.insert(project, file)
        for run in runs:
            await tx.runs.insert(run)

    async def evals_asked(query: ListEvalsQuery) -> Page[Eval]:
        async with store.snapshot() as tx:
            return await tx.evals.page(project, query)

    async def files_asked(query: ListFilesQuery) -> Page[StoredFile]:
        async with store.snapshot() as tx:
            return await tx.files.page(project, query, now=NOW)

    async def runs_asked(query: ListRunsQuery) -> Page[StoredRun]:
        async with store.snapshot() as tx:
            return await tx.runs.page(project, evals[0].id, query)

    wanted = [in_order([each.id for each in evals], seconds, order)]
    wanted.append(in_order([each.file.id for each in files], seconds, order))
    wanted.append(in_order([each.id for each in runs], seconds, order))
    assert wanted == [
        await walk(evals_asked, ListEvalsQuery(limit=limit, order=order), lambda each: each.id),
        await walk(
            files_asked, ListFilesQuery(limit=limit, order=order), lambda each: each.file.id
        ),
        await walk(runs_asked, ListRunsQuery(limit=limit, order=order), lambda each: each.id),
    ]


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_what_is_made_at_earlier_seconds_while_a_list_is_read_takes_nothing_from_it(
    store: Store, order: Order
) -> None:
    there = [(await keep_eval(store, created_at=NOW + number)).id for number in range(9)]
    seen: list[str] = []
    query = ListEvalsQuery(limit=3, order=order)
    has_more = True
    while has_more:
        async with store.snapshot() as tx:
            page = await tx.evals.page(PROJECT, query)
        seen += [each.id for each in page.rows]
        has_more = page.has_more
        query = query.model_copy(update={"after": seen[-1]})
        for second in (-100, 3, 3, 9):  # of which one at most lies ahead for long
            await keep_eval(store, created_at=NOW + second)

    kept = [each for each in seen if each in there]
    assert kept == (there if order == "asc" else there[::-1])
    assert len(set(seen)) == len(seen)


async def test_an_update_at_an_earlier_second_loses_no_eval(store: Store) -> None:
    first, second = await keep_eval(store), await keep_eval(store)
    async with store.transaction() as tx:
        await tx.evals.update(PROJECT, second, updated_at=NOW - 1_000)
    async with store.snapshot() as tx:
        page = await tx.evals.page(PROJECT, ListEvalsQuery(order_by="updated_at"))

    assert [each.id for each in page.rows] == [second.id, first.id]


async def test_an_idempotency_key_of_a_later_second_is_remembered(store: Store) -> None:
    remembered = Remembered("hash", "eval_1")
    async with store.transaction() as tx:
        await tx.idempotency.insert(PROJECT, "key", remembered, now=NOW)
        assert await tx.idempotency.find(PROJECT, "key", now=NOW - 1_000_000) == remembered


async def test_a_file_and_a_run_of_later_seconds_are_found(store: Store) -> None:
    file = await keep_file(store, created_at=NOW + 1_000, expires_at=NOW + 5_000)
    run = await keep_run(store, created_at=NOW + 1_000)

    async with store.snapshot() as tx:
        assert await tx.files.get(PROJECT, file.file.id, now=NOW) == file
        assert await tx.runs.get(PROJECT, run.eval_id, run.id) == run
