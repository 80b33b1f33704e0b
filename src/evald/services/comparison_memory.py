"""Comparisons of ended runs, kept while there is room, so that nobody matches them again."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from evald.ports.kept import StoredRun
from evald.services.run_matching import MatchedRuns
from evald.wire.comparisons import ComparedCandidate, ComparedClusters

MOST_BYTES = 64 * 1_048_576
"""What all comparisons that are kept may take together."""

OWN_BYTES = 65_536
"""What a comparison takes besides its items, about."""

MOST_SAID = 4

Key = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of runs that are matched: a level, and the field by which items hang together.

    `cluster_by` is the field as it is written plainly, empty where each item counts by itself.
    """

    level: float
    cluster_by: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of the runs; `clusters` is None where each item counts by itself.

    `is_whole` says that no more can be said once more items have been gone through.
    """

    candidates: list[ComparedCandidate]
    clusters: ComparedClusters | None = None
    is_whole: bool = True


@dataclass(slots=True)
class KeptComparison:
    """One comparison: the runs matched, once they are, and what was said of them when asked."""

    matched: MatchedRuns | None = None
    said: dict[Asked, Said] = field(default_factory=dict)
    # Two who ask at once would both match the runs, which takes seconds.
    matching: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        return OWN_BYTES + (0 if self.matched is None else self.matched.size)

    def say(self, asked: Asked, said: Said) -> None:
        """This is said when asked so; of few such it is kept, once it is whole."""
        if not said.is_whole:
            return
        if len(self.said) >= MOST_SAID:
            self.said.clear()
        self.said[asked] = said


class ComparisonMemory:
    """The comparisons of a process that were asked for last: losing one costs matching anew."""

    def __init__(self, *, most_bytes: int = MOST_BYTES) -> None:
        """Begins empty."""
        self._most_bytes = most_bytes
        self._kept: OrderedDict[Key, KeptComparison] = OrderedDict()

    @property
    def size(self) -> int:
        """Bytes that all take together, about."""
        return sum(each.size for each in self._kept.values())

    def comparison(self, runs: Sequence[StoredRun]) -> KeptComparison:
        """That of these runs as they are now; a new one, kept if nothing of them changes."""
        key = tuple([(run.id, run.chance, run.tally.total) for run in runs])
        found = self._kept.pop(key, None) or KeptComparison()
        if all(run.has_ended and run.has_verdicts for run in runs):
            self._kept[key] = found
        return found

    def forget_some(self) -> None:
        """What was asked for longest ago is forgotten, until the rest is small enough."""
        while self.size > self._most_bytes:
            self._kept.popitem(last=False)
