"""Tails and quantiles: values worked by hand, and laws. Libraries: test_against_libraries."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.statistics.distributions import (
    beta_cdf,
    beta_quantile,
    binomial_cdf,
    binomial_probability,
    critical_t,
    critical_z,
    normal_cdf,
    normal_quantile,
    t_quantile,
    t_tail,
    tail_of,
)

probabilities = st.floats(min_value=0.001, max_value=0.999)
shapes = st.floats(min_value=0.5, max_value=500)


@pytest.mark.parametrize(
    ("found", "by_hand"),
    [
        (normal_cdf(0), 0.5),
        (normal_cdf(1.96), 0.9750021),
        (normal_quantile(0.975), 1.9599640),
        (tail_of(0.95), 0.025),
        (critical_z(0.95), 1.9599640),
        (beta_cdf(0.5, 2, 2), 0.5),
        (beta_cdf(0.3, 1, 1), 0.3),
        (beta_quantile(0.975, 1, 10), 0.3084971),
        (t_tail(0, 3), 0.5),
        (t_tail(1, 1), 0.25),
        (t_tail(-1, 1), 0.75),
        (t_tail(math.inf, 7), 0.0),
        (t_tail(-math.inf, 7), 1.0),
        (t_quantile(0.75, 1), 1.0),
        (t_quantile(0.5, 9), 0.0),
        (t_quantile(0.975, 4), 2.7764451),
        (critical_t(0.95, 4), 2.7764451),
        (binomial_probability(1, 8, 0.5), 8 / 256),
        (binomial_cdf(1, 8, 0.5), 9 / 256),
    ],
)
def test_what_the_docstrings_work_by_hand(found: float, by_hand: float) -> None:
    assert found == pytest.approx(by_hand, abs=1e-7)


@pytest.mark.parametrize(
    ("found", "edge"),
    [
        (beta_cdf(-0.1, 2, 3), 0.0),
        (beta_cdf(0.0, 2, 3), 0.0),
        (beta_cdf(1.0, 2, 3), 1.0),
        (beta_quantile(0, 2, 3), 0.0),
        (beta_quantile(1, 2, 3), 1.0),
        (binomial_cdf(-1, 5, 0.5), 0.0),
        (binomial_cdf(5, 5, 0.5), 1.0),
        (binomial_cdf(0, 0, 0.5), 1.0),
        (binomial_probability(-1, 5, 0.5), 0.0),
        (binomial_probability(6, 5, 0.5), 0.0),
        (binomial_probability(0, 5, 0), 1.0),
        (binomial_probability(4, 5, 1), 0.0),
    ],
)
def test_at_the_edges(found: float, edge: float) -> None:
    assert found == edge


def test_far_out_a_lower_tail_is_small_and_not_zero() -> None:
    assert normal_cdf(-10) == pytest.approx(7.6198530e-24)
    assert t_tail(40, 30) == pytest.approx(9.5e-28, rel=0.05)


def test_what_does_not_settle_ends_all_the_same() -> None:
    assert beta_cdf(0.5, 5e8, 5e8) == pytest.approx(0.5, abs=1e-3)
    assert beta_quantile(1e-100, 0.5, 0.5) < 1e-50


@given(probabilities, shapes, shapes)
def test_the_beta_quantile_undoes_the_beta_cdf(p: float, a: float, b: float) -> None:
    assert beta_cdf(beta_quantile(p, a, b), a, b) == pytest.approx(p, abs=1e-9)


@given(probabilities, shapes, shapes)
def test_beta_turned_around_has_its_shapes_swapped(x: float, a: float, b: float) -> None:
    assert beta_cdf(x, a, b) == pytest.approx(1 - beta_cdf(1 - x, b, a), abs=1e-10)


@given(probabilities, st.integers(min_value=1, max_value=5_000))
def test_the_t_quantile_undoes_the_t_tail(p: float, degrees_of_freedom: int) -> None:
    t = t_quantile(p, degrees_of_freedom)

    assert t_tail(t, degrees_of_freedom) == pytest.approx(1 - p, abs=1e-9)


@given(probabilities, st.integers(min_value=1, max_value=5_000))
def test_t_is_symmetric(p: float, degrees_of_freedom: int) -> None:
    other = -t_quantile(1 - p, degrees_of_freedom)

    assert t_quantile(p, degrees_of_freedom) == pytest.approx(other, abs=1e-9)


def test_t_with_many_degrees_of_freedom_is_normal() -> None:
    assert critical_t(0.95, 1_000_000) == pytest.approx(critical_z(0.95), rel=1e-5)


@given(st.integers(min_value=0, max_value=60), st.floats(min_value=0.01, max_value=0.99))
def test_binomial_probabilities_add_up_to_the_cdf(n: int, p: float) -> None:
    sums = 0.0
    for k in range(n + 1):
        sums += binomial_probability(k, n, p)

        assert binomial_cdf(k, n, p) == pytest.approx(sums, abs=1e-12)


@pytest.mark.parametrize("p", [0.0, 1.0, -0.1, 1.1, math.nan])
def test_no_quantile_is_found_for_what_is_no_probability(p: float) -> None:
    with pytest.raises(ValueError, match="no probability"):
        normal_quantile(p)
    with pytest.raises(ValueError, match="no probability"):
        t_quantile(p, 3)


def test_a_distribution_needs_shapes_and_freedom() -> None:
    with pytest.raises(ValueError, match="no distribution"):
        beta_cdf(0.5, 0, 1)
    with pytest.raises(ValueError, match="no distribution"):
        beta_quantile(0.5, 1, -1)
    with pytest.raises(ValueError, match="no probability"):
        beta_quantile(1.5, 1, 1)
    with pytest.raises(ValueError, match="too few"):
        t_tail(1.0, 0)
