"""Which requests are asked again, how often, and after how long. The statuses are documented."""

import pytest

from evald.adapters.hosted.retrying import PATIENCE_S, POLICY, RetryingApi, is_too_much, retry_of
from evald.domain.backoff import Retry
from evald.ports.hosted import Fetched, HostedRequest, Refused, Sink, Trouble
from tests.support.instant_clock import InstantClock

REQUEST = HostedRequest(("evals",))
SCOPES = "You have insufficient permissions for this operation. Missing scopes: api.evals.read."


class Scripted:
    """Answers from a list, and with its last one for ever."""

    def __init__(self, *outcomes: Fetched | Refused) -> None:
        self._outcomes = list(outcomes)
        self.asked = 0

    async def get(self, request: HostedRequest, sink: Sink | None = None) -> Fetched | Refused:
        self.asked += 1
        return self._outcomes.pop(0) if len(self._outcomes) > 1 else self._outcomes[0]


def refused(status: int, *, wait_s: float | None = None, message: str = "no") -> Refused:
    return Refused(Trouble.REFUSED, message, status=status, wait_s=wait_s)


@pytest.mark.parametrize(
    ("outcome", "retry"),
    [
        (refused(408), Retry.COUNTED),
        (refused(409), Retry.COUNTED),
        (refused(500), Retry.COUNTED),
        (refused(503), Retry.COUNTED),
        (refused(429), Retry.WHEN_LET),
        (refused(401), Retry.NEVER),
        (refused(401, message=SCOPES), Retry.ONCE),
        (refused(403), Retry.NEVER),
        (refused(404), Retry.NEVER),
        (refused(400), Retry.NEVER),
        (Refused(Trouble.UNREACHABLE, ""), Retry.COUNTED),
        (Refused(Trouble.BROKEN, ""), Retry.COUNTED),
        (Refused(Trouble.TIMED_OUT, ""), Retry.COUNTED),
        (Refused(Trouble.TOO_LARGE, ""), Retry.NEVER),
    ],
)
def test_how_a_failure_may_be_tried_again(outcome: Refused, retry: Retry) -> None:
    assert retry_of(outcome) is retry


@pytest.mark.parametrize("status", [408, 413, 504, 522, 524])
async def test_a_page_that_may_shrink_is_not_asked_again_as_it_was(status: int) -> None:
    inner = Scripted(refused(status))
    request = HostedRequest(("evals",), may_shrink=True)

    outcome = await RetryingApi(inner, InstantClock()).get(request)

    assert (outcome, inner.asked) == (refused(status), 1)


@pytest.mark.parametrize("trouble", [Trouble.TIMED_OUT, Trouble.TOO_LARGE])
def test_what_took_too_long_or_was_too_large_may_do_as_less(trouble: Trouble) -> None:
    assert is_too_much(Refused(trouble, ""))
    assert not is_too_much(refused(503))


async def test_a_server_that_fails_gets_six_attempts() -> None:
    inner, clock = Scripted(refused(503)), InstantClock()

    await RetryingApi(inner, clock).get(REQUEST)

    assert inner.asked == POLICY.attempts == 6
    assert clock.slept == [0.25, 0.5, 1.0, 2.0, 4.0]


async def test_a_busy_server_gets_ten_minutes_and_no_more() -> None:
    inner, clock = Scripted(refused(429, wait_s=50.0)), InstantClock()

    outcome = await RetryingApi(inner, clock).get(REQUEST)

    assert isinstance(outcome, Refused)
    assert clock.slept == [50.0] * 11
    assert clock.monotonic() < PATIENCE_S


async def test_no_single_wait_is_longer_than_five_minutes() -> None:
    inner, clock = Scripted(refused(429, wait_s=9_999.0), Fetched(b"x")), InstantClock()

    assert await RetryingApi(inner, clock).get(REQUEST) == Fetched(b"x")

    assert clock.slept == [300.0]


async def test_the_first_success_is_the_answer() -> None:
    inner = Scripted(refused(500), Refused(Trouble.BROKEN, ""), Fetched(b"x"))

    assert await RetryingApi(inner, InstantClock()).get(REQUEST) == Fetched(b"x")
