"""One run against another on the same items: the difference, its interval, and what chance says."""

from collections.abc import Sequence
from dataclasses import dataclass

from evald.domain.statistics.clusters import Cluster, clustered_mean, clusters_of
from evald.domain.statistics.differences import newcombe_paired_interval, paired_differences
from evald.domain.statistics.estimates import Estimate, mean_estimate, t_interval, t_test
from evald.domain.statistics.intervals import LEVEL, Interval
from evald.domain.statistics.means import Method, difference_interval
from evald.domain.statistics.paired import PairedPasses, mcnemar_exact, sign_flip_test
from evald.domain.statistics.power import Aim, seen_smallest_difference, smallest_paired_difference
from evald.domain.statistics.scores import NoScores, Scores, counted_scores, scores_of

FLIPPED_UP_TO = 10_000
"""So many items that differ have their signs flipped; beyond, t says the same at once."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The candidate less the baseline, in the unit of the scores; 0.0 to 1.0 for pass rates.

    `units` are what is independent: items, or clusters of them; `standard_error` is None where
    there is one alone. `detectable` is the difference that would have been seen with a probability
    of 0.8, None where it cannot be told. With several comparisons, replace `p_value` by its
    adjusted one before asking for a verdict.
    """

    won: int  # items on which the candidate is better
    lost: int
    tied: int
    units: int
    difference: float
    standard_error: float | None
    interval: Interval | None
    p_value: float
    detectable: float | None
    method: Method
    level: float
    of_rates: bool  # scores are passes: the difference is one of pass rates

    @property
    def n(self) -> int:
        """How many items both runs have a verdict on."""
        return self.won + self.lost + self.tied


@dataclass(frozen=True, slots=True)
class ItemWins:
    """On how many items the candidate is better, worse and as good."""

    won: int
    lost: int
    tied: int


def compare_passes(pairs: PairedPasses, *, level: float = LEVEL) -> Comparison:
    """Two runs of independent items that passed or not.

    Newcombe's paired interval; the p-value is McNemar's exact one. Without items the difference is
    0.0 and the interval -1.0 to 1.0. By hand: 30 both, 12 won, 2 lost, 56 neither: difference 0.1,
    p = 2 * (1 + 14 + 91) / 2^14 = 0.0129.

    Raises:
        ValueError: the level is not above 0.5 and below 1.
    """
    aim = Aim(alpha=1 - level)
    return Comparison(
        won=pairs.won,
        lost=pairs.lost,
        tied=pairs.both + pairs.neither,
        units=pairs.n,
        difference=pairs.difference,
        standard_error=_error_of_passes(pairs),
        interval=newcombe_paired_interval(pairs, level=level),
        p_value=mcnemar_exact(pairs),
        detectable=smallest_paired_difference(max(1, pairs.n), pairs.discordance, aim=aim),
        method=Method.NEWCOMBE_PAIRED,
        level=level,
        of_rates=True,
    )


def compare_scores(
    candidate: Sequence[float],
    baseline: Sequence[float],
    *,
    labels: Sequence[str] | None = None,
    level: float = LEVEL,
) -> Comparison:
    """Two runs with scores of any kind, or of items that come in clusters.

    As `compare_differences`; with labels the interval is t at C - 1 degrees of freedom, and the
    p-value of flipped signs is of whole clusters.

    Raises:
        NoScores: there are no items.
        ValueError: the runs or labels are not equally many, or the level not above 0.5 and
            below 1.
    """
    differences = paired_differences(candidate, baseline)
    if not differences:
        raise NoScores
    of_rates = {*candidate, *baseline} <= {0, 1}
    if labels is None:
        return compare_differences(scores_of(differences), of_rates=of_rates, level=level)
    clusters = clusters_of(differences, labels)
    return compare_clusters(clusters, _wins(scores_of(differences)), of_rates=of_rates, level=level)


def compare_clusters(
    clusters: Sequence[Cluster], wins: ItemWins, *, of_rates: bool = False, level: float = LEVEL
) -> Comparison:
    """Two runs of items that come in clusters, of each of which the sum of differences is known.

    SE and degrees of freedom as in `clustered_mean`; the interval is t, of pass rates no further
    than -1.0 and 1.0, and the p-value that of flipped signs of whole clusters, beyond 10,000 that
    differ of t. By hand: six clusters of 2
    items whose differences sum to 2, 1, 1, 0, 1, 1: difference 6 / 12 = 0.5, sums less 2 * 0.5
    are 1, 0, 0, -1, 0, 0, so SE = sqrt(2 * 6 / 5) / 12 = 0.1291, and p = 2 / 2^5 = 0.0625.

    Args:
        clusters: without empty ones; their totals are of the candidate's score less the baseline's.
        wins: of the items in them.
        of_rates: whether the scores are passes.
        level: above 0.5 and below 1.0.

    Raises:
        NoScores: there are no items.
        ValueError: the level is not above 0.5 and below 1.
    Source: Miller, arXiv:2411.00640, on paired differences with clustered standard errors.
    """
    flipped = scores_of(cluster.total for cluster in clusters)
    estimate = clustered_mean(clusters)
    interval = t_interval(estimate, level=level)
    if of_rates and interval is not None:
        interval = Interval(max(-1.0, interval.low), min(1.0, interval.high), level)
    return Comparison(
        won=wins.won,
        lost=wins.lost,
        tied=wins.tied,
        units=flipped.n,
        difference=estimate.value,
        standard_error=estimate.standard_error,
        interval=interval,
        p_value=_p_value(flipped, estimate),
        detectable=seen_smallest_difference(estimate, aim=Aim(alpha=1 - level)),
        method=Method.CLUSTERED_T,
        level=level,
        of_rates=of_rates,
    )


def compare_differences(
    differences: Scores, *, of_rates: bool = False, level: float = LEVEL
) -> Comparison:
    """Two runs of independent items, by how far their scores are apart on each.

    The interval of `difference_interval`; the p-value is of flipped signs, beyond 10,000 items
    that differ of t. By hand: 0.9, 0.8, 0.7, 0.6, 0.5, 0.4 against 0.5, 0.5, 0.5, 0.5, 0.4, 0.3:
    all six better, difference 0.2, p = 2/64 = 0.0313.

    Args:
        differences: the candidate's score less the baseline's, as `paired_differences` rounds.
        of_rates: whether the scores are passes.
        level: above 0.5 and below 1.0.

    Raises:
        NoScores: there are no items.
        ValueError: the level is not above 0.5 and below 1.
    """
    aim = Aim(alpha=1 - level)
    estimate = mean_estimate(differences)
    chosen = difference_interval(differences, level=level)
    wins = _wins(differences)
    return Comparison(
        won=wins.won,
        lost=wins.lost,
        tied=wins.tied,
        units=differences.n,
        difference=estimate.value,
        standard_error=estimate.standard_error,
        interval=chosen.interval,
        p_value=_p_value(differences, estimate),
        detectable=seen_smallest_difference(estimate, aim=aim),
        method=chosen.method,
        level=level,
        of_rates=of_rates,
    )


def _wins(differences: Scores) -> ItemWins:
    pairs = list(zip(differences.values, differences.counts, strict=True))
    return ItemWins(
        won=sum(count for value, count in pairs if value > 0),
        lost=sum(count for value, count in pairs if value < 0),
        tied=sum(count for value, count in pairs if value == 0),
    )


def _error_of_passes(pairs: PairedPasses) -> float | None:
    if not pairs.n:
        return None
    tied = pairs.both + pairs.neither
    counts = {1.0: pairs.won, -1.0: pairs.lost, 0.0: tied}
    return mean_estimate(counted_scores(counts)).standard_error


def _p_value(flipped: Scores, estimate: Estimate) -> float:
    pairs = zip(flipped.values, flipped.counts, strict=True)
    if sum(count for value, count in pairs if value) > FLIPPED_UP_TO:
        return t_test(estimate)
    return sign_flip_test(flipped)
