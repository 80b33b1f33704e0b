"""Random counts."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.statistics.distributions import binomial_probability
from evald.domain.statistics.draws import draw_binomial, draw_counts


@given(st.integers(min_value=0, max_value=500), st.integers(min_value=0, max_value=50))
def test_no_more_succeed_than_are_drawn(n: int, part: int) -> None:
    assert 0 <= draw_binomial(Random(1), n, part, 50) <= n


@given(st.integers(min_value=0, max_value=500))
def test_what_never_or_always_succeeds(n: int) -> None:
    assert draw_binomial(Random(1), n, 0, 7) == 0
    assert draw_binomial(Random(1), n, 7, 7) == n


@pytest.mark.parametrize(("n", "part", "whole"), [(1, 1, 3), (4, 1, 2), (6, 2, 7)])
def test_each_count_is_as_frequent_as_it_is_probable(n: int, part: int, whole: int) -> None:
    rng, times = Random(5), 20_000

    seen = Counter(draw_binomial(rng, n, part, whole) for _ in range(times))

    for k in range(n + 1):
        expected = times * binomial_probability(k, n, part / whole)
        assert abs(seen[k] - expected) < 5 * expected**0.5 + 1


@given(st.lists(st.integers(min_value=0, max_value=30), min_size=1, max_size=12))
def test_as_many_are_drawn_as_there_are_and_only_of_kinds_there_are(counts: list[int]) -> None:
    drawn = draw_counts(Random(3), counts)

    assert sum(drawn) == sum(counts)
    assert all(count or not times for count, times in zip(counts, drawn, strict=True))


def test_kinds_are_drawn_in_proportion() -> None:
    rng, counts, times = Random(7), [5, 1, 0, 10, 4], 4_000

    sums = [0] * len(counts)
    for _ in range(times):
        sums = [a + b for a, b in zip(sums, draw_counts(rng, counts), strict=True)]

    for count, drawn in zip(counts, sums, strict=True):
        assert drawn / times == pytest.approx(count, abs=5 * (count / times) ** 0.5)


def test_the_seed_decides() -> None:
    assert draw_counts(Random(1), [50, 50]) == draw_counts(Random(1), [50, 50])
    assert draw_counts(Random(1), [5000, 5000]) != draw_counts(Random(2), [5000, 5000])
