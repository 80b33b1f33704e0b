"""Ends of runs, as those who watch over this process are told of them."""

import logging
from typing import Literal

from evald.engine.context import EngineContext

_log = logging.getLogger("evald.engine")


async def note_end(
    context: EngineContext, run_id: str, status: Literal["completed", "failed"]
) -> None:
    """The end of a run is counted, told in the log and traced, once its transaction is committed.

    Not so the error of one that failed: a provider's words may be in it.
    """
    context.metrics.runs_ended.count(status)
    if status == "completed":
        _log.info("run_completed run=%s", run_id)
    else:
        _log.warning("run_failed run=%s", run_id)
    if not context.traces.is_on:
        return
    async with context.store.snapshot() as tx:
        run = await tx.work.find(run_id)
    if run is not None and run.has_ended:
        context.traces.run_ended(run)
