import math

import pytest

from evald.adapters.models.retrying import RetryingModel, retry_of
from evald.adapters.models.scripted import Line, ScriptedModel
from evald.domain.backoff import Retry, RetryPolicy
from evald.ports.model import FailureKind, ModelAnswer, ModelFailure, ModelRequest
from tests.support.virtual_time import LoopClock, run_in_virtual_time

HICCUP = ModelFailure(FailureKind.REFUSED, "server_error", "Oops.", status=500)
BROKEN = ModelFailure(FailureKind.BROKEN, "connection_broken", "Gone.")
TIMEOUT = ModelFailure(FailureKind.TIMEOUT, "timeout", "Too slow.")
LATE = ModelFailure(FailureKind.TIMEOUT, "deadline_exceeded", "Too late.")
REFUSED_KEY = ModelFailure(FailureKind.REFUSED, "invalid_api_key", "No.", status=401)
RATE_LIMIT = ModelFailure(FailureKind.REFUSED, "rate_limit_exceeded", "Slow down.", status=429)
PAUSE = ModelFailure(
    FailureKind.REFUSED, "rate_limit_exceeded", "Slow down.", status=429, retry_after_s=30.0
)
ANSWER = ModelAnswer({}, 0.0)


def outcome_and_waits(
    *lines: Line, deadline: float = 1_800.0, retry_until: float = math.inf
) -> tuple[ModelAnswer | ModelFailure, list[float]]:
    async def ask() -> tuple[ModelAnswer | ModelFailure, list[float]]:
        clock = LoopClock(jitter=0.5)
        client = RetryingModel(ScriptedModel(lines, clock), RetryPolicy(), clock)
        request = ModelRequest("chat_completions", "m", {}, deadline, retry_until)
        return await client.ask(request), clock.slept

    return run_in_virtual_time(ask())


@pytest.mark.parametrize(
    ("failure", "retry"),
    [
        (ModelFailure(FailureKind.UNREACHABLE, "unreachable", ""), Retry.COUNTED),
        (BROKEN, Retry.COUNTED),
        (ModelFailure(FailureKind.MALFORMED, "malformed_answer", ""), Retry.COUNTED),
        (ModelFailure(FailureKind.MALFORMED, "answer_too_large", ""), Retry.NEVER),
        (TIMEOUT, Retry.ONCE),
        (LATE, Retry.NEVER),
        (HICCUP, Retry.COUNTED),
        (RATE_LIMIT, Retry.WHEN_LET),
        (REFUSED_KEY, Retry.NEVER),
        (ModelFailure(FailureKind.UNSERVED, "provider_key_missing", ""), Retry.NEVER),
        (ModelFailure(FailureKind.RAISED, "python_provider_error", ""), Retry.NEVER),
    ],
)
def test_which_failures_are_retried(failure: ModelFailure, retry: Retry) -> None:
    assert retry_of(failure) == retry


@pytest.mark.parametrize(
    ("lines", "outcome", "waits"),
    [
        ([ANSWER], ANSWER, []),
        ([HICCUP, BROKEN, HICCUP, BROKEN, ANSWER], ANSWER, [0.25, 0.5, 1.0, 2.0]),
        ([HICCUP, HICCUP, HICCUP, HICCUP, BROKEN, ANSWER], BROKEN, [0.25, 0.5, 1.0, 2.0]),
        ([TIMEOUT, ANSWER], ANSWER, [0.25]),
        ([TIMEOUT, TIMEOUT, ANSWER], TIMEOUT, [0.25]),
        ([REFUSED_KEY, ANSWER], REFUSED_KEY, []),
        ([HICCUP, REFUSED_KEY, ANSWER], REFUSED_KEY, [0.25]),
        ([PAUSE] * 20 + [ANSWER], ANSWER, [30.0] * 20),
        ([RATE_LIMIT, RATE_LIMIT, PAUSE, ANSWER], ANSWER, [0.25, 0.5, 30.0]),
    ],
)
def test_what_comes_of_a_row_of_failures(
    lines: list[Line], outcome: ModelAnswer | ModelFailure, waits: list[float]
) -> None:
    assert outcome_and_waits(*lines) == (outcome, waits)


def test_a_wait_beyond_the_deadline_is_not_begun() -> None:
    assert outcome_and_waits(RATE_LIMIT, PAUSE, ANSWER, deadline=20.0) == (PAUSE, [0.25])


def test_nothing_is_tried_again_later_than_is_wanted() -> None:
    assert outcome_and_waits(RATE_LIMIT, PAUSE, ANSWER, retry_until=20.0) == (PAUSE, [0.25])


def test_a_first_attempt_is_made_however_late() -> None:
    assert outcome_and_waits(ANSWER, retry_until=-1.0) == (ANSWER, [])


def test_the_reason_for_asking_again_outlives_a_deadline_that_passes_meanwhile() -> None:
    assert outcome_and_waits(HICCUP, LATE, ANSWER) == (HICCUP, [0.25])


def test_a_call_that_was_never_sent_is_not_sent_after_its_deadline() -> None:
    assert outcome_and_waits(LATE, ANSWER) == (LATE, [])
