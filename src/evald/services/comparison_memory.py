"""Comparisons of ended runs, kept while there is room, so that nobody matches them again."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from evald.ports.kept import StoredRun
from evald.services.run_matching import MatchedRuns
from evald.wire.comparisons import ComparedCandidate

MOST_BYTES = 64 * 1_048_576
"""What all comparisons that are kept may take together."""

OWN_BYTES = 65_536
"""What a comparison takes besides its items, about."""

MOST_LEVELS = 4

Key = tuple[tuple[str, int, int], ...]


@dataclass(slots=True)
class KeptComparison:
    """One comparison: the runs matched, once they are, and what was said of them by level."""

    matched: MatchedRuns | None = None
    said: dict[float, list[ComparedCandidate]] = field(default_factory=dict)
    # Two who ask at once would both match the runs, which takes seconds.
    matching: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        return OWN_BYTES + (0 if self.matched is None else self.matched.size)

    def say(self, level: float, said: list[ComparedCandidate]) -> None:
        """This is said at the level; of few levels it is kept."""
        if len(self.said) >= MOST_LEVELS:
            self.said.clear()
        self.said[level] = said


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
