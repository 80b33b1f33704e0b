"""A run in numbers: rates, scores and costs, each with its interval."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from evald.domain.errors import RunNotFound
from evald.domain.statistics.estimates import Estimate, mean_estimate, t_interval
from evald.domain.statistics.intervals import LEVEL, Interval
from evald.domain.statistics.means import Method, mean_interval
from evald.domain.statistics.power import Aim, smallest_paired_difference
from evald.domain.statistics.rates import Rate, Share, pass_rate
from evald.domain.statistics.scores import Scores, counted_scores
from evald.domain.tally import CriterionCount, Usage
from evald.ports.kept import StoredRun
from evald.ports.store import Transaction
from evald.ports.verdicts import ScoreCount, ScoreSums
from evald.services.context import Context
from evald.wire.evals import EchoedCriterion, Eval, echoed_criteria
from evald.wire.graders import Grader, ScoreModelGrader
from evald.wire.reports import (
    ReportedCriterion,
    ReportedInterval,
    ReportedRate,
    ReportedScores,
    ReportedShare,
    ReportedUsage,
    RunReport,
    ScoreBin,
)

BINS = 20
"""Bars of a histogram."""

MOST_DIFFERENT = 10_000
"""Of so many different scores the interval is made of each; of more, of their sums."""


async def read_run_report(
    context: Context, project_id: str, run_id: str, *, level: float = LEVEL
) -> RunReport:
    """The run in numbers, as of one moment.

    Args:
        context: the world.
        project_id: whose run it is.
        run_id: the run.
        level: of its intervals, above 0.5 and below 1.0.

    Raises:
        RunNotFound: the project has no such run.
    """
    async with context.store.snapshot() as tx:
        run, an_eval = await find_run(tx, project_id, run_id)
        seen = await _seen_scores(tx, run_id)
    graders = {each.id: each.grader for each in an_eval.testing_criteria}
    criteria = list(enumerate(echoed_criteria(an_eval)))

    def reported() -> list[ReportedCriterion]:
        return [
            _criterion(
                each,
                run.tally.criteria.get(each.id, CriterionCount()),
                _scores(seen.get(place), scale_of(graders.get(each.id)), level),
                level=level,
            )
            for place, each in criteria
        ]

    # Resampling ten thousand scores takes seconds.
    return _report(run, await context.cpu.run(reported), level)


async def find_run(tx: Transaction, project_id: str, run_id: str) -> tuple[StoredRun, Eval]:
    """The run and its eval.

    Raises:
        RunNotFound: the project has no such run.
    """
    run = await tx.work.find(run_id)
    if run is None or run.project_id != project_id:
        raise RunNotFound(run_id)
    an_eval = await tx.evals.get(project_id, run.eval_id)
    if an_eval is None:
        raise RunNotFound(run_id)
    return run, an_eval


@dataclass(frozen=True, slots=True)
class _SeenScores:
    """What is known of a criterion's scores; `each` is None where too many differ."""

    sums: ScoreSums
    each: Scores | None
    bins: Sequence[ScoreCount]


async def _seen_scores(tx: Transaction, run_id: str) -> dict[int, _SeenScores]:
    every = await tx.verdicts.sums(run_id)
    counts = {
        each.criterion: await tx.verdicts.score_counts(run_id, each.criterion, most=MOST_DIFFERENT)
        for each in every
    }
    # Where all scores are known, they are counted here: the store would go through them again.
    many = [each for each in every if counts[each.criterion] is None]
    bins = await tx.verdicts.histogram(run_id, BINS, of=many) if many else []
    return {each.criterion: _seen(each, counts[each.criterion], bins) for each in every}


def _seen(
    sums: ScoreSums, counts: Mapping[float, int] | None, bins: Sequence[ScoreCount]
) -> _SeenScores:
    if counts is None:
        mine = [each for each in bins if each.criterion == sums.criterion]
        return _SeenScores(sums, None, mine)
    return _SeenScores(sums, counted_scores(counts), _binned(sums, counts))


def _binned(sums: ScoreSums, counts: Mapping[float, int]) -> list[ScoreCount]:
    """The counts in bins, as the store has them: the highest score is in the last one."""
    width = (sums.high - sums.low) / BINS
    binned = Counter[int]()
    for score, count in counts.items():
        binned[min(BINS - 1, int((score - sums.low) / width)) if width else 0] += count
    return [ScoreCount(sums.criterion, place, count) for place, count in binned.items()]


def scale_of(grader: Grader | None) -> Interval | None:
    """From the worst to the best score that a grader may give; None where nobody knows."""
    if isinstance(grader, ScoreModelGrader) and grader.range is not None:
        low, high = grader.range
        return Interval(low, high) if low < high else None
    return None


def _report(run: StoredRun, criteria: list[ReportedCriterion], level: float) -> RunReport:
    tally = run.tally
    rate = pass_rate(tally.passed, tally.failed, errored=tally.errored, level=level)
    planned = run.planned_rows
    return RunReport.model_construct(
        object="evald.run.report",
        run_id=run.id,
        eval_id=run.eval_id,
        name=run.name,
        status=run.status,
        model=run.model,
        created_at=run.created_at,
        ended_at=run.ended_at,
        planned_rows=planned,
        pending_rows=None if planned is None else max(0, planned - tally.total),
        rate=reported_rate(rate),
        clusters=None,
        detectable_difference=_detectable(rate.graded, level),
        criteria=criteria,
        usage=_usage(run),
        has_verdicts=run.has_verdicts,
    )


def reported_rate(rate: Rate, method: Method = Method.WILSON) -> ReportedRate:
    """The rate as a report says it."""
    return ReportedRate(
        graded=_share(rate.graded, method),
        errors_failed=_share(rate.errors_failed, method),
        errored=_share(rate.errored, method),
    )


def _share(share: Share, method: Method) -> ReportedShare:
    interval = reported_interval(share.interval, method) if share.n else None
    return ReportedShare(count=share.count, n=share.n, value=share.value, interval=interval)


def reported_interval(interval: Interval, method: Method) -> ReportedInterval:
    """The interval as a report says it."""
    return ReportedInterval(
        low=interval.low, high=interval.high, level=interval.level, method=method.value
    )


def _detectable(graded: Share, level: float) -> float | None:
    if graded.value is None:
        return None
    discordance = 2 * graded.value * (1 - graded.value)
    return smallest_paired_difference(graded.n, discordance, aim=Aim(alpha=1 - level))


def _criterion(
    echoed: EchoedCriterion,
    count: CriterionCount,
    scores: ReportedScores | None,
    *,
    level: float,
) -> ReportedCriterion:
    rate = pass_rate(count.passed, count.failed, errored=count.errored, level=level)
    return ReportedCriterion(
        id=echoed.id, name=echoed.name, type=echoed.type, rate=reported_rate(rate), scores=scores
    )


def _scores(
    seen: _SeenScores | None, scale: Interval | None, level: float
) -> ReportedScores | None:
    if seen is None:
        return None
    estimate = _estimate(seen)
    if seen.each is None:
        interval, method = t_interval(estimate, level=level), Method.STUDENT_T
    else:
        chosen = mean_interval(seen.each, scale=scale, level=level)
        interval, method = chosen.interval, chosen.method
    return ReportedScores(
        n=estimate.n,
        mean=estimate.value,
        standard_error=estimate.standard_error,
        interval=None if interval is None else reported_interval(interval, method),
        lowest=seen.sums.low,
        highest=seen.sums.high,
        histogram=_histogram(seen),
    )


def _estimate(seen: _SeenScores) -> Estimate:
    """The mean and its standard error; from the sums, where too many scores differ."""
    if seen.each is not None:
        return mean_estimate(seen.each)
    n, mean = seen.sums.count, seen.sums.total / seen.sums.count
    # Below zero by rounding only.
    deviations = max(0.0, seen.sums.total_of_squares - n * mean**2)
    return Estimate(mean, math.sqrt(deviations / (n * (n - 1))), n - 1, n)


def _histogram(seen: _SeenScores) -> list[ScoreBin]:
    """Every bin from the lowest to the highest score, empty ones too; one where all are equal."""
    low, high = seen.sums.low, seen.sums.high
    if low == high:
        return [ScoreBin(low=low, high=high, count=seen.sums.count)]
    counts = {each.bin: each.count for each in seen.bins}
    width = (high - low) / BINS
    return [
        ScoreBin(
            low=low + place * width, high=low + (place + 1) * width, count=counts.get(place, 0)
        )
        for place in range(BINS)
    ]


def _usage(run: StoredRun) -> list[ReportedUsage]:
    tally = run.tally
    if run.imported is not None:
        return [_used(model, None, usage) for model, usage in tally.usage.items()]
    return [
        *(_used(model, "samples", usage) for model, usage in tally.sample_usage.items()),
        *(_used(model, "grades", usage) for model, usage in tally.grader_usage.items()),
    ]


def _used(
    model: str, asked_for: Literal["samples", "grades"] | None, usage: Usage
) -> ReportedUsage:
    return ReportedUsage(
        model=model,
        asked_for=asked_for,
        invocations=usage.invocations,
        prompt_tokens=usage.prompt_tokens,
        cached_tokens=usage.cached_tokens,
        completion_tokens=usage.completion_tokens,
        total_tokens=usage.total_tokens,
    )
