"""What two runs said of the same items, summed up by the clusters that the items are in."""

from array import array
from collections import Counter
from collections.abc import Iterable

from evald.domain.outcome_patterns import Outcome
from evald.domain.paired_scores import FINE_PLACES
from evald.domain.statistics.clusters import Cluster
from evald.domain.statistics.comparisons import Comparison, ItemWins, compare_clusters

UNCLUSTERED = -1
"""Stands for the cluster of an item that is in none, and does not count."""

CELL_BYTES = 16
"""What a cluster takes in one tally."""


class ClusterTally:
    """Differences of two runs by cluster: memory goes with the clusters, of which there are few."""

    def __init__(self, cluster_count: int) -> None:
        """No item yet; clusters are numbered from 0 on."""
        self._items = array("q", [0]) * cluster_count
        self._sums = array("d", [0.0]) * cluster_count
        self._won = self._lost = self._tied = 0

    def add_passes(self, items: Iterable[tuple[int, Outcome, Outcome]]) -> None:
        """More items: each one's cluster, and what the candidate and the baseline said of it."""
        for (cluster, candidate, baseline), count in Counter(items).items():
            if _is_verdict(candidate) and _is_verdict(baseline):
                difference = (candidate == "pass") - (baseline == "pass")
                self._add(cluster, difference, count)

    def add_scores(self, items: Iterable[tuple[int, float | None, float | None]]) -> None:
        """More items: each one's cluster, and the candidate's and the baseline's score of it."""
        for cluster, candidate, baseline in items:
            if candidate is not None and baseline is not None:
                self._add(cluster, round(candidate - baseline, FINE_PLACES), 1)

    def compared(self, level: float, *, of_rates: bool) -> Comparison | None:
        """How the runs compare; None where no item of a cluster has a verdict, or score, in both.

        Clusters without such an item do not count.
        """
        clusters = [
            # Sums of the same differences in another order are a rounding error apart.
            Cluster(n, round(total, FINE_PLACES))
            for n, total in zip(self._items, self._sums, strict=True)
            if n
        ]
        if not clusters:
            return None
        wins = ItemWins(self._won, self._lost, self._tied)
        return compare_clusters(clusters, wins, of_rates=of_rates, level=level)

    def _add(self, cluster: int, difference: float, count: int) -> None:
        if cluster == UNCLUSTERED:
            return
        self._items[cluster] += count
        self._sums[cluster] += count * difference
        if difference > 0:
            self._won += count
        elif difference < 0:
            self._lost += count
        else:
            self._tied += count


def _is_verdict(outcome: Outcome) -> bool:
    return outcome == "pass" or outcome == "fail"  # noqa: PLR1714  # a set would be hashed a row
