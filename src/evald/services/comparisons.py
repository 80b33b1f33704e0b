"""Runs compared item by item: what got better, what got worse, and what chance says of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from evald.domain.item_filters import read_field
from evald.domain.outcome_patterns import OutcomeColumn, outcomes_differ
from evald.domain.paired_scores import FINE_PLACES, PassTally
from evald.domain.score_tables import BINS
from evald.domain.statistics.comparisons import Comparison as Compared
from evald.domain.statistics.means import Method
from evald.domain.statistics.rates import pass_rate
from evald.domain.statistics.several import benjamini_hochberg, holm
from evald.domain.statistics.verdicts import verdict_on
from evald.domain.template import Placeholder
from evald.ports.kept import StoredRun
from evald.ports.verdicts import ScoreSums
from evald.services.clustered_matching import match_in_clusters, read_labels
from evald.services.comparison_memory import Asked, KeptComparison, Said
from evald.services.context import Context
from evald.services.row_labels import RowLabels
from evald.services.run_matching import (
    Apart,
    Look,
    MatchedCriterion,
    MatchedRuns,
    looks_at,
    match_runs,
)
from evald.services.run_reports import find_run, reported_interval, reported_rate
from evald.wire.comparisons import (
    ComparedCandidate,
    ComparedClusters,
    ComparedCriterion,
    ComparedRun,
    ComparedScores,
    Comparison,
    Finding,
    RunScores,
)
from evald.wire.evals import Eval

NOTHING: Final = Apart()


@dataclass(frozen=True, slots=True)
class RunsSideBySide:
    """Some runs, the baseline first, with their evals, matched with one another."""

    runs: Sequence[StoredRun]
    evals: Sequence[Eval]
    matched: MatchedRuns
    kept: KeptComparison


async def put_side_by_side(
    context: Context, project_id: str, run_ids: Sequence[str]
) -> RunsSideBySide:
    """The runs matched item by item; of ended ones that is done once, and kept for a while.

    Args:
        context: the world.
        project_id: whose runs they are.
        run_ids: two or more, each once; the baseline first.

    Raises:
        RunNotFound: the project has no run of one of these ids.
    """
    async with context.store.snapshot() as tx:
        found = [await find_run(tx, project_id, run_id) for run_id in run_ids]
    runs, evals = [run for run, _ in found], [an_eval for _, an_eval in found]
    kept = context.comparison_memory.comparison(runs)
    async with kept.matching:
        if kept.matched is None:
            async with context.store.snapshot() as tx:
                kept.matched = await match_runs(tx, run_ids, evals, cpu=context.cpu)
            context.comparison_memory.forget_some()
        return RunsSideBySide(runs, evals, kept.matched, kept)


async def compare_runs(
    context: Context, beside: RunsSideBySide, *, level: float, cluster_by: str | None = None
) -> Comparison:
    """What is to be said of the runs, each against the first.

    Clusters are gathered for two seconds a request; until they are whole, there are no findings.

    Args:
        context: the world.
        beside: the runs.
        level: of intervals; a verdict other than "no detectable change" is wrong as rarely.
        cluster_by: the field by which items hang together, as `item.document`; None: by none.

    Raises:
        InvalidValue: `cluster_by` is no field, or one that no item of the baseline has, or one with
            too many values.
    """
    by = None if cluster_by is None else read_field(cluster_by, param="cluster_by")
    asked = Asked(level, "" if by is None else by.name)
    kept, matched = beside.kept, beside.matched
    async with kept.matching:
        said = kept.said.get(asked)
        if said is None:
            said = await _say(context, beside, level=level, by=by)
            kept.say(asked, said)
    return Comparison(
        runs=[_compared_run(run, level) for run in beside.runs],
        clusters=said.clusters,
        candidates=said.candidates,
        scores=[found for each in matched.criteria if (found := _scores(each)) is not None],
        disagreed=sum(n for pattern, n in matched.statuses.counts if outcomes_differ(pattern)),
        has_verdicts=all(run.has_verdicts for run in beside.runs),
    )


async def _say(
    context: Context, beside: RunsSideBySide, *, level: float, by: Placeholder | None
) -> Said:
    runs, matched = beside.runs, beside.matched
    if by is None:
        # Resampling ten thousand differences takes seconds.
        apart = await context.cpu.run(partial(_apart, matched, level, run_count=len(runs)))
        return Said(_candidates(runs, matched, apart))
    labels = await read_labels(context, runs[0], by)
    clusters = _clusters(labels, runs[0], by)
    if not labels.is_whole:
        return Said(_candidates(runs, matched, {}), clusters, is_whole=False)
    found = await match_in_clusters(context, [run.id for run in runs], matched, labels)
    apart = await context.cpu.run(partial(found.apart, level))
    return Said(_candidates(runs, matched, apart), clusters)


def _clusters(labels: RowLabels, baseline: StoredRun, by: Placeholder) -> ComparedClusters:
    searched = labels.searched
    # Of a run under way, more may be there by now; of an imported one, fewer than it says.
    total = searched if labels.is_whole else max(baseline.tally.total, searched)
    return ComparedClusters(by=by.name, searched=searched, total=total, clusters=labels.value_count)


def _apart(matched: MatchedRuns, level: float, *, run_count: int) -> dict[Look, Apart]:
    """How far each candidate is from the baseline, where each item counts by itself."""
    apart = {}
    for look in looks_at(matched.criteria, run_count=run_count):
        if look.criterion is None:
            passes = _passes(matched.statuses, look.place)
            apart[look] = Apart(passes.compared(level))
            continue
        each = matched.criteria[look.criterion]
        scores = None if each.scores is None else each.scores.differences[look.place - 1]
        apart[look] = Apart(
            passes=_passes(each.outcomes, look.place).compared(level),
            scores=None if scores is None else scores.compared(level),
        )
    return apart


def _candidates(
    runs: Sequence[StoredRun], matched: MatchedRuns, apart: Mapping[Look, Apart]
) -> list[ComparedCandidate]:
    """What is said of each candidate; p-values are adjusted for all that are made at once."""
    places = range(1, len(runs))
    looks = [
        (each, each.criterion)
        for each in looks_at(matched.criteria, run_count=len(runs))
        if each.criterion is not None
    ]
    overall = _findings([apart.get(Look(place), NOTHING).passes for place in places], holm)
    shared = [apart.get(look, NOTHING) for look, _ in looks]
    # Both of one list: passes and scores by a criterion are two looks at the same answers.
    compared = [each.passes for each in shared] + [each.scores for each in shared]
    findings = _findings(compared, benjamini_hochberg)
    found = zip(looks, findings[: len(looks)], findings[len(looks) :], strict=True)
    criteria: dict[int, list[ComparedCriterion]] = {place: [] for place in places}
    for (look, criterion), of_passes, of_scores in found:
        said = matched.criteria[criterion].criterion
        criteria[look.place].append(
            ComparedCriterion(id=said.id, name=said.name, passes=of_passes, scores=of_scores)
        )
    return [
        ComparedCandidate(
            run_id=runs[place].id,
            matched=sum(n for p, n in matched.statuses.counts if None not in (p[0], p[place])),
            errored=_passes(matched.statuses, place).errored,
            missing=matched.statuses.change_count("missing", candidate=place),
            new=matched.statuses.change_count("new", candidate=place),
            passes=finding,
            criteria=criteria[place],
        )
        for place, finding in zip(places, overall, strict=True)
    ]


def _findings(
    compared: Sequence[Compared | None], adjust: Callable[[Sequence[float]], list[float]]
) -> list[Finding | None]:
    """What each comparison says, given that all of them were made."""
    adjusted = iter(adjust([each.p_value for each in compared if each is not None]))
    return [None if each is None else _finding(each, next(adjusted)) for each in compared]


def _finding(compared: Compared, p_adjusted: float) -> Finding:
    # What is left of differences that cancel out is nothing, and must not be shown as 4.4e-17.
    difference = round(compared.difference, FINE_PLACES)
    verdict = verdict_on(replace(compared, p_value=p_adjusted, difference=difference))
    interval = compared.interval
    return Finding(
        n=compared.n,
        better=compared.won,
        worse=compared.lost,
        same=compared.tied,
        clusters=compared.units if compared.method is Method.CLUSTERED_T else None,
        difference=difference,
        standard_error=compared.standard_error,
        interval=None if interval is None else reported_interval(interval, compared.method),
        p_value=compared.p_value,
        p_adjusted=p_adjusted,
        detectable_difference=compared.detectable,
        verdict=verdict.word.value,
        sentence=verdict.sentence,
    )


def _passes(column: OutcomeColumn, place: int) -> PassTally:
    """The items that the run at this place and the baseline both have, by who passed them."""
    tally = PassTally()
    for pattern, count in column.counts:
        candidate, baseline = pattern[place], pattern[0]
        if candidate is not None and baseline is not None:
            tally.add(candidate, baseline, count=count)
    return tally


def _scores(each: MatchedCriterion) -> ComparedScores | None:
    table = each.scores
    if table is None:
        return None
    pairs = [(one, other, count) for (one, other), count in sorted(table.pairs.items())]
    return ComparedScores(
        id=each.criterion.id,
        name=each.criterion.name,
        low=table.low,
        high=table.high,
        runs=[_run_scores(*each) for each in zip(each.sums, table.bins, strict=True)],
        pairs=pairs if len(each.sums) == 2 else None,
    )


def _run_scores(sums: ScoreSums | None, bins: list[int]) -> RunScores:
    if sums is None:
        return RunScores(n=0, mean=None, bins=[0] * BINS)
    return RunScores(n=sums.count, mean=sums.total / sums.count, bins=bins)


def _compared_run(run: StoredRun, level: float) -> ComparedRun:
    tally = run.tally
    rate = pass_rate(tally.passed, tally.failed, errored=tally.errored, level=level)
    return ComparedRun.model_construct(
        run_id=run.id,
        eval_id=run.eval_id,
        name=run.name,
        model=run.model,
        status=run.status,
        rate=reported_rate(rate),
    )
