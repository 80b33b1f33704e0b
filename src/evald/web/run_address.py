"""What of a run is shown: its address as a value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from evald.wire.output_items import OutputItemStatus


@dataclass(frozen=True, slots=True)
class RunAddress:
    """Which items of a run are shown, in which order, from where, and which of them is open.

    `status` up to `where` are the filter, `after` and `before` the place where a page begins or
    ends. Scores are as they were written. `item` is the id or the row of the item that is open.
    `is_still` says that the page of a run in progress does not follow it.
    """

    eval_id: str
    run_id: str
    status: OutputItemStatus | None = None
    after: str | None = None
    is_still: bool = False
    criterion: str = ""
    outcome: OutputItemStatus | None = None
    min_score: str = ""
    max_score: str = ""
    text: str = ""
    regex: str = ""
    where: Sequence[str] = ()
    sort: str = ""
    order: str = ""
    group_by: str = ""
    before: str | None = None
    item: str = ""
    has_spaces: bool = False
    has_markdown: bool = False

    @property
    def is_filtered(self) -> bool:
        """Whether some items are left out."""
        return bool(self.status or self.criterion or self.is_searched)

    @property
    def is_searched(self) -> bool:
        """Whether items are chosen by what they say."""
        return bool(self.text or self.regex or self.where)

    def first(self) -> "RunAddress":
        """The first page of the same items, none of them open."""
        return replace(self, after=None, before=None, item="")

    def all(self) -> "RunAddress":
        """All items."""
        return RunAddress(
            self.eval_id,
            self.run_id,
            is_still=self.is_still,
            has_spaces=self.has_spaces,
            has_markdown=self.has_markdown,
        )

    def query(self) -> Mapping[str, str | Sequence[str] | None]:
        """The query that says all this."""
        return {
            "run_id": self.run_id,
            "status": self.status,
            "criterion": self.criterion,
            "outcome": self.outcome,
            "min_score": self.min_score,
            "max_score": self.max_score,
            "text": self.text,
            "regex": self.regex,
            "where": self.where,
            "sort": self.sort,
            "order": self.order,
            "group_by": self.group_by,
            "after": self.after,
            "before": self.before,
            "item": self.item,
            "spaces": "on" if self.has_spaces else None,
            "markdown": "on" if self.has_markdown else None,
            "refresh": "off" if self.is_still else None,
        }
