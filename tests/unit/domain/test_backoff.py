"""Rules of ours, but for which statuses are retried: documented of OpenAI's own clients."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.backoff import (
    NO_FAILURES,
    Retry,
    RetryPolicy,
    delay_s,
    granted_s,
    next_wait_s,
    retry_of_refusal,
)

POLICY = RetryPolicy()


@pytest.mark.parametrize(
    ("status", "code", "retry"),
    [
        (408, "http_408", Retry.COUNTED),
        (409, "http_409", Retry.COUNTED),
        (500, "server_error", Retry.COUNTED),
        (503, "http_503", Retry.COUNTED),
        (599, "http_599", Retry.COUNTED),
        (429, "rate_limit_exceeded", Retry.WHEN_LET),
        (429, "http_429", Retry.WHEN_LET),
        (429, "insufficient_quota", Retry.NEVER),
        (429, "billing_hard_limit_reached", Retry.NEVER),
        (400, "invalid_value", Retry.NEVER),
        (401, "invalid_api_key", Retry.NEVER),
        (403, "http_403", Retry.NEVER),
        (404, "model_not_found", Retry.NEVER),
        (503, "model_not_found", Retry.NEVER),
        (422, "http_422", Retry.NEVER),
        (307, "http_307", Retry.NEVER),
    ],
)
def test_which_refusals_are_retried(status: int, code: str, retry: Retry) -> None:
    assert retry_of_refusal(status, code) == retry


@pytest.mark.parametrize(
    ("n", "jitter", "seconds"),
    [
        (0, 0.5, 0.25),
        (1, 0.5, 0.5),
        (2, 0.5, 1.0),
        (3, 0.75, 3.0),  # the docstring's example
        (4, 0.5, 4.0),
        (10, 0.75, 6.0),  # and its other one
        (0, 0.0, 0.2),
        (100_000, 0.999, 7.992),
    ],
)
def test_the_delay_doubles_up_to_a_ceiling(n: int, jitter: float, seconds: float) -> None:
    assert delay_s(n, jitter, policy=POLICY) == pytest.approx(seconds)


@given(st.integers(min_value=0), st.floats(min_value=0, max_value=1, exclude_max=True))
def test_every_delay_lies_within_its_bounds(n: int, jitter: float) -> None:
    assert 0.2 <= delay_s(n, jitter, policy=POLICY) <= 8.0


@pytest.mark.parametrize(
    ("asked_for", "granted"), [(0.0, 0.2), (0.5, 0.5), (120.0, 120.0), (86_400.0, 120.0)]
)
def test_how_long_a_provider_is_left_alone(asked_for: float, granted: float) -> None:
    assert granted_s(asked_for, policy=POLICY) == granted


COUNTED, ONCE, WHEN_LET, NEVER = Retry.COUNTED, Retry.ONCE, Retry.WHEN_LET, Retry.NEVER


@pytest.mark.parametrize(
    ("history", "seconds"),
    [
        # With jitter 0.5, the waits are 0.25, 0.5, 1, 2, 4, 4, …
        ([COUNTED], 0.25),
        ([COUNTED] * 2, 0.5),
        ([COUNTED] * 4, 2.0),
        ([COUNTED] * 5, None),  # five attempts
        ([ONCE], 0.25),
        ([ONCE, ONCE], None),
        ([COUNTED, ONCE], 0.5),
        ([ONCE, COUNTED], 0.5),
        ([ONCE, COUNTED, ONCE], None),
        ([COUNTED] * 4 + [ONCE], None),
        ([WHEN_LET], 0.25),
        ([WHEN_LET] * 3, 1.0),
        ([WHEN_LET] * 1_000, 4.0),  # uses up no attempt
        ([COUNTED] * 4 + [WHEN_LET], 0.25),  # and is counted apart
        ([WHEN_LET] * 9 + [COUNTED], 0.25),
        ([WHEN_LET, COUNTED] * 4 + [WHEN_LET], 4.0),
        ([WHEN_LET, COUNTED] * 5, None),
        ([NEVER], None),
        ([COUNTED, NEVER], None),
    ],
)
def test_when_the_next_attempt_is_made(history: list[Retry], seconds: float | None) -> None:
    failures = NO_FAILURES
    for retry in history:
        failures = failures.and_then(retry)

    assert next_wait_s(failures, retry_after_s=None, jitter=0.5, policy=POLICY) == seconds


@pytest.mark.parametrize(
    ("retry", "seconds"), [(WHEN_LET, 7.0), (COUNTED, 7.0), (ONCE, 7.0), (NEVER, None)]
)
def test_what_the_provider_asks_for_replaces_our_delay(retry: Retry, seconds: float | None) -> None:
    failures = NO_FAILURES.and_then(retry)

    assert next_wait_s(failures, retry_after_s=7.0, jitter=0.5, policy=POLICY) == seconds
