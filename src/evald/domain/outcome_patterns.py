"""What several runs said of the same items, as few patterns that occur many times."""

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import assert_never

from evald.wire.comparisons import ItemChange
from evald.wire.output_items import OutputItemStatus

Outcome = OutputItemStatus | None
"""What a run said of an item; None where it has it not, or no verdict on it."""

Pattern = tuple[Outcome, ...]
"""What each of the runs said of one item, in their order, the baseline first."""


def outcomes_differ(pattern: Pattern) -> bool:
    """Whether not all of the runs that have a verdict on the item have the same."""
    return "pass" in pattern and "fail" in pattern


def has_changed(pattern: Pattern, change: ItemChange, *, candidate: int) -> bool:
    """Whether this is what became of the item between the first run and the one at this place."""
    before, after = pattern[0], pattern[candidate]
    match change:
        case "missing":
            return before is not None and after is None
        case "new":
            return before is None and after is not None
        case "disagreed":
            return outcomes_differ(pattern)
        case "errored":
            return before is not None and after is not None and "error" in (before, after)
        case "regressed":
            return (before, after) == ("pass", "fail")
        case "improved":
            return (before, after) == ("fail", "pass")
        case _:
            assert_never(change)


class OutcomeColumn:
    """A pattern for each of many items: how often each occurs, and which the kept items have.

    Of most items nobody asks again, because all runs agree on them: these are counted, and not
    kept. A kept item takes two bytes: of 8 runs and 4 outcomes there are 65,536 patterns.
    """

    def __init__(self, *, are_verdicts: bool) -> None:
        """No item yet.

        Args:
            are_verdicts: the patterns are of one criterion, by which a run may have no verdict
                on an item that it has; else None means that the run has not the item.
        """
        self._are_verdicts = are_verdicts
        self._numbers = _Numbers()
        self._counts: Counter[int] = Counter()
        self._kept = array("H")

    @property
    def size(self) -> int:
        """Bytes that the kept items take."""
        return len(self._kept) * self._kept.itemsize

    @property
    def counts(self) -> list[tuple[Pattern, int]]:
        """Each pattern, and how many items have it."""
        return [(self._numbers.patterns[number], n) for number, n in self._counts.items()]

    def count(self, patterns: Iterable[Pattern]) -> list[int]:
        """The number of each pattern; all of them are counted."""
        numbers = list(map(self._numbers.__getitem__, patterns))
        self._counts.update(numbers)
        return numbers

    def differing(self, numbers: Sequence[int]) -> list[int]:
        """At which of these places is a pattern on which runs differ, or one errored."""
        wanted = {
            number for number in set(numbers) if self._differs(self._numbers.patterns[number])
        }
        if not wanted:
            return []
        return [place for place, number in enumerate(numbers) if number in wanted]

    def keep(self, numbers: Iterable[int]) -> None:
        """These are the patterns of the next kept items."""
        self._kept.extend(numbers)

    def pattern(self, item: int) -> Pattern:
        """The pattern of this kept item."""
        return self._numbers.patterns[self._kept[item]]

    def changed(self, change: ItemChange, *, candidate: int) -> list[int]:
        """Which of the kept items changed so."""
        wanted = {
            number
            for number, pattern in enumerate(self._numbers.patterns)
            if has_changed(pattern, change, candidate=candidate)
        }
        return [item for item, number in enumerate(self._kept) if number in wanted]

    def change_count(self, change: ItemChange, *, candidate: int) -> int:
        """How many items changed so."""
        return sum(
            count
            for pattern, count in self.counts
            if has_changed(pattern, change, candidate=candidate)
        )

    def _differs(self, pattern: Pattern) -> bool:
        found = {*pattern} - {None} if self._are_verdicts else {*pattern}
        return len(found) > 1 or "error" in found


class _Numbers(dict[Pattern, int]):
    """The number of each pattern that was met, from 0 on."""

    def __init__(self) -> None:
        super().__init__()
        self.patterns: list[Pattern] = []

    def __missing__(self, pattern: Pattern) -> int:
        number = self[pattern] = len(self.patterns)
        self.patterns.append(pattern)
        return number
