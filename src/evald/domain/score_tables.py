"""Scores by one criterion in several runs: how they spread, and how far apart they are."""

from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

from evald.domain.paired_scores import DifferenceTally

BINS = 20
"""Bins between the lowest and the highest score of all runs."""

T = TypeVar("T")
Score = float | None


class ScoreTable:
    """Counts of scores in bins that are the same for all runs, and differences to the first run.

    `bins` has a row a run; `differences` one tally for each run after the first. `pairs` counts
    items of the first two runs by both their bins.
    """

    def __init__(self, low: float, high: float, *, run_count: int) -> None:
        """No score yet, of those between `low` and `high`, which differ."""
        self.low = low
        self.high = high
        self._scale = BINS / (high - low)
        self.bins = [[0] * BINS for _ in range(run_count)]
        self.differences = [DifferenceTally() for _ in range(run_count - 1)]
        self.pairs: Counter[tuple[int, int]] = Counter()

    def add(self, columns: Sequence[Sequence[Score]]) -> None:
        """More items: a column a run, with None where it has no score."""
        binned = [self._binned(column) for column in columns]
        for bins, places in zip(self.bins, binned, strict=True):
            for place, count in Counter(places).items():
                if place is not None:
                    bins[_within(place)] += count
        for tally, column in zip(self.differences, columns[1:], strict=True):
            tally.add_all(_both(column, columns[0]))
        for (one, other), count in Counter(_both(*binned[:2])).items():
            self.pairs[_within(one), _within(other)] += count

    def _binned(self, scores: Sequence[Score]) -> list[int | None]:
        low, scale = self.low, self._scale
        return [None if score is None else int((score - low) * scale) for score in scores]


def _within(place: int) -> int:
    """The bin; the highest score, and what rounding lifts to it, is in the last one."""
    return min(place, BINS - 1)


def _both(mine: Sequence[T | None], other: Sequence[T | None]) -> list[tuple[T, T]]:
    return [
        (one, two)
        for one, two in zip(mine, other, strict=True)
        if one is not None and two is not None
    ]
