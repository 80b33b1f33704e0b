"""Evals: create, list, get, update, delete."""

from pydantic import JsonValue

from evald.domain.errors import EvalNotFound, InvalidSchema, UnknownCursor
from evald.domain.item_schema import SchemaInvalid, compile_item_schema
from evald.graders.check import check_criteria
from evald.graders.hopeless import refuse_hopeless
from evald.ports.kept import Page
from evald.ports.store import CursorUnknown, Transaction
from evald.services.context import Context
from evald.services.idempotency import Idempotency, object_made, remember
from evald.wire.criteria import TestingCriterion
from evald.wire.data_source_configs import CustomConfig, DataSourceConfig, config_json
from evald.wire.evals import (
    CreateEvalRequest,
    DeletedEval,
    Eval,
    UpdateEvalRequest,
    changed_eval,
)
from evald.wire.ids import IdPrefix
from evald.wire.pages import ListEvalsQuery

UNNAMED = "Untitled eval"
"""The name of an eval that was given none. Source: ours (not documented; it may not be null)."""


async def create_eval(
    context: Context,
    project_id: str,
    request: CreateEvalRequest,
    *,
    idempotency: Idempotency | None = None,
) -> Eval:
    """The eval that was made, or the one this Idempotency-Key made before.

    Raises:
        InvalidSchema: `item_schema` cannot be used.
        InvalidValue, MissingParameter: a criterion cannot work, or comes to one end for every row.
        IdempotencyConflict: the key came with another body.
    """
    _refuse_unusable_schema(request.data_source_config)
    check_criteria(request.testing_criteria)
    refuse_hopeless(request.testing_criteria, _item_schema(request.data_source_config))
    an_eval = _new_eval(context, request)
    async with context.store.transaction() as tx:
        made = await object_made(tx, project_id, idempotency, now=context.clock.now())
        if made is not None:
            return await _found(tx, project_id, made)
        await tx.evals.insert(project_id, an_eval)
        await remember(tx, project_id, idempotency, object_id=an_eval.id, now=context.clock.now())
    return an_eval


async def list_evals(context: Context, project_id: str, query: ListEvalsQuery) -> Page[Eval]:
    """A page of the project's evals.

    Raises:
        UnknownCursor: `after` is no eval.
    """
    async with context.store.snapshot() as tx:
        try:
            return await tx.evals.page(project_id, query)
        except CursorUnknown:
            raise UnknownCursor(str(query.after)) from None


async def get_eval(context: Context, project_id: str, eval_id: str) -> Eval:
    """The eval.

    Raises:
        EvalNotFound: there is none of this id.
    """
    async with context.store.snapshot() as tx:
        return await _found(tx, project_id, eval_id)


async def update_eval(
    context: Context, project_id: str, eval_id: str, request: UpdateEvalRequest
) -> Eval:
    """The eval with its new name and metadata; what is not given, or null, stays.

    Metadata is replaced as a whole.

    Raises:
        EvalNotFound: there is none of this id.
    """
    async with context.store.transaction() as tx:
        old = await _found(tx, project_id, eval_id)
        changes = request.model_dump(exclude_none=True)
        new = changed_eval(old, changes)
        await tx.evals.update(project_id, new, updated_at=context.clock.now())
    return new


async def delete_eval(context: Context, project_id: str, eval_id: str) -> DeletedEval:
    """Says that the eval is gone, its runs and their items with it; uploaded files stay.

    Raises:
        EvalNotFound: there is none of this id.
    """
    async with context.store.transaction() as tx:
        await _found(tx, project_id, eval_id)
        run_ids = await tx.evals.delete(project_id, eval_id)
    for run_id in run_ids:
        context.work.wake(run_id)
    return DeletedEval(eval_id=eval_id)


async def _found(tx: Transaction, project_id: str, eval_id: str) -> Eval:
    found = await tx.evals.get(project_id, eval_id)
    if found is None:
        raise EvalNotFound(eval_id)
    return found


def _new_eval(context: Context, request: CreateEvalRequest) -> Eval:
    config = config_json(request.data_source_config)
    criteria = [
        TestingCriterion(id=f"{grader.name}-{context.clock.new_uuid()}", grader=grader)
        for grader in request.testing_criteria
    ]
    return Eval(
        id=context.clock.new_id(IdPrefix.EVAL),
        created_at=context.clock.now(),
        name=request.name or UNNAMED,
        metadata=request.metadata or {},
        data_source_config=config,
        testing_criteria=criteria,
    )


def _item_schema(config: DataSourceConfig) -> JsonValue:
    """What is known of items beforehand: nothing, where they are made of logs."""
    return config.item_schema if isinstance(config, CustomConfig) else {}


def _refuse_unusable_schema(config: DataSourceConfig) -> None:
    if not isinstance(config, CustomConfig):
        return
    try:
        compile_item_schema(config.item_schema)
    except SchemaInvalid as problem:
        place = f" at '{problem.pointer}'" if problem.pointer else ""
        raise InvalidSchema(
            f"The item_schema cannot be used{place}: {problem.reason}.",
            param="data_source_config.item_schema",
        ) from None
