"""Scores as statistics take them: each value with how often it occurs, in no other order."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


class NoScores(ValueError):
    """A mean was asked for where there is nothing to take it of."""

    def __init__(self) -> None:
        super().__init__("There are no scores, so they have no mean.")


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores, lowest first: `values` differ, and `counts` says how often each occurs.

    What is worked out of them cannot depend on the order of items, and a million items with eleven
    different scores are no more work than eleven.
    """

    values: tuple[float, ...]
    counts: tuple[int, ...]

    @property
    def n(self) -> int:
        """How many scores there are."""
        return sum(self.counts)

    @property
    def mean(self) -> float:
        """Their sum divided by n. By hand: 1, 2, 3, 4, 5 have the mean 3.

        Raises:
            NoScores: there are none.
        """
        if not self.values:
            raise NoScores
        if len(self.values) == 1:
            return self.values[0]  # the sum divided by n may be a rounding error away
        return math.fsum(map(_product, self.values, self.counts)) / self.n

    def deviations(self, power: int) -> float:
        """The sum of (s_i - mean)^power. By hand: 1, 2, 3, 4, 5 have 10 for power 2.

        All equal, it is 0.0 exactly.

        Raises:
            NoScores: there are none.
        """
        if len(self.values) == 1:
            return 0.0
        mean = self.mean
        powers = [(value - mean) ** power for value in self.values]
        return math.fsum(map(_product, powers, self.counts))


def scores_of(scores: Iterable[float]) -> Scores:
    """The scores of items, in any order; items without a score are left out by the caller.

    Raises:
        ValueError: a score is not a finite number.
    """
    return counted_scores(Counter(scores))


def counted_scores(counts: Mapping[float, int]) -> Scores:
    """Scores of which it is known how often each occurs; what occurs 0 times is left out.

    Raises:
        ValueError: a score is not a finite number, or occurs less than 0 times.
    """
    for score, count in counts.items():
        if not math.isfinite(score):
            raise ValueError(f"{score} is no score: an item without a verdict has none.")
        if count < 0:
            raise ValueError(f"The score {score} cannot occur {count} times.")
    values = sorted(score for score, count in counts.items() if count)
    return Scores(tuple(values), tuple([counts[value] for value in values]))


def _product(value: float, count: int) -> float:
    return value * count
