"""Runs matched item by item: what is counted of them, and which items differ between them."""

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from evald.domain.item_matching import ABSENT, PairedItems, pair_up
from evald.domain.outcome_patterns import OutcomeColumn
from evald.domain.score_tables import ScoreTable
from evald.domain.statistics.comparisons import Comparison
from evald.ports.cpu import Cpu
from evald.ports.store import Transaction
from evald.ports.verdicts import ItemsToMatch, RunToMatch, ScoreSums
from evald.wire.evals import EchoedCriterion, Eval, echoed_criteria

T = TypeVar("T")
MOST_CRITERIA = 50
"""So many criteria at most are compared: the first of the baseline's that are in others too."""


@dataclass(slots=True)
class MatchedCriterion:
    """A testing criterion of the baseline that is in another run's eval too, and what it said.

    `positions` are in each run's eval, None where it has none such. `sums` are each run's over all
    its scores, None where it has none; `scores` is None where they say no more than passes.
    """

    criterion: EchoedCriterion
    positions: Sequence[int | None]
    sums: Sequence[ScoreSums | None]
    outcomes: OutcomeColumn
    scores: ScoreTable | None


@dataclass(frozen=True, slots=True)
class Look:
    """A candidate, by its place among the runs, by all criteria or by one of those matched."""

    place: int
    criterion: int | None = None


@dataclass(frozen=True, slots=True)
class Apart:
    """How far a candidate is from the baseline at a look; None where nothing can be said."""

    passes: Comparison | None = None
    scores: Comparison | None = None


class MatchedRuns:
    """All items of some runs, each once: counted, and kept where runs differ or one errored.

    A kept item takes eight bytes a run for its rows, and two a criterion for its outcomes.
    """

    def __init__(self, run_count: int, criteria: Sequence[MatchedCriterion]) -> None:
        """No item yet."""
        self.criteria = criteria
        self.statuses = OutcomeColumn(are_verdicts=False)
        self.rows = [array("q") for _ in range(run_count)]
        self.occurrences = array("q")

    @property
    def size(self) -> int:
        """Bytes that the kept items take."""
        columns = [self.statuses, *(each.outcomes for each in self.criteria)]
        numbers = [*self.rows, self.occurrences]
        return sum(each.size for each in columns) + sum(8 * len(each) for each in numbers)

    def take(self, items: ItemsToMatch) -> None:
        """More items, all that there are of their contents."""
        paired = pair_up(items.content_hashes, items.places, run_count=len(self.rows))
        columns = [self.statuses, *(each.outcomes for each in self.criteria)]
        numbered = [
            column.count(zip(*sided(said, paired), strict=True))
            for column, said in zip(columns, [items.statuses, *items.outcomes], strict=True)
        ]
        differing: set[int] = set()
        for column, numbers in zip(columns, numbered, strict=True):
            differing.update(column.differing(numbers))
        self._keep(items, paired, differing, numbered)
        for each, scores in zip(self.criteria, items.scores, strict=True):
            if each.scores is not None:
                each.scores.add(list(sided(scores, paired)))

    def _keep(
        self,
        items: ItemsToMatch,
        paired: PairedItems,
        differing: Iterable[int],
        numbered: Sequence[Sequence[int]],
    ) -> None:
        kept = sorted(differing)
        rows = [*items.rows, ABSENT]
        for mine, places in zip(self.rows, paired.runs, strict=True):
            mine.extend([rows[places[item]] for item in kept])
        self.occurrences.extend([paired.occurrences[item] for item in kept])
        columns = [self.statuses, *(each.outcomes for each in self.criteria)]
        for column, numbers in zip(columns, numbered, strict=True):
            column.keep([numbers[item] for item in kept])


async def match_runs(
    tx: Transaction, run_ids: Sequence[str], evals: Sequence[Eval], *, cpu: Cpu
) -> MatchedRuns:
    """All items of the runs of these evals, matched by (content hash, occurrence)."""
    sums = [{each.criterion: each for each in await tx.verdicts.sums(run_id)} for run_id in run_ids]
    matched = MatchedRuns(len(run_ids), list(_criteria(evals, sums)))
    await take_matches(tx, runs_to_match(run_ids, matched.criteria), matched.take, cpu=cpu)
    return matched


def runs_to_match(run_ids: Sequence[str], criteria: Sequence[MatchedCriterion]) -> list[RunToMatch]:
    """The runs, each with where these criteria stand in its eval."""
    return [
        RunToMatch(run_id, [each.positions[place] for each in criteria])
        for place, run_id in enumerate(run_ids)
    ]


async def take_matches(
    tx: Transaction, runs: Sequence[RunToMatch], take: Callable[[ItemsToMatch], None], *, cpu: Cpu
) -> None:
    """All items of the runs are given to `take`, off the event loop, some ten thousand at once."""
    async with aclosing(tx.verdicts.to_match(runs)) as chunks:
        async for items in chunks:
            await cpu.run(partial(take, items))


def looks_at(criteria: Sequence[MatchedCriterion], *, run_count: int) -> Iterator[Look]:
    """Every candidate by all criteria, and by each that it shares with the baseline."""
    for place in range(1, run_count):
        yield Look(place)
        for number, each in enumerate(criteria):
            if each.positions[place] is not None:
                yield Look(place, number)


def sided(said: Sequence[T], paired: PairedItems) -> Iterator[list[T | None]]:
    """The column, taken apart by run and matched; None where a run has not the item."""
    found: list[T | None] = [*said, None]  # where `ABSENT` leads to
    for places in paired.runs:
        yield [found[place] for place in places]


def _criteria(
    evals: Sequence[Eval], sums: Sequence[dict[int, ScoreSums]]
) -> Iterator[MatchedCriterion]:
    baseline, *candidates = [echoed_criteria(each) for each in evals]
    found = [_by_criterion(each) for each in candidates]
    count = 0
    for place, each in enumerate(baseline):
        positions: list[int | None] = [place]
        positions += [places.get(each.id, places.get(each.name)) for places in found]
        if count == MOST_CRITERIA or all(other is None for other in positions[1:]):
            continue
        count += 1
        mine = [
            None if position is None else scored.get(position)
            for position, scored in zip(positions, sums, strict=True)
        ]
        yield MatchedCriterion(
            criterion=each,
            positions=positions,
            sums=mine,
            outcomes=OutcomeColumn(are_verdicts=True),
            scores=_table(mine),
        )


def _by_criterion(criteria: Sequence[EchoedCriterion]) -> dict[str, int]:
    """Where each criterion stands, by its id, or else, as in another eval, by its name."""
    placed = list(reversed(list(enumerate(criteria))))
    return {each.name: place for place, each in placed} | {each.id: place for place, each in placed}


def _table(sums: Sequence[ScoreSums | None]) -> ScoreTable | None:
    found = [each for each in sums if each is not None]
    if all(map(_is_binary, found)):
        return None
    low, high = min(each.low for each in found), max(each.high for each in found)
    return ScoreTable(low, high, run_count=len(sums)) if low < high else None


def _is_binary(sums: ScoreSums) -> bool:
    """Whether all scores are 0 or 1: those between are larger than their squares."""
    is_within = sums.low >= 0 and sums.high <= 1
    return is_within and sums.total == sums.total_of_squares
