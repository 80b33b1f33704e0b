"""What a stream of events says of a run that goes on. Ours."""

from typing import Literal

from evald.wire.base import WireModel
from evald.wire.runs import ResultCounts, RunStatus


class RunProgress(WireModel):
    """How far a run is.

    `planned_rows` is null until its rows are counted. `rows_per_second` is over the last ten
    seconds, `seconds_left` at that pace; both are null while there is nothing to reckon from.
    """

    object: Literal["evald.run.progress"] = "evald.run.progress"
    run_id: str
    eval_id: str
    status: RunStatus
    result_counts: ResultCounts
    planned_rows: int | None
    rows_per_second: float | None
    seconds_left: int | None
