"""What of a comparison is shown: its address as a value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from evald.wire.comparisons import ItemChange


@dataclass(frozen=True, slots=True)
class CompareAddress:
    """Which runs are compared, the baseline first, and which changed items are shown.

    `cluster_by` is the field by which items hang together, empty where each counts by itself.
    `change` is None for the first kind that there is. `candidate` is the run of which the change
    is told, empty for the second one; `criterion` the one whose outcomes are meant instead of the
    items'. `after` is the row before the page's first one, `item` the row of the item that is open.
    """

    runs: Sequence[str]
    level: str = ""
    cluster_by: str = ""
    change: ItemChange | None = None
    candidate: str = ""
    criterion: str = ""
    after: int | None = None
    item: int | None = None
    has_differences: bool = True

    def first(self) -> "CompareAddress":
        """The first page of the same items, none of them open."""
        return replace(self, after=None, item=None)

    def query(self) -> Mapping[str, str | None]:
        """The query that says all this."""
        return {
            "runs": ",".join(self.runs),
            "level": self.level,
            "cluster_by": self.cluster_by,
            "change": self.change,
            "candidate": self.candidate,
            "criterion": self.criterion,
            "after": None if self.after is None else str(self.after),
            "item": None if self.item is None else str(self.item),
            "diff": None if self.has_differences else "off",
        }
