"""A run in numbers where items come in clusters: what of it is less sure than it seems."""

from collections.abc import Sequence

from evald.domain.statistics.clusters import Cluster, clustered_mean, design_effect
from evald.domain.statistics.estimates import mean_estimate
from evald.domain.statistics.means import Method
from evald.domain.statistics.rates import counted_clusters_rate
from evald.domain.statistics.scores import counted_scores
from evald.services.context import Context
from evald.services.item_groups import ItemClusters, cluster_items
from evald.services.run_reports import read_run_report, reported_rate
from evald.wire.reports import ReportedClusters, RunReport


async def read_clustered_report(
    context: Context, project_id: str, run_id: str, *, by: str, level: float
) -> RunReport:
    """The run in numbers, and its rate where all items of one value of a field are one look.

    The items are read for two seconds a request at most; the rate is there once all are.

    Args:
        context: the world.
        project_id: whose run it is.
        run_id: the run.
        by: the field, as `item.document`.
        level: of its intervals, above 0.5 and below 1.0.

    Raises:
        RunNotFound: the project has no such run.
        InvalidValue: `by` is no field, or one with too many values.
    """
    clusters = await cluster_items(context, project_id, run_id, by=by)
    report = await read_run_report(context, project_id, run_id, level=level)
    reported = await context.cpu.run(lambda: _reported(clusters, level))
    return report.model_copy(update={"clusters": reported})


def _reported(clusters: ItemClusters, level: float) -> ReportedClusters:
    rate, effect = None, None
    if clusters.is_whole:
        counted = counted_clusters_rate(clusters.outcomes, level=level)
        rate = reported_rate(counted, Method.CLUSTERED_WILSON)
        effect = _design_effect(clusters.passes)
    return ReportedClusters(
        by=clusters.by,
        searched=clusters.searched,
        total=clusters.total,
        clusters=len(clusters.outcomes),
        rate=rate,
        design_effect=effect,
    )


def _design_effect(passes: Sequence[Cluster]) -> float | None:
    items, passed = sum(each.n for each in passes), sum(each.total for each in passes)
    if not items:
        return None
    plain = mean_estimate(counted_scores({1.0: round(passed), 0.0: round(items - passed)}))
    return design_effect(clustered_mean(passes), plain)
