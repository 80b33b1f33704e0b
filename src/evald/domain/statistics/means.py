"""Which interval stands beside a mean, and which beside a mean difference."""

from dataclasses import dataclass
from enum import StrEnum

from evald.domain.statistics.bootstrap import SEED, acceleration, bca_interval
from evald.domain.statistics.distributions import critical_z
from evald.domain.statistics.estimates import mean_estimate, t_interval
from evald.domain.statistics.intervals import LEVEL, Interval, score_interval
from evald.domain.statistics.scores import Scores

SKEWED_FROM = 0.1
"""The skewness of a mean beyond which t misses on one side much oftener than on the other."""

RESAMPLED_FROM, RESAMPLED_TO = 20, 10_000
"""How many items are resampled: with fewer it does not help, with more it takes seconds."""

FEW_DIFFER = 10
"""With fewer items apart from the commonest score, their spread says nothing."""


class Method(StrEnum):
    """How an interval was made."""

    WILSON = "wilson"
    WILSON_BOUND = "wilson_bound"
    STUDENT_T = "student_t"
    BCA_BOOTSTRAP = "bca_bootstrap"
    CLUSTERED_WILSON = "clustered_wilson"
    CLUSTERED_T = "clustered_t"
    NEWCOMBE_PAIRED = "newcombe_paired"


@dataclass(frozen=True, slots=True)
class Chosen:
    """An interval and the method it is made by; None where the scores allow none."""

    interval: Interval | None
    method: Method


def mean_interval(
    scores: Scores, *, scale: Interval | None = None, level: float = LEVEL, seed: int = SEED
) -> Chosen:
    """The interval of a run's mean score over independent items.

    Only 0 and 1 on the scale: Wilson's. Fewer than 10 items apart from the commonest score, as
    where nearly all are perfect: Wilson's with the mean as its rate, which is too wide rather than
    too narrow, since no scores on a scale spread more than those at its ends. Otherwise as
    `difference_interval`. Where a score is off the scale, the latter too.

    Args:
        scores: of the items that have one.
        scale: from the worst to the best possible score; 0.0 to 1.0 if not given.
        level: above 0.0 and below 1.0.
        seed: of the resamples, should there be any.

    Raises:
        NoScores: there are none.
        ValueError: the level is not above 0 and below 1, or the scale has no width.
    Source: ours; simulated in tests/unit/domain/statistics/test_coverage.py.
    """
    low, high = (scale.low, scale.high) if scale else (0.0, 1.0)
    if high <= low:
        raise ValueError(f"{low} to {high} is no scale: the best score must be above the worst.")
    estimate = mean_estimate(scores)
    if scores.values[0] < low or scores.values[-1] > high:
        return difference_interval(scores, level=level, seed=seed)
    binary = all(value in {low, high} for value in scores.values)
    if not binary and scores.n - max(scores.counts) >= FEW_DIFFER:
        return difference_interval(scores, level=level, seed=seed)
    rate = (estimate.value - low) / (high - low)
    shares = score_interval(rate, scores.n, critical=critical_z(level), level=level)
    width = high - low
    stretched = Interval(low + width * shares.low, low + width * shares.high, level)
    return Chosen(stretched, Method.WILSON if binary else Method.WILSON_BOUND)


def difference_interval(differences: Scores, *, level: float = LEVEL, seed: int = SEED) -> Chosen:
    """The interval of a mean difference, or of a mean whose scale is not known.

    BCa with 20 to 10,000 items whose mean has a skewness g / sqrt(n) beyond 0.1, where g is that
    of the items: t would miss 2.5 % at one end by about 0.8 points. Otherwise t. None where all are
    equal, or there is one. By hand: 0, 0, 0, 0, 1 have g / sqrt(n) = 6 a = 0.6708.

    Raises:
        NoScores: there are none.
        ValueError: the level is not above 0 and below 1.
    Source: ours, from the first term of the error of t, P. Hall, "The Bootstrap and Edgeworth
    Expansion", 1992; simulated in tests/unit/domain/statistics/test_coverage.py.
    """
    estimate = mean_estimate(differences)
    skewed = 6 * abs(acceleration(differences)) > SKEWED_FROM
    if skewed and RESAMPLED_FROM <= differences.n <= RESAMPLED_TO:
        return Chosen(bca_interval(differences, level=level, seed=seed), Method.BCA_BOOTSTRAP)
    return Chosen(t_interval(estimate, level=level), Method.STUDENT_T)
