"""When deliveries are tried again; ours, within the documented 72 hours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.webhooks.schedule import FIRST_S, GIVE_UP_S, LONGEST_S, next_attempt_s


@pytest.mark.parametrize(
    ("attempts", "age_s", "jitter", "wait_s"),
    [
        (1, 0, 0.5, 5.0),
        (3, 60, 0.5, 45.0),
        (3, 60, 0.0, 40.5),
        (20, 100_000, 0.5, LONGEST_S),
        (10_000, 100_000, 0.5, LONGEST_S),
        (20, GIVE_UP_S - 60, 0.5, 60),  # the last attempt falls on the 72nd hour
        (1, GIVE_UP_S, 0.5, None),
        (1, GIVE_UP_S + 1, 0.5, None),
    ],
)
def test_wait(attempts: int, age_s: float, jitter: float, wait_s: float | None) -> None:
    found = next_attempt_s(attempts, age_s=age_s, jitter=jitter)

    assert found == (None if wait_s is None else pytest.approx(wait_s))


@given(jitters=st.lists(st.floats(0, 1, exclude_max=True), min_size=40, max_size=40))
def test_attempts_end_with_the_72nd_hour_and_are_few(jitters: list[float]) -> None:
    age_s, attempts = 0.0, 1
    for jitter in jitters:
        wait_s = next_attempt_s(attempts, age_s=age_s, jitter=jitter)
        if wait_s is None:
            break
        assert wait_s >= FIRST_S * 0.9 or age_s + wait_s == pytest.approx(GIVE_UP_S)
        age_s, attempts = age_s + wait_s, attempts + 1

    assert age_s == pytest.approx(GIVE_UP_S)
    assert 12 <= attempts <= 22
