"""Items of several runs matched by (content hash, occurrence)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

ABSENT = -1
"""Stands for an item that a run has not; also the place of a None at the end of a column."""


@dataclass(slots=True)
class PairedItems:
    """Which items of the runs are the same one: at each place of all columns, one item.

    `runs` has a column a run: where its item is among those given, or `ABSENT`. `occurrences`
    counts from 0 in row order which of the items of one content it is.
    """

    runs: list[list[int]]
    occurrences: list[int] = field(default_factory=list)


def pair_up(
    content_hashes: Sequence[bytes], places: Sequence[int], *, run_count: int
) -> PairedItems:
    """The items matched; those of one content must stand together, by run and then by row.

    By hand: a, a of run 0 and a of run 1 become (a, a) and (a, absent).

    Args:
        content_hashes: of each item.
        places: of each item's run among the runs.
        run_count: how many runs there are.
    """
    count = len(content_hashes)
    # Nearly always all runs are over the same rows, and none of these stands twice.
    if len(set(content_hashes)) * run_count == count and _takes_turns(places, run_count):
        columns = [list(range(place, count, run_count)) for place in range(run_count)]
        return PairedItems(columns, [0] * len(columns[0]))
    paired = PairedItems([[] for _ in range(run_count)])
    whole = list(range(run_count))
    for _, found in groupby(range(len(content_hashes)), content_hashes.__getitem__):
        items = list(found)
        if len(items) == run_count and [places[item] for item in items] == whole:
            _add(paired, items, 0)
            continue
        for occurrence, same in enumerate(_by_occurrence(items, places, run_count)):
            _add(paired, same, occurrence)
    return paired


def _takes_turns(places: Sequence[int], run_count: int) -> bool:
    """Whether places are 0, 1, … and so on again."""
    return list(places) == list(range(run_count)) * (len(places) // run_count)


def _by_occurrence(
    items: Sequence[int], places: Sequence[int], run_count: int
) -> Sequence[Sequence[int]]:
    by_run: list[list[int]] = [[] for _ in range(run_count)]
    for item in items:
        by_run[places[item]].append(item)
    return [
        [mine[occurrence] if occurrence < len(mine) else ABSENT for mine in by_run]
        for occurrence in range(max(map(len, by_run)))
    ]


def _add(paired: PairedItems, items: Sequence[int], occurrence: int) -> None:
    for column, item in zip(paired.runs, items, strict=True):
        column.append(item)
    paired.occurrences.append(occurrence)
