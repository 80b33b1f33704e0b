"""Grouping a run's items by a field: sums for each of its values, gathered in slices."""

from dataclasses import dataclass

from evald.domain.errors import InvalidValue
from evald.domain.item_filters import read_field
from evald.domain.item_verdicts import criterion_positions
from evald.domain.statistics.clusters import Cluster
from evald.domain.statistics.rates import ClusterCounts
from evald.domain.template import Placeholder
from evald.ports.kept import StoredRun
from evald.services.context import Context
from evald.services.group_memory import Grouping, ItemGroup
from evald.services.item_search import PAGE_BYTES, SLICE_S
from evald.services.run_reports import find_run
from evald.wire.evals import Eval

PAGE_ITEMS = 500
MOST_GROUPS = 100_000
"""Values that a field may have, if items are to be grouped by it."""


@dataclass(frozen=True, slots=True)
class ItemGroups:
    """A run's items grouped by a field: the largest groups first, ties as they were met.

    There are `group_count` groups. `searched` of `total` items are counted by now; asking again
    goes on from there.
    """

    run: StoredRun
    eval: Eval
    by: str
    groups: list[ItemGroup]
    group_count: int
    searched: int
    total: int
    is_whole: bool


@dataclass(frozen=True, slots=True)
class ItemClusters:
    """A run's items in clusters by a field, for what is said of their rate and of their scores.

    `by` is the field in its plain spelling. `passes` and `scores` leave out errored items, which
    `outcomes` has too; `scores` is of the criterion asked for, and empty without one. They say
    something of the run only once they are whole.
    """

    by: str
    passes: list[Cluster]
    scores: list[Cluster]
    outcomes: list[ClusterCounts]
    searched: int
    total: int
    is_whole: bool


async def group_items(
    context: Context, project_id: str, run_id: str, *, by: str, most: int
) -> ItemGroups:
    """The run's items grouped by the field, as far as two more seconds of reading lead.

    Args:
        context: the world.
        project_id: whose run it is.
        run_id: the run.
        by: the field, as `item.category`.
        most: how many groups are answered.

    Raises:
        RunNotFound: the project has no such run.
        InvalidValue: `by` is no field, or one with too many values.
    """
    named = read_field(by, param="by")
    run, an_eval, grouping = await _grouping(context, (project_id, run_id), named)
    async with grouping.reading:
        await _read_on(context, run_id, grouping, by=named.name)
        groups = await context.cpu.run(lambda: grouping.largest(most))
        return ItemGroups(
            run=run,
            eval=an_eval,
            by=named.name,
            groups=groups,
            group_count=grouping.group_count,
            searched=grouping.searched,
            total=_total(run, grouping),
            is_whole=grouping.is_whole,
        )


async def cluster_items(
    context: Context, project_id: str, run_id: str, *, by: str, criterion: int | None = None
) -> ItemClusters:
    """The run's items in clusters by the field, as far as two more seconds of reading lead.

    Args:
        context: the world.
        project_id: whose run it is.
        run_id: the run.
        by: the field, as `item.document`.
        criterion: the position of the testing criterion that judges; None for all of them.

    Raises:
        RunNotFound: the project has no such run.
        InvalidValue: `by` is no field, or one with too many values.
    """
    named = read_field(by, param="cluster_by")
    run, _, grouping = await _grouping(context, (project_id, run_id), named)
    async with grouping.reading:
        await _read_on(context, run_id, grouping, by=named.name)
        return ItemClusters(
            by=named.name,
            outcomes=grouping.outcomes(),
            passes=grouping.passes(criterion),
            scores=[] if criterion is None else grouping.scores(criterion),
            searched=grouping.searched,
            total=_total(run, grouping),
            is_whole=grouping.is_whole,
        )


async def _grouping(
    context: Context, named: tuple[str, str], by: Placeholder
) -> tuple[StoredRun, Eval, Grouping]:
    async with context.store.snapshot() as tx:
        run, an_eval = await find_run(tx, *named)
    positions = criterion_positions(an_eval)
    return run, an_eval, context.group_memory.grouping(run, by, positions)


async def _read_on(context: Context, run_id: str, grouping: Grouping, *, by: str) -> None:
    """More items are counted, for two seconds or up to the last of them."""
    end = context.clock.monotonic() + SLICE_S
    try:
        while not grouping.is_whole:
            if grouping.group_count > MOST_GROUPS:
                raise InvalidValue(
                    f"'{by}' has more than {MOST_GROUPS:,} different values; take a field with "
                    "fewer."
                )
            await _count_next(context, run_id, grouping)
            if context.clock.monotonic() >= end:
                return
    finally:
        context.group_memory.forget_some()


async def _count_next(context: Context, run_id: str, grouping: Grouping) -> None:
    async with context.store.snapshot() as tx:
        items = await tx.chances.items_beyond(
            run_id, grouping.row, most=PAGE_ITEMS, most_bytes=PAGE_BYTES
        )
    if items:
        grouping.add(await context.cpu.run(lambda: grouping.read(items)))
    else:
        grouping.is_whole = True


def _total(run: StoredRun, grouping: Grouping) -> int:
    # Of a run under way, more may be there by now; of an imported one, fewer than it says.
    if grouping.is_whole:
        return grouping.searched
    return max(run.tally.total, grouping.searched)
