"""The states of a run and the one table of moves between them."""

from typing import Final

from evald.wire.runs import RunStatus

MOVES: Final[dict[RunStatus, frozenset[RunStatus]]] = {
    "queued": frozenset({"in_progress", "failed", "canceled"}),
    "in_progress": frozenset({"completed", "failed", "canceled"}),
    "completed": frozenset(),
    "failed": frozenset(),
    "canceled": frozenset(),
}

RUN_TIMEOUT: Final = "run_timeout"
"""The code of a run whose time was over: what is left of it can be resumed, planned or not."""


def may_move(status: RunStatus, to: RunStatus) -> bool:
    """Whether a run in `status` may go on to `to`."""
    return to in MOVES[status]


def has_ended(status: RunStatus) -> bool:
    """Whether a run in `status` stays in it, unless it is given a second chance."""
    return not MOVES[status]
