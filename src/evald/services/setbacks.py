"""What to do when a hosted API does not give what it was asked for."""

from enum import StrEnum

from evald.domain.archive.account import Reason
from evald.ports.hosted import Refused, Trouble

MOST_RESTARTS = 3
"""So often is a list read again from its beginning because its cursor was gone."""


class Step(StrEnum):
    """How to go on with a list after a refusal."""

    SHRINK = "shrink"  # ask for fewer objects
    RESTART = "restart"  # the cursor is gone: from the beginning, and tell doubles by their ids
    ABSENT = "absent"  # there is no such list
    LOSE = "lose"  # no use in asking


def step_after(refused: Refused, *, after: str | None, limit: int, restarts: int) -> Step:
    """How to go on with a list, a page of which was refused for good.

    Args:
        refused: what came of the last attempt.
        after: the cursor it was asked with.
        limit: how many objects it was asked for.
        restarts: how often the list was begun again.
    """
    status = refused.status or 0
    if refused.trouble is not Trouble.REFUSED:
        may_help = refused.trouble is not Trouble.UNREACHABLE
        return Step.SHRINK if may_help and limit > 1 else Step.LOSE
    if after is not None and status in (400, 404, 410, 422):
        return Step.RESTART if restarts < MOST_RESTARTS else Step.LOSE
    if status in (404, 405):
        return Step.ABSENT
    if (status in (400, 408, 413, 422) or status >= 500) and limit > 1:
        return Step.SHRINK
    return Step.LOSE


def reason_of(refused: Refused) -> Reason:
    """Why something that was asked for by its own path is not there."""
    match refused.trouble:
        case Trouble.UNREACHABLE | Trouble.BROKEN:
            return Reason.UNREACHABLE
        case Trouble.TIMED_OUT:
            return Reason.TIMED_OUT
        case Trouble.TOO_LARGE:
            return Reason.REFUSED
        case Trouble.REFUSED:
            return _reason_of_status(refused.status or 0)


def _reason_of_status(status: int) -> Reason:
    match status:
        case 404 | 410:
            return Reason.DELETED
        case 401 | 403:
            return Reason.FORBIDDEN
        case 408:
            return Reason.TIMED_OUT
        case 429:
            return Reason.RATE_LIMITED
    return Reason.SERVER_FAILED if status >= 500 else Reason.REFUSED


def is_silence(reason: Reason) -> bool:
    """Whether it may be that the server as a whole does not answer."""
    return reason in (
        Reason.UNREACHABLE,
        Reason.TIMED_OUT,
        Reason.SERVER_FAILED,
        Reason.RATE_LIMITED,
    )
