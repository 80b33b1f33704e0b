"""What a refusal of a page means for its list. Statuses are documented; what follows is ours."""

import pytest

from evald.domain.archive.account import Reason
from evald.ports.hosted import Refused, Trouble
from evald.services.setbacks import MOST_RESTARTS, Step, is_silence, reason_of, step_after


def refused(status: int) -> Refused:
    return Refused(Trouble.REFUSED, "no", status=status)


@pytest.mark.parametrize(
    ("status", "after", "limit", "step"),
    [
        (404, None, 100, Step.ABSENT),
        (405, None, 100, Step.ABSENT),
        (404, "a", 100, Step.RESTART),
        (400, "a", 100, Step.RESTART),
        (410, "a", 100, Step.RESTART),
        (422, "a", 1, Step.RESTART),
        (400, None, 100, Step.SHRINK),
        (400, None, 1, Step.LOSE),
        (422, None, 2, Step.SHRINK),
        (408, "a", 100, Step.SHRINK),
        (413, None, 100, Step.SHRINK),
        (504, None, 2, Step.SHRINK),
        (500, "a", 50, Step.SHRINK),
        (504, None, 1, Step.LOSE),
        (403, None, 100, Step.LOSE),
        (401, None, 100, Step.LOSE),
        (429, None, 100, Step.LOSE),
        (302, None, 100, Step.LOSE),
        (405, "a", 100, Step.ABSENT),
    ],
)
def test_a_status(status: int, after: str | None, limit: int, step: Step) -> None:
    assert step_after(refused(status), after=after, limit=limit, restarts=0) is step


@pytest.mark.parametrize(
    ("trouble", "limit", "step"),
    [
        (Trouble.TIMED_OUT, 100, Step.SHRINK),
        (Trouble.TOO_LARGE, 2, Step.SHRINK),
        (Trouble.BROKEN, 100, Step.SHRINK),
        (Trouble.TIMED_OUT, 1, Step.LOSE),
        (Trouble.UNREACHABLE, 100, Step.LOSE),
    ],
)
def test_no_answer(trouble: Trouble, limit: int, step: Step) -> None:
    assert step_after(Refused(trouble, "no"), after=None, limit=limit, restarts=0) is step


def test_a_list_is_not_begun_again_for_ever() -> None:
    steps = [
        step_after(refused(400), after="a", limit=1, restarts=n) for n in range(MOST_RESTARTS + 1)
    ]

    assert steps == [Step.RESTART] * MOST_RESTARTS + [Step.LOSE]


@pytest.mark.parametrize(
    ("outcome", "reason", "silence"),
    [
        (refused(404), Reason.DELETED, False),
        (refused(410), Reason.DELETED, False),
        (refused(403), Reason.FORBIDDEN, False),
        (refused(401), Reason.FORBIDDEN, False),
        (refused(408), Reason.TIMED_OUT, True),
        (refused(429), Reason.RATE_LIMITED, True),
        (refused(500), Reason.SERVER_FAILED, True),
        (refused(400), Reason.REFUSED, False),
        (refused(302), Reason.REFUSED, False),
        (Refused(Trouble.UNREACHABLE, ""), Reason.UNREACHABLE, True),
        (Refused(Trouble.BROKEN, ""), Reason.UNREACHABLE, True),
        (Refused(Trouble.TIMED_OUT, ""), Reason.TIMED_OUT, True),
        (Refused(Trouble.TOO_LARGE, ""), Reason.REFUSED, False),
    ],
)
def test_why_something_is_missing(outcome: Refused, reason: Reason, silence: bool) -> None:
    assert reason_of(outcome) is reason
    assert is_silence(reason) is silence
