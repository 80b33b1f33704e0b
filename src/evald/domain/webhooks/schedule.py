"""When a delivery that failed is tried again, and when no more."""

GIVE_UP_S = 72 * 60 * 60
"""So long after its event a delivery is tried. Source: OpenAI's webhooks guide."""

FIRST_S = 5.0
FACTOR = 3.0
LONGEST_S = 8 * 60 * 60.0
SPREAD = 0.2
"""Waits differ by up to a tenth to each side, so that not all come back at the same moment."""


def next_attempt_s(attempts: int, *, age_s: float, jitter: float) -> float | None:
    """Seconds until the next attempt; None where there is none.

    min(longest, first * 3^(attempts - 1)) * (0.9 + 0.2 * jitter), but no later than 72 hours after
    the event: the last attempt falls on that moment. By hand: after the 3rd attempt with jitter
    0.5, 5 * 9 * 1.0 = 45 s.

    Args:
        attempts: how many were made, at least 1.
        age_s: seconds since the event.
        jitter: at least 0.0 and below 1.0.
    """
    left_s = GIVE_UP_S - age_s
    if left_s <= 0:
        return None
    wait_s = min(LONGEST_S, FIRST_S * FACTOR ** min(attempts - 1, 30))
    return min(wait_s * (1 - SPREAD / 2 + SPREAD * jitter), left_s)
