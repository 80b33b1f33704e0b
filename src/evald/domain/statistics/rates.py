"""Pass rates as they are shown: with an interval, and with errored items in both readings."""

from collections.abc import Sequence
from dataclasses import dataclass

from evald.domain.statistics.clusters import clustered_wilson_interval, clusters_of
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


def _share(count: int, n: int, level: float) -> Share:
    return Share(count, n, wilson_interval(count, n, level=level))


def _clustered_share(counted: list[tuple[bool, str]], level: float) -> Share:
    flags = [flag for flag, _ in counted]
    clusters = clusters_of(flags, [label for _, label in counted])
    return Share(sum(flags), len(flags), clustered_wilson_interval(clusters, level=level))
