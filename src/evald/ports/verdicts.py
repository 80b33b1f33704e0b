"""Verdicts: what each testing criterion said of each item, in a table narrow enough to sum up."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from evald.ports.kept import Page, StoredOutputItem
from evald.wire.output_items import OutputItemStatus

MatchOrder = Literal["row", "score"]


@dataclass(frozen=True, slots=True)
class ScoreSums:
    """Sums over the scores by one criterion of all of a run's items that have one.

    `low` and `high` are the smallest and the largest score; 0.0 where `count` is 0.
    """

    criterion: int
    count: int
    total: float
    total_of_squares: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ScoreCount:
    """How many scores of a criterion lie in the bin of this 0-based number."""

    criterion: int
    bin: int
    count: int


@dataclass(frozen=True, slots=True)
class VerdictFilter:
    """Which of a run's items: those to which all that is not None applies.

    `outcome`, `low` and `high` (both inclusive) are of the verdict by `criterion`, and there only
    where `criterion` is. Ordered by `row`, or by the score of `criterion`, ties by row; descending,
    ties too. Items to which `criterion` gave no score come last, whichever way scores go.
    """

    status: OutputItemStatus | None = None
    criterion: int | None = None
    outcome: OutputItemStatus | None = None
    low: float | None = None
    high: float | None = None
    order: MatchOrder = "row"
    is_descending: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of filtered items ended: the row, and its score where scores order them.

    There, a score of None is that of an item without one.
    """

    row: int
    score: float | None = None


@dataclass(frozen=True, slots=True)
class RunToMatch:
    """A run whose items are matched with those of others.

    `criteria` are the positions, in its eval, of the criteria that all of the runs are asked for,
    in one order for all; None where its eval has none such.
    """

    run_id: str
    criteria: Sequence[int | None]


@dataclass(frozen=True, slots=True)
class ItemsToMatch:
    """Items of several runs, narrow, column by column: at one place of all columns is one item.

    Those of one content stand together, by run and then by row. `places` are of their runs among
    those asked for. Of every criterion asked for there are `outcomes` and `scores`, None where it
    said nothing.
    """

    content_hashes: Sequence[bytes]
    places: Sequence[int]
    rows: Sequence[int]
    statuses: Sequence[OutputItemStatus]
    outcomes: Sequence[Sequence[OutputItemStatus | None]]
    scores: Sequence[Sequence[float | None]]


class VerdictTable(Protocol):
    """Verdicts of output items; written along with them by whoever records items."""

    async def sums(self, run_id: str) -> list[ScoreSums]:
        """The sums of every criterion that has given a score, by criterion."""
        ...

    async def histogram(
        self, run_id: str, bins: int, *, of: Sequence[ScoreSums]
    ) -> list[ScoreCount]:
        """The scores of these criteria in equal bins between their lowest and highest score.

        The highest score lies in the last bin; where all scores are equal, in the first.
        Empty bins are left out.
        """
        ...

    async def score_counts(
        self, run_id: str, criterion: int, *, most: int
    ) -> dict[float, int] | None:
        """How often each score of a criterion occurs; None where more than `most` differ."""
        ...

    async def page(
        self,
        run_id: str,
        asked: VerdictFilter,
        *,
        after: Place | None,
        limit: int,
        most_bytes: int | None = None,
    ) -> Page[StoredOutputItem]:
        """The next items that the filter lets through, beyond `after`, in the filter's order.

        With `most_bytes` no more than fit into so many as they are kept; one that is larger comes
        alone.
        """
        ...

    async def count(self, run_id: str, asked: VerdictFilter, *, most: int) -> int:
        """How many items the filter lets through, counted no further than `most`."""
        ...

    async def items(self, run_id: str, rows: Sequence[int]) -> list[StoredOutputItem]:
        """The run's items of these rows, by row; of rows that have none, none."""
        ...

    def to_match(self, runs: Sequence[RunToMatch]) -> AsyncGenerator[ItemsToMatch, None]:
        """All items of these runs, by content hash; all of one content come at once.

        No more than some ten thousand items come at once, unless more have one content. They are
        sorted before the first comes, which takes the most of the time.
        """
        ...

    async def unindexed(self) -> list[str]:
        """Ended runs of which nobody has seen since that they have all verdicts, oldest first."""
        ...

    async def index(self, run_id: str, items: Sequence[StoredOutputItem], *, chance: int) -> bool:
        """The run's items have their `verdicts`, whatever they had before.

        Says whether the run is there, and was not taken up again since that chance; nothing is
        kept where it is not.
        """
        ...

    async def settle(self, run_id: str, *, chance: int, indexed: int) -> bool:
        """The run of that chance has all verdicts: those it was recorded with, or else `indexed`.

        Says whether that is so: it is not where items came meanwhile that were not indexed.
        """
        ...
