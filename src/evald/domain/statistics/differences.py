"""How far apart two runs are: intervals of the difference, for the same items and for others."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from evald.domain.statistics.clusters import clustered_mean, clusters_of
from evald.domain.statistics.estimates import Estimate, mean_estimate
from evald.domain.statistics.intervals import LEVEL, Interval, wilson_interval
from evald.domain.statistics.paired import PairedPasses
from evald.domain.statistics.scores import scores_of

_PLACES = 12


@dataclass(frozen=True, slots=True)
class Passes:
    """How many of n items of one run passed."""

    passed: int
    n: int


def newcombe_interval(candidate: Passes, baseline: Passes, *, level: float = LEVEL) -> Interval:
    """The interval of p1 - p2 for two runs that share no items.

    p1 - p2 - sqrt((p1 - l1)^2 + (u2 - p2)^2) to p1 - p2 + sqrt((u1 - p1)^2 + (p2 - l2)^2), where
    l and u are the ends of each rate's Wilson interval, 1 the candidate and 2 the baseline. From
    -1.0 to 1.0, and all of it where a run has no items. By hand (Newcombe's own
    example): 56 of 70 against 48 of 80: 0.2, 0.0524 to 0.3339.

    Raises:
        ValueError: more passed than there are, or the level is none.
    Source: R. Newcombe, "Interval estimation for the difference between independent proportions:
    comparison of eleven methods", Statistics in Medicine 17, 1998, 873-890, method 10.
    """
    return _square_and_add(candidate, baseline, correlation=0.0, level=level)


def newcombe_paired_interval(pairs: PairedPasses, *, level: float = LEVEL) -> Interval:
    """The interval of the candidate's pass rate less the baseline's, on the same items.

    As `newcombe_interval`, with -2 f (p1 - l1)(u2 - p2) and -2 f (u1 - p1)(p2 - l2) under the two
    roots. f is how much the runs correlate: with a items passed by both, b by the candidate alone,
    c by the baseline alone and d by neither, and D = ad - bc: f = K / sqrt((a+b)(c+d)(a+c)(b+d)),
    K = D - n/2 but not below 0 where D > 0, otherwise K = D; f = 0 where the root is 0. It has a
    width also without discordant items. By hand (Altman's example): a, b, c, d = 14, 5, 0, 22:
    D = 308, f = 287.5 / sqrt(19 * 22 * 14 * 27) = 0.7233; 0.1220, 0.0115 to 0.2265.

    Raises:
        ValueError: the level is not above 0 and below 1.
    Source: R. Newcombe, "Improved confidence intervals for the difference between binomial
    proportions based on paired data", Statistics in Medicine 17, 1998, 2635-2650, method 10.
    """
    candidate = Passes(pairs.both + pairs.won, pairs.n)
    baseline = Passes(pairs.both + pairs.lost, pairs.n)
    return _square_and_add(candidate, baseline, correlation=_correlation(pairs), level=level)


def paired_differences(candidate: Sequence[float], baseline: Sequence[float]) -> list[float]:
    """The candidate's score less the baseline's; what stands at one place is of one item.

    Rounded to 12 places, since 0.9 - 0.8 and 0.8 - 0.7 are not the same float, and runs that are
    apart by 0.1 on every item would seem to spread.

    Raises:
        ValueError: one run has more items than the other.
    """
    return [round(mine - other, _PLACES) for mine, other in zip(candidate, baseline, strict=True)]


def mean_difference(differences: Sequence[float], labels: Sequence[str] | None = None) -> Estimate:
    """The mean of paired differences d_i, with SE = sqrt(sum of (d_i - mean)^2 / (n (n - 1))).

    So what both runs find hard does not count as uncertainty: SE^2 = SE_1^2 + SE_2^2 - 2 Cov / n.
    With labels, the standard error and the degrees of freedom are those of clusters. By hand:
    differences 1, 0, 1, 0: 0.5, SE = sqrt(1 / 12) = 0.2887.

    Raises:
        NoScores: there are none.
        ValueError: there are not as many labels as differences.
    Source: Miller, arXiv:2411.00640, on paired differences.
    """
    if labels is None:
        return mean_estimate(scores_of(differences))
    return clustered_mean(clusters_of(differences, labels))


def _square_and_add(first: Passes, second: Passes, *, correlation: float, level: float) -> Interval:
    one = wilson_interval(first.passed, first.n, level=level)
    two = wilson_interval(second.passed, second.n, level=level)
    if first.n == 0 or second.n == 0:
        return Interval(-1.0, 1.0, level)
    rate_one, rate_two = first.passed / first.n, second.passed / second.n
    apart = rate_one - rate_two
    below = _joined(rate_one - one.low, two.high - rate_two, correlation)
    above = _joined(one.high - rate_one, rate_two - two.low, correlation)
    return Interval(max(-1.0, apart - below), min(1.0, apart + above), level)


def _joined(one: float, other: float, correlation: float) -> float:
    squared = one * one - 2 * correlation * one * other + other * other
    return math.sqrt(max(0.0, squared))


def _correlation(pairs: PairedPasses) -> float:
    a, b, c, d = pairs.both, pairs.won, pairs.lost, pairs.neither
    root = math.sqrt((a + b) * (c + d) * (a + c) * (b + d))
    if root == 0:
        return 0.0
    cross = a * d - b * c
    return (max(0.0, cross - pairs.n / 2) if cross > 0 else cross) / root
