"""One run against another on the same items: the difference, its interval, and what chance says."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from evald.domain.statistics.clusters import clustered_mean, clusters_of
from evald.domain.statistics.differences import newcombe_paired_interval, paired_differences
from evald.domain.statistics.estimates import Estimate, mean_estimate, t_interval, t_test
from evald.domain.statistics.intervals import LEVEL, Interval
from evald.domain.statistics.means import Method, difference_interval
from evald.domain.statistics.paired import PairedPasses, mcnemar_exact, sign_flip_test
from evald.domain.statistics.power import Aim, seen_smallest_difference, smallest_paired_difference
from evald.domain.statistics.scores import NoScores, Scores, scores_of

FLIPPED_UP_TO = 10_000
"""So many items that differ have their signs flipped; beyond, t says the same at once."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The candidate less the baseline, in the unit of the scores; 0.0 to 1.0 for pass rates.

    `units` are what is independent: items, or clusters of them. `detectable` is the difference that
    would have been seen with a probability of 0.8, None where it cannot be told. With several
    comparisons, replace `p_value` by its adjusted one before asking for a verdict.
    """

    won: int  # items on which the candidate is better
    lost: int
    tied: int
    units: int
    difference: float
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
    compared = compare_differences(
        scores_of(differences), of_rates={*candidate, *baseline} <= {0, 1}, level=level
    )
    if labels is None:
        return compared
    clusters = clusters_of(differences, labels)
    flipped = scores_of(cluster.total for cluster in clusters)
    estimate = clustered_mean(clusters)
    return replace(
        compared,
        units=flipped.n,
        difference=estimate.value,
        interval=t_interval(estimate, level=level),
        p_value=_p_value(flipped, estimate),
        detectable=seen_smallest_difference(estimate, aim=Aim(alpha=1 - level)),
        method=Method.CLUSTERED_T,
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
    pairs = list(zip(differences.values, differences.counts, strict=True))
    return Comparison(
        won=sum(count for value, count in pairs if value > 0),
        lost=sum(count for value, count in pairs if value < 0),
        tied=sum(count for value, count in pairs if value == 0),
        units=differences.n,
        difference=estimate.value,
        interval=chosen.interval,
        p_value=_p_value(differences, estimate),
        detectable=seen_smallest_difference(estimate, aim=aim),
        method=chosen.method,
        level=level,
        of_rates=of_rates,
    )


def _p_value(flipped: Scores, estimate: Estimate) -> float:
    pairs = zip(flipped.values, flipped.counts, strict=True)
    if sum(count for value, count in pairs if value) > FLIPPED_UP_TO:
        return t_test(estimate)
    return sign_flip_test(flipped)
