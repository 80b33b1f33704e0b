"""What two runs said of the same items, summed up as it goes by: passes and score differences."""

from collections import Counter
from collections.abc import Collection

from evald.domain.statistics.comparisons import Comparison, compare_differences, compare_passes
from evald.domain.statistics.paired import PairedPasses
from evald.domain.statistics.scores import counted_scores
from evald.wire.output_items import OutputItemStatus

FINE_PLACES, COARSE_PLACES = 12, 4
"""Decimal places to which differences are told apart, at first and once too many differ."""

MOST_DIFFERENT = 50_000


class PassTally:
    """Items of two runs by who passed them; `errored` have no verdict in one of the two."""

    def __init__(self) -> None:
        """No item yet."""
        self.errored = 0
        self._counts: Counter[tuple[bool, bool]] = Counter()

    def add(
        self, candidate: OutputItemStatus, baseline: OutputItemStatus, *, count: int = 1
    ) -> None:
        """So many items more."""
        if "error" in (candidate, baseline):
            self.errored += count
        else:
            self._counts[candidate == "pass", baseline == "pass"] += count

    def compared(self, level: float) -> Comparison | None:
        """How the passes compare; None where no item has a verdict in both runs."""
        counts = self._counts
        pairs = PairedPasses(
            both=counts[True, True],
            won=counts[True, False],
            lost=counts[False, True],
            neither=counts[False, False],
        )
        return compare_passes(pairs, level=level) if pairs.n else None


class DifferenceTally:
    """Score differences, each with how often it occurs: memory goes with the different ones."""

    def __init__(self) -> None:
        """No item yet."""
        self._counts: Counter[float] = Counter()
        self._places = FINE_PLACES
        self._is_binary = True

    def add(self, candidate: float, baseline: float) -> None:
        """One more item that has a score in both runs."""
        self.add_all([(candidate, baseline)])

    def add_all(self, pairs: Collection[tuple[float, float]]) -> None:
        """More items, each with the candidate's and the baseline's score."""
        if self._is_binary:
            self._is_binary = {score for pair in pairs for score in pair} <= {0.0, 1.0}
        places = self._places
        self._counts.update([round(candidate - baseline, places) for candidate, baseline in pairs])
        if len(self._counts) > MOST_DIFFERENT and places == FINE_PLACES:
            self._coarsen()

    @property
    def says_more_than_passes(self) -> bool:
        """Whether there are scores, and not all of them are 0 or 1."""
        return not self._is_binary and bool(self._counts)

    def compared(self, level: float) -> Comparison | None:
        """How the scores compare; None where they say no more than passes, or there are none."""
        if not self.says_more_than_passes:
            return None
        return compare_differences(counted_scores(self._counts), level=level)

    def _coarsen(self) -> None:
        # A run of a million items with a score of its own each is summed up to four places.
        self._places = COARSE_PLACES
        coarse: Counter[float] = Counter()
        for difference, count in self._counts.items():
            coarse[round(difference, COARSE_PLACES)] += count
        self._counts = coarse
