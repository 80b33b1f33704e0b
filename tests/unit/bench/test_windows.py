"""Tests of bench.windows."""

import pytest

from bench.windows import SHARD_ROWS, by_quarter, evenness


def test_rows_are_counted_by_quarters_of_a_second() -> None:
    answered_at = [10.0, 10.1, 10.24, 10.25, 10.6, 10.7]

    assert evenness(answered_at).rates == [12.0, 4.0]  # the window from 10.5 on is not whole


def test_a_stall_is_a_window_of_its_own() -> None:
    even = evenness([0.0, 0.1, 0.2, 0.8, 0.9, 1.0])

    assert (even.rates, even.worst, even.median) == ([12.0, 0.0, 0.0, 8.0], 0.0, 4.0)
    assert "0.25 s after the first answer" in even.sentence()


def test_a_run_that_is_over_at_once_has_no_windows() -> None:
    with pytest.raises(ValueError, match="no windows"):
        evenness([0.0, 0.1])


def test_a_stall_at_the_borders_of_shards_shows_in_the_quarter_before_them() -> None:
    # A row each millisecond, and ten more before each shard but the first.
    answered_at = [
        number / 1_000 + number // SHARD_ROWS / 100 for number in range(4 * SHARD_ROWS + 1)
    ]

    quarters = by_quarter(answered_at)

    assert quarters[:3] == pytest.approx([1_000.0] * 3)
    assert quarters[3] == pytest.approx(64 / 0.074)
