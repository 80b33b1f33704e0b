"""How runs over the same items compare. All of it is ours."""

from typing import Literal

from evald.wire.base import WireModel
from evald.wire.output_items import OutputItemStatus
from evald.wire.reports import ReportedInterval, ReportedRate
from evald.wire.runs import RunStatus

MAX_COMPARED = 8

ItemChange = Literal["regressed", "improved", "errored", "missing", "new", "disagreed"]
"""What became of an item, seen from the baseline.

`errored` in either run; `missing` in the candidate; `new` there; `disagreed`: not all of the runs
that have a verdict on it have the same.
"""


class CompareQuery(WireModel):
    """The query of a comparison: 2 to 8 runs, the baseline first, and the level of intervals.

    `cluster_by` is the field of an item by which items hang together, such as `item.document`.
    """

    runs: str | None = None
    level: str | None = None
    cluster_by: str | None = None


class ListChangesQuery(WireModel):
    """The query of changed items: as a comparison's, and which of them.

    `candidate` is the run of which the change is told, the second one if not given; `criterion`
    that whose outcome is meant instead of the item's, by its id or name; `after` a row.
    """

    runs: str | None = None
    change: str | None = None
    candidate: str | None = None
    criterion: str | None = None
    after: str | None = None
    limit: int = 20


class ComparedRun(WireModel):
    """A run of a comparison, with its own rate over all of its items."""

    run_id: str
    eval_id: str
    name: str
    model: str
    status: RunStatus
    rate: ReportedRate


class Finding(WireModel):
    """The candidate less the baseline on the items that both have a verdict (or a score) on.

    `difference`, its `standard_error` and `detectable_difference` are in the unit of the scores, of
    pass rates from -1.0 to 1.0. `p_value` is of this comparison alone, `p_adjusted` of all that
    were made beside it; `verdict` rests on the latter. `clusters` is how many clusters the items
    are in, null where each counts by itself.
    """

    n: int
    better: int
    worse: int
    same: int
    clusters: int | None
    difference: float
    standard_error: float | None
    interval: ReportedInterval | None
    p_value: float
    p_adjusted: float
    detectable_difference: float | None
    verdict: str
    sentence: str


class ComparedCriterion(WireModel):
    """How the runs compare by one testing criterion, by passes and, where there are any, scores.

    `id` is the baseline's. `passes` and `scores` are null where no item has a verdict in both, and
    while clusters are being gathered.
    """

    id: str
    name: str
    passes: Finding | None
    scores: Finding | None


class ComparedCandidate(WireModel):
    """One run against the baseline.

    Of the baseline's items `matched` are in both runs, and of these `errored` have no verdict in
    one of them; `missing` are not in the candidate, and `new` only there. `passes` is null where
    no item has a verdict in both, and while clusters are being gathered.
    """

    run_id: str
    matched: int
    errored: int
    missing: int
    new: int
    passes: Finding | None
    criteria: list[ComparedCriterion]


class RunScores(WireModel):
    """The scores of one run by one criterion: how many, their mean, and how many in each bin."""

    n: int
    mean: float | None
    bins: list[int]


class ComparedScores(WireModel):
    """How the scores by one criterion spread in each run, in equal bins from `low` to `high`.

    The bins are the same for all runs. `pairs` are of two runs alone, and null of more: how many
    items lie in which bin of the baseline and which of the candidate; pairs without any are left
    out. `id` is the criterion's.
    """

    id: str
    name: str
    low: float
    high: float
    runs: list[RunScores]
    pairs: list[tuple[int, int, int]] | None


class ComparedClusters(WireModel):
    """The clusters of the baseline's items: those of one value of the field count as one look.

    `searched` of `total` items were gone through so far; while they are not all, nothing is said of
    passes and scores.
    """

    by: str
    searched: int
    total: int
    clusters: int


class Comparison(WireModel):
    """Two to eight runs, item by item: matched by (content hash, occurrence).

    `disagreed` counts the items on which not all of the runs that have a verdict have the same.
    `scores` are of the criteria whose scores are not all 0 or 1. Compared are the first 50 criteria
    that the baseline shares with another run.
    `clusters` is null where each item counts by itself.
    `has_verdicts` is false where one is an older run whose verdicts by criterion are still being
    gathered: until then `criteria` knows of a part of its items only.
    """

    object: Literal["evald.comparison"] = "evald.comparison"
    runs: list[ComparedRun]
    clusters: ComparedClusters | None
    candidates: list[ComparedCandidate]
    scores: list[ComparedScores]
    disagreed: int
    has_verdicts: bool


class ChangedItem(WireModel):
    """An item of a comparison: in each run, in their order, its id and outcome; null: not there.

    `row` is its row in the baseline, or, where it is new, in the candidate. Where a criterion was
    asked for, outcomes are by it, and null too where it said nothing.
    """

    object: Literal["evald.comparison.item"] = "evald.comparison.item"
    row: int
    content_hash: str
    occurrence: int
    output_item_ids: list[str | None]
    outcomes: list[OutputItemStatus | None]
