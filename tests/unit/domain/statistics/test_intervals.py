"""Wilson's and Clopper and Pearson's intervals."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.statistics.distributions import binomial_probability
from evald.domain.statistics.intervals import (
    Interval,
    clopper_pearson_interval,
    score_interval,
    wilson_interval,
)

INTERVALS = [wilson_interval, clopper_pearson_interval]
counts = st.integers(min_value=0, max_value=300).flatmap(
    lambda n: st.tuples(st.integers(min_value=0, max_value=n), st.just(n))
)
levels = st.floats(min_value=0.5, max_value=0.999)


def near(low: float, high: float) -> tuple[object, object]:
    return (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_wilson_by_hand() -> None:
    found = wilson_interval(8, 10)

    assert (found.low, found.high) == near(0.4902, 0.9433)


def test_clopper_and_pearson_by_hand() -> None:
    found = clopper_pearson_interval(0, 10)

    assert (found.low, found.high) == near(0.0, 0.3085)


def test_where_none_or_all_passed_wilson_reaches_as_far_as_its_formula_says() -> None:
    squared = 1.959963984540054**2
    none, every = wilson_interval(0, 20), wilson_interval(20, 20)

    assert (none.low, every.high) == (0.0, 1.0)
    assert none.high == pytest.approx(squared / (20 + squared))
    assert every.low == pytest.approx(20 / (20 + squared))


def test_where_nothing_was_seen_nothing_is_excluded() -> None:
    assert wilson_interval(0, 0) == clopper_pearson_interval(0, 0) == Interval(0.0, 1.0)


@given(counts, levels)
def test_an_interval_covers_the_rate_it_is_of(count: tuple[int, int], level: float) -> None:
    passed, n = count
    for interval in INTERVALS:
        found = interval(passed, n, level=level)

        assert 0 <= found.low <= found.high <= 1
        assert not n or found.covers(passed / n)
        assert found.level == level


@given(counts, levels)
def test_failures_have_the_mirrored_interval(count: tuple[int, int], level: float) -> None:
    passed, n = count
    for interval in INTERVALS:
        of_passed, of_failed = (
            interval(passed, n, level=level),
            interval(n - passed, n, level=level),
        )

        assert of_passed.low == pytest.approx(1 - of_failed.high, abs=1e-9)
        assert of_passed.high == pytest.approx(1 - of_failed.low, abs=1e-9)


@given(counts, levels, levels)
def test_a_higher_level_makes_a_wider_interval(
    count: tuple[int, int], one: float, other: float
) -> None:
    for interval in INTERVALS:
        inner = interval(*count, level=min(one, other))
        outer = interval(*count, level=max(one, other))

        assert outer.low <= inner.low + 1e-12
        assert inner.high <= outer.high + 1e-12


def coverage(intervals: list[Interval], rate: float) -> float:
    """How often the interval of n items covers the true rate: summed over all counts, exactly."""
    n = len(intervals) - 1
    return sum(
        binomial_probability(passed, n, rate)
        for passed, interval in enumerate(intervals)
        if interval.covers(rate)
    )


@pytest.mark.parametrize("n", [5, 20, 60])
def test_the_exact_interval_covers_every_rate_at_least_as_often_as_it_says(n: int) -> None:
    intervals = [clopper_pearson_interval(passed, n) for passed in range(n + 1)]

    assert min(coverage(intervals, step / 200) for step in range(1, 200)) >= 0.95


@pytest.mark.parametrize("n", [5, 20, 60])
def test_wilsons_interval_covers_rates_as_often_as_it_says_on_average(n: int) -> None:
    intervals = [wilson_interval(passed, n) for passed in range(n + 1)]
    covered = [coverage(intervals, step / 200) for step in range(1, 200)]

    assert sum(covered) / len(covered) == pytest.approx(0.95, abs=0.01)
    assert min(covered) > 0.82


def test_more_items_of_the_same_rate_make_a_narrower_interval() -> None:
    widths = [
        found.high - found.low
        for found in (wilson_interval(8 * n, 10 * n) for n in (1, 2, 10, 100_000))
    ]

    assert widths == sorted(widths, reverse=True)


def test_items_that_are_worth_fewer_make_a_wider_interval() -> None:
    few = score_interval(0.8, 3.6, critical=2.0, level=0.95)
    many = score_interval(0.8, 10, critical=2.0, level=0.95)

    assert few.low < many.low < many.high < few.high


def test_an_interval_covers_its_ends() -> None:
    interval = Interval(0.2, 0.4)

    assert [interval.covers(value) for value in (0.1, 0.2, 0.3, 0.4, 0.5)] == [
        False, True, True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize(("passed", "n"), [(-1, 10), (11, 10), (0, -1)])
def test_no_more_can_pass_than_there_are(passed: int, n: int) -> None:
    for interval in INTERVALS:
        with pytest.raises(ValueError, match="cannot have passed"):
            interval(passed, n)


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0, math.nan])
def test_a_level_is_between_0_and_1(level: float) -> None:
    for interval in INTERVALS:
        with pytest.raises(ValueError, match="no probability"):
            interval(5, 10, level=level)
