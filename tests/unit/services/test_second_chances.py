"""Who gets a second chance: what cannot be seen over HTTP, where there is one project. Ours."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evald.adapters.blobs.disk import DiskBlobs
from evald.domain.errors import RunNotFound
from evald.domain.run_errors import RunImported, RunRowsGone
from evald.ports.kept import Rows
from evald.services.context import Context
from evald.services.keys import DEFAULT_PROJECT
from evald.services.regrading import regrade_run
from evald.services.second_chances import resume_run, retry_run
from evald.wire.errors import ApiError
from evald.wire.second_chances import RegradeRequest
from tests.support.kept_runs import (
    EVAL_ID,
    NOW,
    RUN_ID,
    eval_named,
    keep_eval,
    keep_run,
    opened_context,
    run_named,
    three_items,
)

BY_EVAL = RegradeRequest(eval_id=EVAL_ID)
Chance = Callable[[Context, str], Awaitable[Any]]


class Woken:
    """Whoever works: notes which runs it is nudged about."""

    def __init__(self) -> None:
        self.runs: list[str] = []

    def wake(self, run_id: str) -> None:
        self.runs.append(run_id)


@pytest.fixture
async def context(tmp_path: Path) -> AsyncIterator[Context]:
    async with opened_context(tmp_path) as opened:
        await keep_eval(opened.store, eval_named("Triage"))
        yield replace(opened, blobs=DiskBlobs(tmp_path / "blobs"), work=Woken())


async def retried(context: Context, project_id: str) -> Any:
    return await retry_run(context, project_id, RUN_ID)


async def resumed(context: Context, project_id: str) -> Any:
    return await resume_run(context, project_id, RUN_ID)


async def regraded(context: Context, project_id: str) -> Any:
    return await regrade_run(context, project_id, RUN_ID, request=BY_EVAL)


async def keep_ended(context: Context, **changes: Any) -> None:
    """A completed run with three items, one of them errored; its rows are where they were."""
    ended = {"status": "completed", "planned_rows": 3, "ended_at": NOW, **changes}
    await keep_run(context.store, run_named("nightly", **ended), three_items())


async def test_a_run_whose_time_was_over_before_its_rows_were_known_is_resumed(
    context: Context,
) -> None:
    late = ApiError(code="run_timeout", message="The run was not done.")
    await keep_run(
        context.store,
        run_named("nightly", status="failed", planned_rows=None, ended_at=NOW, error=late),
        [],
    )
    async with context.blobs.writing("blob_1") as writer:
        await writer.write(b"{}")

    view = await resumed(context, DEFAULT_PROJECT)

    assert view.run.status == "queued"


@pytest.mark.parametrize("chance", [retried, resumed, regraded])
async def test_another_projects_run_is_not_found(context: Context, chance: Chance) -> None:
    await keep_ended(context)

    with pytest.raises(RunNotFound):
        await chance(context, "proj_other")

    async with context.store.snapshot() as tx:
        run = await tx.work.find(RUN_ID)
    assert run is not None
    assert (run.status, run.chance) == ("completed", 0)


async def test_another_projects_eval_grades_nothing(context: Context) -> None:
    await keep_ended(context, project_id="proj_other")

    with pytest.raises(RunNotFound):
        await regraded(context, DEFAULT_PROJECT)


@pytest.mark.parametrize("chance", [retried, resumed])
async def test_an_imported_run_is_not_worked_on(context: Context, chance: Chance) -> None:
    await keep_ended(context, imported={"id": RUN_ID})

    with pytest.raises(RunImported, match="was imported"):
        await chance(context, DEFAULT_PROJECT)


async def test_an_imported_run_is_graded_anew(context: Context) -> None:
    await keep_ended(context, imported={"id": RUN_ID}, status="failed")

    view = await regraded(context, DEFAULT_PROJECT)

    assert view.run.status == "queued"


@pytest.mark.parametrize(
    ("chance", "status"), [(retried, "completed"), (resumed, "failed"), (resumed, "canceled")]
)
async def test_a_run_whose_rows_are_gone_is_refused(
    context: Context, chance: Chance, status: str
) -> None:
    await keep_ended(context, status=status)

    with pytest.raises(RunRowsGone, match="create another run"):
        await chance(context, DEFAULT_PROJECT)


async def test_whoever_works_is_told(context: Context) -> None:
    async with context.blobs.writing("blob_1") as writer:
        await writer.write(b"{}\n")
    await keep_ended(context, rows=Rows("blob_1", inline=False))

    view = await retried(context, DEFAULT_PROJECT)

    assert isinstance(context.work, Woken)
    assert context.work.runs == [RUN_ID]
    assert (view.run.status, view.run.result_counts.errored) == ("in_progress", 0)
