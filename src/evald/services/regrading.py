"""Regrading: a new run over the items of one that ended, with the samples they have."""

from evald.domain.errors import EvalNotFound, InvalidValue, MissingParameter, RunNotFound
from evald.graders.check import check_criteria
from evald.graders.hopeless import refuse_hopeless
from evald.ports.kept import Rows, StoredRun
from evald.ports.store import Transaction
from evald.services.context import Context
from evald.services.evals import get_eval
from evald.services.idempotency import Idempotency, object_made, remember
from evald.services.row_intake import compiled_schema
from evald.services.run_views import RunView, view_run
from evald.services.runs import RunOrder, find_ended, new_run, refuse_code, refuse_unusable
from evald.wire.criteria import TestingCriterion
from evald.wire.data_source_configs import item_schema_of
from evald.wire.data_sources import EvaldRunSource, JsonlDataSource
from evald.wire.evals import Eval
from evald.wire.graders import Grader
from evald.wire.ids import IdPrefix
from evald.wire.runs import CreateRunRequest
from evald.wire.second_chances import RegradeRequest

FROM_EVAL = "regraded_eval_id"
FROM_RUN = "regraded_run_id"
"""Under which keys of its metadata an eval that is made for regrading names where it is from."""


async def regrade_run(
    context: Context,
    project_id: str,
    run_id: str,
    *,
    request: RegradeRequest,
    idempotency: Idempotency | None = None,
) -> RunView:
    """The queued run that grades the items anew, or the one this Idempotency-Key made before.

    It has the name of the other run unless it is given one. With criteria an eval is made for it,
    that takes the same rows as the other run's, and has its name.

    Raises:
        RunNotFound, RunUnderWay: the project has no such run, or it has not ended.
        MissingParameter, InvalidValue: neither criteria nor an eval are given, or both; or a
            criterion cannot work.
        EvalNotFound: there is no such eval, or it was deleted meanwhile.
        CriterionUnusable, InvalidSchema, SandboxUnavailable: the eval cannot be run here.
        IdempotencyConflict: the key came with another body.
    """
    # Looked at first too: what the key made stays, whatever becomes of the run it was made of.
    async with context.store.snapshot() as tx:
        now = context.clock.now()
        made = await object_made(tx, project_id, idempotency, now=now)
        if made is not None:
            return view_run(context, await _found(tx, project_id, made))
    source = await find_ended(context, project_id, run_id)
    by_eval = await _eval_of(context, source, request)
    refuse_unusable(by_eval)
    compiled_schema(by_eval)
    await refuse_code(context, by_eval)
    run = new_run(context, RunOrder(project_id, by_eval, _order(request, source), _NOT_YET))
    async with context.store.transaction() as tx:
        made = await object_made(tx, project_id, idempotency, now=run.created_at)
        if made is not None:
            return view_run(context, await _found(tx, project_id, made))
        if request.eval_id is None:
            await tx.evals.insert(project_id, by_eval)
        elif await tx.evals.get(project_id, by_eval.id) is None:
            raise EvalNotFound(by_eval.id)
        await tx.runs.insert(run)
        await remember(tx, project_id, idempotency, object_id=run.id, now=run.created_at)
    context.work.wake(run.id)
    return view_run(context, run)


_NOT_YET = Rows("", inline=False, logged=True)
"""Where the rows lie: they are written down when the run starts."""


def _order(request: RegradeRequest, source: StoredRun) -> CreateRunRequest:
    rows = EvaldRunSource(type="evald_run", run_id=source.id)
    return CreateRunRequest(
        name=source.name if request.name is None else request.name,
        metadata=request.metadata,
        data_source=JsonlDataSource(type="jsonl", source=rows),
    )


async def _eval_of(context: Context, source: StoredRun, request: RegradeRequest) -> Eval:
    criteria = request.testing_criteria
    if criteria is not None and request.eval_id is not None:
        raise InvalidValue(
            "'testing_criteria' and 'eval_id' are both given; an eval has its own criteria.",
            param="eval_id",
        )
    if request.eval_id is not None:
        return await get_eval(context, source.project_id, request.eval_id)
    if criteria is None:
        raise MissingParameter(
            "Neither 'testing_criteria' nor 'eval_id' says by what the items are to be graded.",
            param="testing_criteria",
        )
    old = await get_eval(context, source.project_id, source.eval_id)
    check_criteria(criteria)
    refuse_hopeless(criteria, item_schema_of(old.data_source_config))
    return _new_eval(context, old, criteria, run_id=source.id)


def _new_eval(context: Context, old: Eval, criteria: list[Grader], *, run_id: str) -> Eval:
    return Eval(
        id=context.clock.new_id(IdPrefix.EVAL),
        created_at=context.clock.now(),
        name=old.name,
        metadata={FROM_EVAL: old.id, FROM_RUN: run_id},
        data_source_config=old.data_source_config,
        testing_criteria=[
            TestingCriterion(id=f"{each.name}-{context.clock.new_uuid()}", grader=each)
            for each in criteria
        ],
    )


async def _found(tx: Transaction, project_id: str, run_id: str) -> StoredRun:
    run = await tx.work.find(run_id)
    if run is None or run.project_id != project_id:
        raise RunNotFound(run_id)
    return run
