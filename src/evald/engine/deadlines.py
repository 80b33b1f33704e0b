"""Deadlines of runs: one that is not done in its time has failed, and can be resumed."""

import math

from evald.domain.run_status import RUN_TIMEOUT
from evald.engine.context import EngineContext
from evald.engine.ends import note_end
from evald.ports.kept import StoredRun
from evald.wire.errors import ApiError

HOUR_S = 3_600.0


async def end_overdue(context: EngineContext) -> list[str]:
    """The ids of the runs that have failed just now, since their time was over.

    A run's time begins with its plan, and anew when it is taken up again; in the queue it has any.
    Whoever works on the run, or nobody, any worker may end it: it has failed once, by its chance.
    """
    if context.run_timeout_s is None:
        return []
    now = context.clock.now()
    ended = []
    async with context.store.transaction() as tx:
        for run in await tx.workers.overdue(began_by=now - math.ceil(context.run_timeout_s)):
            error = _error(run, context.run_timeout_s)
            if await tx.work.fail(run.id, error, now=now, chance=run.chance):
                ended.append(run.id)
    for run_id in ended:
        await note_end(context, run_id, "failed")
    return ended


def _error(run: StoredRun, timeout_s: float) -> ApiError:
    return ApiError(
        code=RUN_TIMEOUT,
        message=(
            f"The run was not done in the {timeout_s / HOUR_S:g} h that EVALD_RUN_TIMEOUT_H gives "
            "a run. Its output items are kept; "
            f"POST /v1/evald/runs/{run.id}/resume goes on with the others."
        ),
    )
