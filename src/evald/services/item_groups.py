"""Grouping a run's items by a field: sums for each of its values, gathered in slices."""

from dataclasses import dataclass, field, replace

from evald.domain.item_filters import read_field
from evald.domain.item_verdicts import criterion_positions
from evald.domain.statistics.clusters import Cluster
from evald.domain.statistics.rates import ClusterCounts
from evald.ports.kept import StoredRun
from evald.services.context import Context
from evald.services.group_memory import Grouping, ItemFilter, ItemGroup
from evald.services.item_query import ItemQuery
from evald.services.item_search import count_searched, verdict_filter
from evald.services.item_slices import Slice, read_on, refuse_unknown_field
from evald.services.run_reports import find_run
from evald.wire.evals import Eval


@dataclass(frozen=True, slots=True)
class GroupsAsked:
    """Groups by the field `by`, such as `item.category`: so many of the largest are answered.

    Grouped are the items that the query finds; its order, place and limit mean nothing.
    """

    by: str
    most: int
    query: ItemQuery = field(default_factory=ItemQuery)


@dataclass(frozen=True, slots=True)
class ItemGroups:
    """A run's items grouped by a field: the largest groups first, ties as they were met.

    There are `group_count` groups, of `grouped` items. `searched` of the `total` items that status
    and verdicts let through were looked at by now, `skipped` of them not, since a text was too long
    for the regular expression; asking again goes on from there.
    """

    run: StoredRun
    eval: Eval
    by: str
    groups: list[ItemGroup]
    group_count: int
    grouped: int
    searched: int
    total: int
    skipped: int
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
    context: Context, project_id: str, run_id: str, asked: GroupsAsked
) -> ItemGroups:
    """The run's items grouped by the field, as far as two more seconds of reading lead.

    Raises:
        RunNotFound: the project has no such run.
        InvalidValue: `by` is no field, or one with too many values, or the eval has no such
            criterion.
    """
    named = read_field(asked.by, param="by")
    async with context.store.snapshot() as tx:
        run, an_eval = await find_run(tx, project_id, run_id)
        # Order plays no part, and groups are gathered by row.
        verdicts = replace(verdict_filter(asked.query, an_eval), order="row", is_descending=False)
        total = await count_searched(tx, run, verdicts)
    only = ItemFilter(verdicts, asked.query.texts)
    grouping = context.group_memory.grouping(
        run, named, positions=criterion_positions(an_eval), only=only
    )
    async with grouping.reading:
        await _read_on(context, grouping, Slice(run_id, named.name, "by", verdicts))
        groups = await context.cpu.run(lambda: grouping.largest(asked.most))
        return ItemGroups(
            run=run,
            eval=an_eval,
            by=named.name,
            groups=groups,
            group_count=grouping.value_count,
            grouped=grouping.grouped,
            searched=grouping.searched,
            total=_total(total, grouping),
            skipped=grouping.skipped,
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
        InvalidValue: `by` is no field, or one that no item has, or one with too many values.
    """
    named = read_field(by, param="cluster_by")
    of = Slice(run_id, named.name, "cluster_by")
    async with context.store.snapshot() as tx:
        run, an_eval = await find_run(tx, project_id, run_id)
    grouping = context.group_memory.grouping(run, named, positions=criterion_positions(an_eval))
    async with grouping.reading:
        await _read_on(context, grouping, of)
        refuse_unknown_field(grouping, of)
        return ItemClusters(
            by=named.name,
            outcomes=grouping.outcomes(),
            passes=grouping.passes(criterion),
            scores=[] if criterion is None else grouping.scores(criterion),
            searched=grouping.searched,
            total=_total(run.tally.total, grouping),
            is_whole=grouping.is_whole,
        )


async def _read_on(context: Context, grouping: Grouping, of: Slice) -> None:
    try:
        await read_on(context, grouping, of)
    finally:
        context.group_memory.forget_some()


def _total(total: int, grouping: Grouping) -> int:
    # Of a run under way, more may be there by now; of an imported one, fewer than it says.
    return grouping.searched if grouping.is_whole else max(total, grouping.searched)
