"""Estimates: a mean or a mean difference, how sure it is, and the t interval around it."""

import math
from dataclasses import dataclass

from evald.domain.statistics.distributions import critical_t, t_tail
from evald.domain.statistics.intervals import LEVEL, Interval
from evald.domain.statistics.scores import NoScores, Scores


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value estimated from n items, in the unit of their scores.

    `standard_error` is None where one item or one cluster alone was seen, from which nothing can be
    said about others; 0.0 where no two differed, which is no certainty either.
    """

    value: float
    standard_error: float | None
    degrees_of_freedom: int
    n: int


def mean_estimate(scores: Scores) -> Estimate:
    """The mean of independent items, with n - 1 degrees of freedom.

    SE = sqrt(sum of (s_i - mean)^2 / (n (n - 1))). With one item there is none. By hand: 1, 2, 3,
    4, 5 have the mean 3 and SE = sqrt(10 / 20) = 0.7071.

    Raises:
        NoScores: there are none.
    Source: E. Miller, "Adding Error Bars to Evals", arXiv:2411.00640, 2024, on independent
    questions.
    """
    n = scores.n
    if n == 0:
        raise NoScores
    if n == 1:
        return Estimate(scores.mean, None, 0, 1)
    error = math.sqrt(scores.deviations(2) / (n * (n - 1)))
    return Estimate(scores.mean, error, n - 1, n)


def t_interval(estimate: Estimate, *, level: float = LEVEL) -> Interval | None:
    """The interval value +- t_(1 - alpha/2, v) SE, with v degrees of freedom.

    It may reach beyond the scale of the scores. None with one item or one cluster, and where all
    are equal: nothing was seen of how they spread, and an interval without width would claim that
    they do not. By hand: 1, 2, 3, 4, 5: 3 +- 2.7764 * 0.7071 is 1.0368 to 4.9632.

    Raises:
        ValueError: the level is not above 0 and below 1.
    Source: Student, "The Probable Error of a Mean", Biometrika 6, 1908.
    """
    if not estimate.standard_error:
        return None
    reach = critical_t(level, estimate.degrees_of_freedom) * estimate.standard_error
    return Interval(estimate.value - reach, estimate.value + reach, level)


def t_test(estimate: Estimate) -> float:
    """The two-sided p-value of "the truth is 0": 2 P(T > |value| / SE).

    1.0 without a standard error. Where it is 0.0, so is the p-value, but for a value of 0. By hand:
    3 with SE 0.7071 and 4 degrees of freedom: t = 4.2426, p = 0.0132.
    """
    if estimate.standard_error is None or estimate.value == 0:
        return 1.0
    if estimate.standard_error == 0:
        return 0.0
    t = abs(estimate.value) / estimate.standard_error
    return 2 * t_tail(t, estimate.degrees_of_freedom)
