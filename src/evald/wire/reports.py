"""What a report says of a run in numbers. All of it is ours."""

from typing import Literal

from evald.wire.base import WireModel
from evald.wire.runs import RunStatus

LEVEL = 0.95


class ReportQuery(WireModel):
    """The query of a report: the level of its intervals, and the item field that clusters items."""

    level: str | None = None
    cluster_by: str | None = None


class ReportedInterval(WireModel):
    """An interval at a level of confidence (0.95 for 95 %), and how it was made."""

    low: float
    high: float
    level: float
    method: str


class ReportedShare(WireModel):
    """`count` of `n` items, their share (null of none) and its interval."""

    count: int
    n: int
    value: float | None
    interval: ReportedInterval | None


class ReportedRate(WireModel):
    """A pass rate in both readings, and the share of errors that makes them differ.

    `graded` is of the items with a verdict; `errors_failed` is of all, errors counted as failed.
    """

    graded: ReportedShare
    errors_failed: ReportedShare
    errored: ReportedShare


class ScoreBin(WireModel):
    """How many scores lie from `low` on and below `high`; the last bin includes its `high`."""

    low: float
    high: float
    count: int


class ReportedScores(WireModel):
    """The scores by one criterion of the items that have one.

    Neither `standard_error` nor `interval` is known of one score, or of scores that are all equal.
    """

    n: int
    mean: float
    standard_error: float | None
    interval: ReportedInterval | None
    lowest: float
    highest: float
    histogram: list[ScoreBin]


class ReportedCriterion(WireModel):
    """How the items did by one testing criterion; `scores` is null while none is known."""

    id: str
    name: str
    type: str
    rate: ReportedRate
    scores: ReportedScores | None


class ReportedUsage(WireModel):
    """What one model was asked, for samples or for grades; null where nobody knows for which."""

    model: str
    asked_for: Literal["samples", "grades"] | None
    invocations: int
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    total_tokens: int


class ReportedClusters(WireModel):
    """The clusters by which intervals are: items of one value of a field count as one look.

    `searched` of `total` items were gone through so far; while they are not all, `rate` is null.
    `design_effect` says how many times more items it takes than independent ones would.
    """

    by: str
    searched: int
    total: int
    clusters: int
    rate: ReportedRate | None
    design_effect: float | None


class RunReport(WireModel):
    """A run in numbers, each with its interval.

    `detectable_difference` is the change of the pass rate that a comparison with another run over
    as many items would see 4 times in 5, if the two were right on different items as often as
    chance has it; less will do where they agree more. `has_verdicts` is false of an older run whose
    verdicts are still being gathered: until then it has no `scores`.
    """

    object: Literal["evald.run.report"] = "evald.run.report"
    run_id: str
    eval_id: str
    name: str
    status: RunStatus
    model: str
    created_at: int
    ended_at: int | None
    planned_rows: int | None
    pending_rows: int | None
    rate: ReportedRate
    clusters: ReportedClusters | None
    detectable_difference: float | None
    criteria: list[ReportedCriterion]
    usage: list[ReportedUsage]
    has_verdicts: bool
