"""Items in clusters, such as questions on one document: they are no independent evidence."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from evald.domain.statistics.distributions import critical_t
from evald.domain.statistics.estimates import Estimate
from evald.domain.statistics.intervals import LEVEL, Interval, score_interval
from evald.domain.statistics.scores import NoScores


@dataclass(frozen=True, slots=True)
class Cluster:
    """The n items that share a label, and the sum of their scores."""

    n: int
    total: float


def clusters_of(scores: Sequence[float], labels: Sequence[str]) -> tuple[Cluster, ...]:
    """The clusters of items, by label; the score and the label at one place are of one item.

    Raises:
        ValueError: there are not as many labels as scores.
    """
    members: dict[str, list[float]] = {}
    for score, label in zip(scores, labels, strict=True):
        members.setdefault(label, []).append(score)
    return tuple([Cluster(len(each), math.fsum(each)) for each in members.values()])


def clustered_mean(clusters: Sequence[Cluster]) -> Estimate:
    """The mean over all items, with the standard error of clusters and C - 1 degrees of freedom.

    SE = (1/n) sqrt( C/(C - 1) * sum over clusters of (T_c - n_c mean)^2 ), where C clusters have
    n_c items with the sum T_c, and n items in all. A cluster of each item alone gives the plain SE.
    One cluster has none. By hand: (0, 0), (1, 1), (1, 0): mean 0.5, sums less n_c times the mean
    -1, 1, 0, so SE = sqrt(1.5 * 2) / 6 = 0.2887.

    Raises:
        NoScores: there are no items.
    Source: Miller, arXiv:2411.00640, on clustered standard errors, with the correction
    for few clusters C/(C - 1) as in Inspect's `stderr(cluster=...)`.
    """
    n = sum(cluster.n for cluster in clusters)
    if n == 0:
        raise NoScores
    mean = math.fsum(cluster.total for cluster in clusters) / n
    count = len(clusters)
    if count == 1:
        return Estimate(mean, None, 0, n)
    apart = math.fsum((cluster.total - cluster.n * mean) ** 2 for cluster in clusters)
    error = math.sqrt(apart * count / (count - 1)) / n
    return Estimate(mean, error, count - 1, n)


def clustered_wilson_interval(clusters: Sequence[Cluster], *, level: float = LEVEL) -> Interval:
    """Wilson's interval of a pass rate where items come in clusters; totals are those that passed.

    The formula of `wilson_interval` with t at C - 1 degrees of freedom for z, and for n the
    independent items that these are worth, m = p (1 - p) / SE^2, at most n, where p is the rate and
    SE that of `clustered_mean`. A t interval would have no width where all passed; here m is then
    the number of clusters. One cluster, or none, excludes nothing. By hand: (0, 0), (1, 1), (1, 0):
    m = 0.25 / 0.0833 = 3, t = 4.3027: 0.5 +- 0.4637 is 0.0363 to 0.9637.

    Raises:
        ValueError: more of a cluster passed than it has items, or the level is none.
    Source: E. Korn, B. Graubard, "Confidence intervals for proportions with small expected number
    of positive counts estimated from survey data", Survey Methodology 24, 1998 (items' worth, t);
    C. Franco et al., "Comparative Study of Confidence Intervals for Proportions in Complex Sample
    Surveys", Journal of Survey Statistics and Methodology 7, 2019 (with Wilson's interval).
    """
    if any(not 0 <= cluster.total <= cluster.n for cluster in clusters):
        raise ValueError("More items of a cluster cannot have passed than it has.")
    if len(clusters) < 2:
        return Interval(0.0, 1.0, level)
    mean = clustered_mean(clusters)
    critical = critical_t(level, mean.degrees_of_freedom)
    worth = _worth(mean, len(clusters))
    return score_interval(mean.value, worth, critical=critical, level=level)


def _worth(mean: Estimate, clusters: int) -> float:
    """How many independent items would leave a rate as unsure as it is."""
    spread = mean.value * (1 - mean.value)
    if spread == 0:
        return clusters
    if not mean.standard_error:
        return mean.n
    return min(mean.n, spread / mean.standard_error**2)


def design_effect(clustered: Estimate, plain: Estimate) -> float | None:
    """How many times larger the variance is than without clusters: (SE_clustered / SE_plain)^2.

    n items are worth n / effect independent ones. None where an SE is missing or the plain one is
    0. By hand: (0, 0), (1, 1), (1, 0): 0.0833 / 0.05 = 1.6667, so that 6 items are worth 3.6.

    Source: L. Kish, "Survey Sampling", 1965.
    """
    if clustered.standard_error is None or not plain.standard_error:
        return None
    return (clustered.standard_error / plain.standard_error) ** 2


def expected_design_effect(mean_size: float, correlation: float) -> float:
    """The design effect to plan with: 1 + (m - 1) ICC.

    m is the mean number of items of a cluster, ICC how much two items of one cluster correlate. By
    hand: 5 questions on each document, correlated by 0.3: 1 + 4 * 0.3 = 2.2.

    Raises:
        ValueError: the mean size is below 1, or the correlation not between -1 and 1.
    Source: Kish 1965.
    """
    if mean_size < 1 or not -1 <= correlation <= 1:
        raise ValueError(f"There are no clusters of {mean_size} items correlated by {correlation}.")
    return 1 + (mean_size - 1) * correlation
