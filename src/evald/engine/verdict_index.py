"""Verdicts of runs that were recorded without: read from their items, a little at a time."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from evald.domain.item_verdicts import criterion_positions, read_verdicts
from evald.engine.context import EngineContext
from evald.ports.kept import StoredOutputItem, StoredRun

_log = logging.getLogger("evald.engine")

SLICE_ITEMS = 1_000
SLICE_BYTES = 4 * 1_048_576
"""How much is read, and written in one transaction; an item that is larger comes alone."""


async def index_runs(context: EngineContext) -> None:
    """Every ended run has verdicts of all its items, or is left to the next time.

    May run twice, and at several workers at once: what is there already is written again as it is.
    """
    async with context.store.snapshot() as tx:
        run_ids = await tx.verdicts.unindexed()
    for run_id in run_ids:
        async with context.store.snapshot() as tx:
            run = await tx.work.find(run_id)
        if run is not None:
            await _index_run(context, run)


async def _index_run(context: EngineContext, run: StoredRun) -> None:
    indexed = 0 if run.has_verdicts else await _index_items(context, run)
    async with context.store.transaction() as tx:
        is_settled = await tx.verdicts.settle(run.id, chance=run.chance, indexed=indexed)
    if is_settled and indexed:
        _log.info("verdicts_indexed run=%s items=%d", run.id, indexed)


async def _index_items(context: EngineContext, run: StoredRun) -> int:
    """How many items there are, all of them with verdicts by now; fewer if the run was changed."""
    async with context.store.snapshot() as tx:
        an_eval = await tx.evals.get(run.project_id, run.eval_id)
    positions = {} if an_eval is None else criterion_positions(an_eval)
    indexed, row, is_as_it_was = 0, -1, True
    while is_as_it_was:
        async with context.store.snapshot() as tx:
            items = await tx.chances.items_beyond(
                run.id, row, most=SLICE_ITEMS, most_bytes=SLICE_BYTES
            )
        if not items:
            break
        found = await context.cpu.run(partial(_with_verdicts, items, positions))
        async with context.store.transaction() as tx:
            is_as_it_was = await tx.verdicts.index(run.id, found, chance=run.chance)
        indexed, row = indexed + len(items), items[-1].row
    return indexed


def _with_verdicts(
    items: Sequence[StoredOutputItem], positions: Mapping[str, int]
) -> list[StoredOutputItem]:
    return [replace(each, verdicts=read_verdicts(each.results_json, positions)) for each in items]
