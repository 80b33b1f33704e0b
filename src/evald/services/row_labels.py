"""Which cluster each item of a run is in, by a field of the item, gathered in slices."""

import asyncio
from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Sequence

from evald.domain.clustered_pairs import UNCLUSTERED
from evald.domain.exact_json import parse_kept
from evald.domain.item_filters import field_of
from evald.domain.template import Placeholder
from evald.ports.kept import StoredOutputItem, StoredRun
from evald.services.group_memory import value_key

MOST_BYTES = 32 * 1_048_576
"""What all labels that are kept may take together, unless those of one run take more."""

ROW_BYTES, VALUE_BYTES = 12, 250
"""What an item takes, and what a value, about."""


class RowLabels:
    """The clusters of a run's items, numbered from 0 on as they were met, as far as it was read.

    Items without the field are one cluster.
    """

    def __init__(self, by: Placeholder) -> None:
        """Begins with nothing read."""
        self._by = by
        self._rows = array("q")
        self._clusters = array("i")
        self._numbers: dict[str, int] = {}
        self.row = -1
        self.is_whole = False
        # Two who ask at once would both read on from the same row, and label its items twice.
        self.reading = asyncio.Lock()

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        return ROW_BYTES * len(self._rows) + VALUE_BYTES * len(self._numbers)

    @property
    def searched(self) -> int:
        """How many items were read."""
        return len(self._rows)

    @property
    def value_count(self) -> int:
        """How many clusters there are; items without the field count as one."""
        return len(self._numbers)

    @property
    def has_field(self) -> bool:
        """Whether an item was met that has the field."""
        return any(self._numbers)

    def read(self, items: Sequence[StoredOutputItem]) -> list[tuple[int, str]]:
        """The row and the value of each of these items, which are not added yet."""
        return [
            (item.row, value_key(field_of(parse_kept(item.item_json), self._by))) for item in items
        ]

    def add(self, read: Sequence[tuple[int, str]]) -> None:
        """The items, which come next, have their clusters."""
        numbers = self._numbers
        for row, value in read:
            self._rows.append(row)
            self._clusters.append(numbers.setdefault(value, len(numbers)))
            self.row = row

    def of(self, rows: Sequence[int]) -> list[int]:
        """The cluster of the item of each of these rows; that of none where no such was read."""
        return [self._cluster(row) for row in rows]

    def _cluster(self, row: int) -> int:
        at = bisect_left(self._rows, row)
        is_there = at < len(self._rows) and self._rows[at] == row
        return self._clusters[at] if is_there else UNCLUSTERED


class LabelMemory:
    """The labels of a process that were asked for last: losing some costs reading them anew."""

    def __init__(self, *, most_bytes: int = MOST_BYTES) -> None:
        """Begins empty."""
        self._most_bytes = most_bytes
        self._kept: OrderedDict[tuple[str, int, int, str], RowLabels] = OrderedDict()

    @property
    def size(self) -> int:
        """Bytes that all take together, about."""
        return sum(each.size for each in self._kept.values())

    def labels(self, run: StoredRun, by: Placeholder) -> RowLabels:
        """Those of the run as it is now, as far as it was read, or new ones."""
        key = (run.id, run.chance, run.tally.total, by.name)
        labels = self._kept.pop(key, None) or RowLabels(by)
        self._kept[key] = labels
        return labels

    def forget_some(self) -> None:
        """What was asked for longest ago is forgotten, until the rest is small enough."""
        while self.size > self._most_bytes and len(self._kept) > 1:
            self._kept.popitem(last=False)
