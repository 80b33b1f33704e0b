"""Runs: create, list, get, cancel, delete."""

import logging
from dataclasses import dataclass

from evald.domain.errors import (
    CriterionUnusable,
    DataFileNotFound,
    EvalNotFound,
    RunNotFound,
    SandboxUnavailable,
    UnknownCursor,
)
from evald.domain.run_errors import RunUnderWay
from evald.domain.tally import CriterionCount, Tally
from evald.graders.by_type import runs_code
from evald.graders.check import check_criteria
from evald.ports.kept import Page, Rows, StoredRun
from evald.ports.store import CursorUnknown, Transaction
from evald.sampling.request import plan_of
from evald.services.context import Context
from evald.services.csv_intake import stage_csv
from evald.services.evals import get_eval
from evald.services.idempotency import Idempotency, object_made, remember
from evald.services.row_intake import RowIntake, check_file
from evald.services.run_views import RunView, view_run
from evald.wire.data_sources import (
    CsvDataSource,
    DataSource,
    EvaldRunSource,
    FileContentSource,
    FileIdSource,
    ResponsesSource,
    StoredCompletionsSource,
    UnsampledDataSource,
    data_source_json,
)
from evald.wire.evals import Eval, ImportedEval, echoed_criteria
from evald.wire.ids import IdPrefix
from evald.wire.pages import ListRunsQuery
from evald.wire.runs import CreateRunRequest, DeletedRun

_log = logging.getLogger("evald.runs")


@dataclass(frozen=True, slots=True)
class RunOrder:
    """What a run is made of, once it is known to be one that can work."""

    project_id: str
    eval: Eval
    request: CreateRunRequest
    rows: Rows


async def create_run(
    context: Context,
    project_id: str,
    request: CreateRunRequest,
    *,
    intake: RowIntake,
    idempotency: Idempotency | None = None,
) -> RunView:
    """The queued run that was made, or the one this Idempotency-Key made before.

    Raises:
        CriterionUnusable: the eval was imported with a criterion that means nothing here.
        SandboxUnavailable: it needs a python grader, whose code may not run here.
        MissingParameter, InvalidValue: rows are to be sampled, and the model or the messages are
            missing or cannot be used.
        DataFileNotFound: the source names a file that is not here.
        RunNotFound, RunUnderWay: it names a run that is not here, or has not ended.
        InvalidRow: a row among those there was time to check is bad.
        EvalNotFound: the eval was deleted meanwhile.
        IdempotencyConflict: the key came with another body.
    """
    refuse_unusable(intake.eval)
    await refuse_code(context, intake.eval)
    plan_of(request.data_source)  # raises where no row could be asked
    rows = await _rows(context, project_id, request.data_source, intake)
    await intake.blob.seal()
    run = new_run(context, RunOrder(project_id, intake.eval, request, rows))
    async with context.store.transaction() as tx:
        made = await object_made(tx, project_id, idempotency, now=run.created_at)
        if made is not None:
            return view_run(context, await _found(tx, project_id, run.eval_id, made))
        if await tx.evals.get(project_id, run.eval_id) is None:
            raise EvalNotFound(run.eval_id)  # deleted while its rows were on their way
        await tx.runs.insert(run)
        await remember(tx, project_id, idempotency, object_id=run.id, now=run.created_at)
        if rows.blob_id == intake.blob.id:
            intake.blob.claim()
    context.work.wake(run.id)
    return view_run(context, run)


async def list_runs(
    context: Context, project_id: str, eval_id: str, query: ListRunsQuery
) -> Page[RunView]:
    """A page of the eval's runs.

    Raises:
        EvalNotFound: there is no such eval.
        UnknownCursor: `after` is no run of it.
    """
    await get_eval(context, project_id, eval_id)
    async with context.store.snapshot() as tx:
        try:
            page = await tx.runs.page(project_id, eval_id, query)
        except CursorUnknown:
            raise UnknownCursor(str(query.after)) from None
    return Page([view_run(context, run) for run in page.rows], page.has_more)


async def get_run(context: Context, project_id: str, eval_id: str, run_id: str) -> RunView:
    """The run.

    Raises:
        RunNotFound: the eval has no such run.
    """
    async with context.store.snapshot() as tx:
        return view_run(context, await _found(tx, project_id, eval_id, run_id))


async def cancel_run(context: Context, project_id: str, eval_id: str, run_id: str) -> RunView:
    """The run, canceled; one that had ended, or was imported, is answered unchanged.

    Items that are done are kept. Calls in flight are abandoned right after the answer.

    Raises:
        RunNotFound: the eval has no such run.
    """
    async with context.store.transaction() as tx:
        is_moved = False
        if (await _found(tx, project_id, eval_id, run_id)).imported is None:
            is_moved = await tx.runs.end(run_id, "canceled", None, now=context.clock.now())
        run = await _found(tx, project_id, eval_id, run_id)
    if is_moved:
        context.metrics.runs_ended.count("canceled")
        _log.info("run_canceled run=%s", run_id)
        context.traces.run_ended(run)
    if run.imported is None:
        context.work.wake(run_id)
    return view_run(context, run)


async def delete_run(context: Context, project_id: str, eval_id: str, run_id: str) -> DeletedRun:
    """Says that the run is gone, its items with it; a run in progress is stopped.

    Raises:
        RunNotFound: the eval has no such run.
    """
    async with context.store.transaction() as tx:
        if not await tx.runs.delete(project_id, eval_id, run_id):
            raise RunNotFound(run_id)
    context.work.wake(run_id)
    return DeletedRun(run_id=run_id)


async def _found(tx: Transaction, project_id: str, eval_id: str, run_id: str) -> StoredRun:
    found = await tx.runs.get(project_id, eval_id, run_id)
    if found is None:
        raise RunNotFound(run_id)
    return found


def new_run(context: Context, order: RunOrder) -> StoredRun:
    """The queued run that is ordered."""
    source = order.request.data_source
    model = "" if isinstance(source, UnsampledDataSource) else source.model or ""
    return StoredRun(
        id=context.clock.new_id(IdPrefix.RUN),
        project_id=order.project_id,
        eval_id=order.eval.id,
        created_at=context.clock.now(),
        status="queued",
        name=model if order.request.name is None else order.request.name,
        model=model,
        metadata=order.request.metadata or {},
        data_source=data_source_json(source),
        rows=order.rows,
        tally=Tally(criteria={each.id: CriterionCount() for each in order.eval.testing_criteria}),
        traceparent=context.traces.traceparent(),
    )


async def _rows(context: Context, project_id: str, source: DataSource, intake: RowIntake) -> Rows:
    match source.source:
        case FileContentSource():
            return Rows(intake.blob.id, inline=True, checked_bytes=intake.checked_bytes)
        case FileIdSource(id=file_id):
            async with context.store.snapshot() as tx:
                stored = await tx.files.get(project_id, file_id, now=context.clock.now())
            if stored is None:
                raise DataFileNotFound(file_id)
            if isinstance(source, CsvDataSource):
                return await stage_csv(context, stored.blob_id, intake)
            checked = await check_file(context, stored.blob_id, intake.schema)
            return Rows(stored.blob_id, inline=False, checked_bytes=checked)
        case StoredCompletionsSource() | ResponsesSource():
            return Rows("", inline=False, logged=True)
        case EvaldRunSource(run_id=run_id):
            await find_ended(context, project_id, run_id)
            return Rows("", inline=False, logged=True)


async def find_ended(context: Context, project_id: str, run_id: str) -> StoredRun:
    """The run whose items are to be graded anew.

    Raises:
        RunNotFound: the project has no such run.
        RunUnderWay: it has not ended.
    """
    async with context.store.snapshot() as tx:
        run = await tx.work.find(run_id)
    if run is None or run.project_id != project_id:
        raise RunNotFound(run_id)
    if not run.has_ended:
        raise RunUnderWay(run_id)
    return run


def refuse_unusable(an_eval: Eval) -> None:
    """Nothing, for an eval that can be run here.

    Raises:
        CriterionUnusable: it was imported with a criterion that means nothing here.
    """
    if not isinstance(an_eval, ImportedEval):
        return
    usable = {each.id for each in an_eval.testing_criteria}
    for index, criterion in enumerate(echoed_criteria(an_eval)):
        if criterion.id not in usable:
            raise CriterionUnusable(
                f"The eval was imported with criterion {index}, '{criterion.name}', of type "
                f"'{criterion.type}', which cannot be used here; create an eval without it.",
                param=f"testing_criteria[{index}]",
            )
    if not usable:
        raise CriterionUnusable(
            "The eval was imported without any criterion, so a run would have no verdict.",
            param="testing_criteria",
        )
    check_criteria([each.grader for each in an_eval.testing_criteria])


async def refuse_code(context: Context, an_eval: Eval) -> None:
    """Nothing, for an eval without code, or where code is run.

    Raises:
        SandboxUnavailable: it needs a python grader, whose code may not run here.
    """
    for index, criterion in enumerate(an_eval.testing_criteria):
        if runs_code(criterion.grader) and (refusal := await context.sandbox.refusal()):
            raise SandboxUnavailable(
                f"The eval's criterion {index}, '{criterion.grader.name}', has code to run, and "
                f"this server runs none: {refusal}",
                param=f"testing_criteria[{index}].type",
            )
