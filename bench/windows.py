"""Whether a run goes on evenly: rows a second by time, and by their place in a shard."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

WINDOW_S = 0.25
SHARD_ROWS = 256


@dataclass(frozen=True, slots=True)
class Evenness:
    """The rows a second of each window of a run, in order."""

    rates: Sequence[float]

    @property
    def median(self) -> float:
        """Rows a second of the usual window."""
        return statistics.median(self.rates)

    @property
    def worst(self) -> float:
        """Rows a second of the slowest."""
        return min(self.rates)

    def sentence(self) -> str:
        """The worst beside the median, and when it was."""
        at = self.rates.index(self.worst) * WINDOW_S
        return (
            f"median {self.median:,.0f}, worst {self.worst:,.0f} rows/s"
            f" ({self.worst / self.median:.2f} of it, {at:g} s after the first answer)"
        )


def evenness(answered_at: Sequence[float]) -> Evenness:
    """The whole windows between first and last answer; the last, begun, is left out.

    Raises:
        ValueError: not one window is whole.
    """
    first = answered_at[0]
    counts = [0] * int((answered_at[-1] - first) / WINDOW_S)
    if not counts:
        raise ValueError(f"A run of less than {WINDOW_S} s has no windows.")
    for each in answered_at:
        window = int((each - first) / WINDOW_S)
        if window < len(counts):
            counts[window] += 1
    return Evenness([count / WINDOW_S for count in counts])


def by_quarter(answered_at: Sequence[float]) -> list[float]:
    """Rows a second in the first to fourth quarter of a shard: medians over the whole shards.

    Answers come about in the order of rows. A stall at the borders of shards shows in the first
    quarter or the last, and what else the machine does falls on all alike.

    Raises:
        statistics.StatisticsError: there is not one whole shard.
    """
    quarter = SHARD_ROWS // 4
    return [
        statistics.median(
            quarter / (answered_at[first + quarter] - answered_at[first])
            for first in range(place * quarter, len(answered_at) - quarter, SHARD_ROWS)
        )
        for place in range(4)
    ]
