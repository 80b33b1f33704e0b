"""Runs, as every store keeps them for their owners. Ours."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evald.domain.exact_json import dump, parse
from evald.domain.tally import CriterionCount, Tally, Usage
from evald.ports.kept import Page, Rows, StoredRun
from evald.ports.store import CursorUnknown, Store
from evald.wire.errors import ApiError
from evald.wire.pages import ListRunsQuery, Order
from evald.wire.runs import RunStatus
from tests.contract.kept import (
    NOW,
    OTHER_PROJECT,
    PROJECT,
    find_run,
    keep_eval,
    keep_run,
    new_eval,
    new_run,
    walk,
)
from tests.contract.test_store_evals import STRINGS
from tests.support.examples import at_most

ERROR = ApiError(code="invalid_data_source", message="Row 7 is not an object.")
STATUSES: list[RunStatus] = ["queued", "in_progress", "completed", "canceled", "failed"]


async def page(store: Store, eval_id: str, **query: Any) -> list[str]:
    async with store.snapshot() as tx:
        answer = await tx.runs.page(PROJECT, eval_id, ListRunsQuery(**query))
    return [run.id for run in answer.rows]


async def test_a_run_comes_back_as_it_was_kept(store: Store) -> None:
    run = await keep_run(
        store,
        status="failed",
        rows=Rows("blob_7", inline=True, checked_bytes=2**33),
        planned_rows=3,
        tally=Tally(1, 2, 3, {"Right-1": CriterionCount(1, 2, 3)}, {"m": Usage(1, 2, 3, 4, 5)}),
        error=ERROR,
        started_at=NOW + 1,
        ended_at=NOW + 2,
    )

    async with store.snapshot() as tx:
        assert await tx.runs.get(PROJECT, run.eval_id, run.id) == run


async def test_what_a_new_run_has_not_yet_is_absent(store: Store) -> None:
    run = await keep_run(store)

    kept = await find_run(store, run.id)

    assert kept is not None
    assert kept == run
    assert (kept.planned_rows, kept.error, kept.started_at, kept.ended_at) == (None,) * 4
    assert kept.tally == Tally()


@pytest.mark.parametrize("text", STRINGS)
async def test_any_text_is_kept(store: Store, text: str) -> None:
    run = await keep_run(
        store,
        name=text,
        model=text,
        metadata={text: text},
        data_source={text: [text]},
        error=ApiError(code=text, message=text),
        tally=Tally(
            criteria={text: CriterionCount(1)},
            usage={text: Usage(1)},
            grader_usage={text: Usage(1)},
        ),
    )

    assert await find_run(store, run.id) == run


async def test_numbers_keep_the_text_they_had(store: Store) -> None:
    text = '{"seed":123456789012345678901234567890,"temperature":1.0,"top_p":0.10}'
    run = await keep_run(store, data_source=parse(text))

    kept = await find_run(store, run.id)

    assert kept is not None
    assert dump(kept.data_source) == text


async def test_a_run_is_found_under_its_project_and_eval_only(store: Store) -> None:
    run, other = await keep_run(store), await keep_eval(store)

    async with store.transaction() as tx:
        assert await tx.runs.get(OTHER_PROJECT, run.eval_id, run.id) is None
        assert await tx.runs.get(PROJECT, other.id, run.id) is None
        assert await tx.runs.get(PROJECT, run.eval_id, "evalrun_none") is None
        assert not await tx.runs.delete(OTHER_PROJECT, run.eval_id, run.id)
        assert not await tx.runs.delete(PROJECT, other.id, run.id)
        assert (await tx.runs.page(OTHER_PROJECT, run.eval_id, ListRunsQuery())).rows == []
        assert (await tx.runs.page(PROJECT, other.id, ListRunsQuery())).rows == []
    assert await find_run(store, run.id) == run


async def test_a_run_without_its_eval_is_refused(store: Store) -> None:
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        await keep_run(store, "eval_gone")


async def test_runs_of_one_status_are_listed(store: Store) -> None:
    eval_id = (await keep_eval(store)).id
    failed, done, failed_too = [
        await keep_run(store, eval_id, status=status)
        for status in ("failed", "completed", "failed")
    ]

    assert await page(store, eval_id, status="failed") == [failed.id, failed_too.id]
    assert await page(store, eval_id, status="completed") == [done.id]
    assert await page(store, eval_id, status="queued") == []


async def test_a_cursor_may_have_left_the_status_asked_for(store: Store) -> None:
    """A client pages through queued runs while they start."""
    eval_id = (await keep_eval(store)).id
    first, second = [await keep_run(store, eval_id) for _ in range(2)]
    async with store.transaction() as tx:
        await tx.work.start(first.id, now=NOW, worker_id="local")

    assert await page(store, eval_id, status="queued", after=first.id) == [second.id]


async def test_a_run_of_another_eval_is_no_cursor(store: Store) -> None:
    run, foreign = await keep_run(store), await keep_run(store)

    with pytest.raises(CursorUnknown):
        await page(store, run.eval_id, after=foreign.id)


@settings(at_most(30), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    statuses=st.lists(st.sampled_from(STATUSES), max_size=9),
    wanted=st.sampled_from([None, *STATUSES[:3]]),
    limit=st.integers(1, 4),
    order=st.sampled_from(["asc", "desc"]),
)
async def test_pages_of_any_size_show_every_run_once(
    store: Store, statuses: list[RunStatus], wanted: RunStatus | None, limit: int, order: Order
) -> None:
    an_eval = new_eval()
    runs = [new_run(an_eval.id, status=status) for status in statuses]
    async with store.transaction() as tx:
        await tx.evals.insert(PROJECT, an_eval)
        for run in runs:
            await tx.runs.insert(run)

    async def asked(query: ListRunsQuery) -> Page[StoredRun]:
        async with store.snapshot() as tx:
            return await tx.runs.page(PROJECT, an_eval.id, query)

    query = ListRunsQuery(limit=limit, order=order, status=wanted)
    ids = await walk(asked, query, lambda run: run.id)

    ordered = [run.id for run in runs if wanted is None or run.status == wanted]
    assert ids == (ordered if order == "asc" else ordered[::-1])


@pytest.mark.parametrize("status", ["queued", "in_progress"])
async def test_a_run_ends_once(store: Store, status: RunStatus) -> None:
    run = await keep_run(store, status=status)

    async with store.transaction() as tx:
        assert await tx.runs.end(run.id, "failed", ERROR, now=NOW + 5)
        assert not await tx.runs.end(run.id, "completed", None, now=NOW + 6)

    kept = await find_run(store, run.id)
    assert kept is not None
    assert (kept.status, kept.error, kept.ended_at) == ("failed", ERROR, NOW + 5)


@pytest.mark.parametrize("status", ["completed", "canceled", "failed"])
async def test_a_run_that_has_ended_does_not_move(store: Store, status: RunStatus) -> None:
    run = await keep_run(store, status=status)

    async with store.transaction() as tx:
        assert not await tx.runs.end(run.id, "canceled", None, now=NOW + 5)

    assert await find_run(store, run.id) == run


async def test_a_run_that_is_not_there_cannot_end(store: Store) -> None:
    async with store.transaction() as tx:
        assert not await tx.runs.end("evalrun_none", "canceled", None, now=NOW)


async def test_a_deleted_run_is_gone_and_the_others_stay(store: Store) -> None:
    run = await keep_run(store)
    spared = await keep_run(store, run.eval_id)

    async with store.transaction() as tx:
        assert await tx.runs.delete(PROJECT, run.eval_id, run.id)
        assert not await tx.runs.delete(PROJECT, run.eval_id, run.id)

    assert await find_run(store, run.id) is None
    assert await page(store, run.eval_id) == [spared.id]
