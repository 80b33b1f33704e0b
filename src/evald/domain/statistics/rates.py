"""Pass rates as they are shown: with an interval, and with errored items in both readings."""

from collections.abc import Sequence
from dataclasses import dataclass

from evald.domain.statistics.clusters import Cluster, clustered_wilson_interval, clusters_of
from evald.domain.statistics.intervals import LEVEL, Interval, wilson_interval


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `n` items, with Wilson's interval of their share."""

    count: int
    n: int
    interval: Interval

    @property
    def value(self) -> float | None:
        """The share count / n, from 0.0 to 1.0; None where there is nothing to share."""
        return self.count / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class Rate:
    """A pass rate in both readings, and the share of errors that makes them differ.

    Neither reading is right by itself: leaving errored items out flatters a model whose hard items
    errored, and counting them as failed blames it for a provider that was down.
    """

    graded: Share  # passed, of the items with a verdict ("complete cases")
    errors_failed: Share  # passed, of all items: no verdict counts as failed
    errored: Share  # without a verdict, of all items


@dataclass(frozen=True, slots=True)
class ClusterCounts:
    """How many items of one cluster passed, failed and have no verdict."""

    passed: int
    failed: int
    errored: int


def pass_rate(passed: int, failed: int, *, errored: int, level: float = LEVEL) -> Rate:
    """The rate of independent items, with Wilson's intervals.

    graded = passed / (passed + failed); errors_failed = passed / (passed + failed + errored). By
    hand: 8 passed, 2 failed, 10 errored: 0.8 of 10 graded, 0.4 of all 20, 0.5 errored.

    Raises:
        ValueError: a count is below 0, or the level not above 0 and below 1.
    """
    graded = passed + failed
    whole = graded + errored
    return Rate(
        graded=_share(passed, graded, level),
        errors_failed=_share(passed, whole, level),
        errored=_share(errored, whole, level),
    )


def clustered_pass_rate(
    verdicts: Sequence[bool | None], labels: Sequence[str], *, level: float = LEVEL
) -> Rate:
    """The rate of items in clusters, each reading with Wilson's interval for clusters.

    Args:
        verdicts: passed or not; None for an errored item.
        labels: of the cluster of each item, in the same order.
        level: above 0.0 and below 1.0.

    Raises:
        ValueError: there are not as many labels as verdicts, or the level is none.
    """
    pairs = list(zip(verdicts, labels, strict=True))
    return Rate(
        graded=_clustered_share([(v, label) for v, label in pairs if v is not None], level),
        errors_failed=_clustered_share([(v is True, label) for v, label in pairs], level),
        errored=_clustered_share([(v is None, label) for v, label in pairs], level),
    )


def counted_clusters_rate(clusters: Sequence[ClusterCounts], *, level: float = LEVEL) -> Rate:
    """As `clustered_pass_rate`, where of each cluster alone is known how many did what.

    Clusters without any item of a reading are not among those of its interval. By hand: of two
    documents 8 passed and 2 errored, 2 failed: 0.8 of 10 graded, 0.6667 of all 12.

    Raises:
        ValueError: the level is not above 0 and below 1.
    """
    whole = [(each.passed + each.failed + each.errored, each) for each in clusters]
    return Rate(
        graded=_share_of([Cluster(n - each.errored, each.passed) for n, each in whole], level),
        errors_failed=_share_of([Cluster(n, each.passed) for n, each in whole], level),
        errored=_share_of([Cluster(n, each.errored) for n, each in whole], level),
    )


def _share(count: int, n: int, level: float) -> Share:
    return Share(count, n, wilson_interval(count, n, level=level))


def _clustered_share(counted: list[tuple[bool, str]], level: float) -> Share:
    flags = [flag for flag, _ in counted]
    clusters = clusters_of(flags, [label for _, label in counted])
    return Share(sum(flags), len(flags), clustered_wilson_interval(clusters, level=level))


def _share_of(clusters: Sequence[Cluster], level: float) -> Share:
    there = [each for each in clusters if each.n]
    count = round(sum(each.total for each in there))
    interval = clustered_wilson_interval(there, level=level)
    return Share(count, sum(each.n for each in there), interval)
