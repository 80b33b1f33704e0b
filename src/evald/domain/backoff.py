"""When a failed call is tried again, if at all."""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never


class Retry(StrEnum):
    """How a failed call may be tried again."""

    COUNTED = "counted"  # it may go better next time: some attempts
    ONCE = "once"  # it may go better and may be paid for already: one attempt more
    WHEN_LET = "when_let"  # the provider asks for patience: as long as the deadline allows
    NEVER = "never"  # the next answer would be the same


DEADLINE_EXCEEDED = "deadline_exceeded"
"""The code of a call for which no time was left before it was sent."""

FINAL_CODES = frozenset(
    {
        "answer_too_large",
        "billing_hard_limit_reached",
        "billing_not_active",
        DEADLINE_EXCEEDED,
        "insufficient_quota",  # comes as a 429, and no waiting helps
        "invalid_api_key",
        "model_not_found",
    }
)
"""Codes that say the same however often one asks, whatever the status they come with."""


def retry_of_refusal(status: int, code: str) -> Retry:
    """How a call may be tried again that was answered with an error status.

    Source: the status codes are those that OpenAI's own clients retry.
    """
    if code in FINAL_CODES:
        return Retry.NEVER
    if status == 429:
        return Retry.WHEN_LET
    if status in (408, 409) or status >= 500:
        return Retry.COUNTED
    return Retry.NEVER


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often, and after how many seconds."""

    attempts: int = 5  # the first one included
    first_s: float = 0.5
    shortest_s: float = 0.2
    longest_s: float = 8.0
    longest_retry_after_s: float = 120.0


@dataclass(frozen=True, slots=True)
class Failures:
    """How one call has failed so far: how often in each way, and how the latest time."""

    latest: Retry
    counted: int = 0
    once: int = 0
    when_let: int = 0

    def and_then(self, latest: Retry) -> "Failures":
        """These failures and one more."""
        return Failures(
            latest,
            self.counted + (latest is Retry.COUNTED),
            self.once + (latest is Retry.ONCE),
            self.when_let + (latest is Retry.WHEN_LET),
        )


NO_FAILURES = Failures(latest=Retry.NEVER)
"""How a call has failed that was not made yet."""


def next_wait_s(
    failures: Failures, *, retry_after_s: float | None, jitter: float, policy: RetryPolicy
) -> float | None:
    """Seconds until the next attempt; None where there is none.

    A call that needs patience uses up no attempt by it, and its waits grow by the count of such
    failures alone. How long the provider asked to be left alone counts before any other rule.
    """
    attempts = failures.counted + failures.once
    match failures.latest:
        case Retry.WHEN_LET:
            n = failures.when_let - 1
        case Retry.COUNTED if attempts < policy.attempts:
            n = attempts - 1
        case Retry.ONCE if attempts < policy.attempts and failures.once == 1:
            n = attempts - 1
        case Retry.COUNTED | Retry.ONCE | Retry.NEVER:
            return None
        case _:
            assert_never(failures.latest)
    if retry_after_s is not None:
        return granted_s(retry_after_s, policy=policy)
    return delay_s(n, jitter, policy=policy)


def delay_s(n: int, jitter: float, *, policy: RetryPolicy) -> float:
    """Seconds before the retry of number `n`, which begins at 0, with full jitter.

    max(shortest, jitter * min(longest, first * 2^n)). By hand: n = 3 and jitter 0.75 give
    0.75 * min(8, 0.5 * 8) = 3.0 s; n = 10 and jitter 0.75 give 0.75 * 8 = 6.0 s.

    Args:
        n: how many retries there were before.
        jitter: at least 0.0 and below 1.0.
        policy: the three bounds, in seconds.

    Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """
    # 2.0 ** 1024 is out of range for a float, and no bound is that far away.
    ceiling_s = min(policy.longest_s, policy.first_s * 2.0 ** min(n, 60))
    return max(policy.shortest_s, jitter * ceiling_s)


def granted_s(retry_after_s: float, *, policy: RetryPolicy) -> float:
    """Seconds that a provider is left alone for when it asked for `retry_after_s`."""
    return min(max(retry_after_s, policy.shortest_s), policy.longest_retry_after_s)
