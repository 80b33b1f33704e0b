"""What the page of a run says of the whole run: how far, how good, what failed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from evald.services.reports import RunReport
from evald.web import format as eyes
from evald.web.bars import Counted
from evald.web.figures import Rated
from evald.web.links import Links
from evald.web.run_address import RunAddress
from evald.web.signs import SIGNS, Sign
from evald.wire.output_items import OutputItemStatus
from evald.wire.reports import ReportedCriterion, ReportedInterval, ReportedShare

PLAIN_TYPES = frozenset({"string_check"})
"""Graders whose score is 1 or 0, which their verdict says already."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run under way is; `pace` and what is left in words, empty where nobody knows."""

    done: int
    planned: int | None
    percents: str
    pace: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice of items: where it leads, how many there are, and whether it is the one shown."""

    label: str
    sign: Sign | None
    count: int
    href: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean score in words: the mean alone, and what it is of, with its interval."""

    value: str
    words: str
    method: str


@dataclass(frozen=True, slots=True)
class CriterionLine:
    """How items did by one criterion; its addresses lead to items by what it said of them."""

    id: str
    name: str
    type: str
    rate: Rated
    failed: int
    failed_href: str
    errored_href: str
    mean: Mean | None
    bins: Sequence[Counted]
    lowest_href: str
    highest_href: str


@dataclass(frozen=True, slots=True)
class ErrorLine:
    """Errors of one code, with the message and the address of the first of them."""

    code: str
    message: str
    criterion: str
    count: int
    href: str
    row: int


def state_of(report: RunReport) -> str:
    """How far the run is, in a sentence."""
    run = report.run
    done = eyes.counted(report.numbers.rate.errored.n, "row")
    if run.imported is not None:
        return f"Imported as its source last showed it: {run.status}, with {done} done."
    match run.status:
        case "queued":
            return "Queued: work on it has not begun."
        case "in_progress":
            if run.planned_rows is None:
                return "In progress: its rows are being counted."
            return f"In progress: {done} of {eyes.number(run.planned_rows)} done."
        case "completed":
            return f"Completed{_after(report)}, with {_of_planned(report, done)} done."
        case "failed":
            return f"Failed{_after(report)}, with {_of_planned(report, done)} done."
        case "canceled":
            return f"Canceled{_after(report)}, with {_of_planned(report, done)} done."
        case _:
            assert_never(run.status)


def _of_planned(report: RunReport, done: str) -> str:
    planned = report.run.planned_rows
    is_all = planned is None or planned == report.numbers.rate.errored.n
    return done if is_all or planned is None else f"{done} of {eyes.number(planned)}"


def _after(report: RunReport) -> str:
    run = report.run
    if run.ended_at is None:
        return ""
    return f" after {eyes.duration(run.ended_at - run.created_at)}"


def tab_title(report: RunReport) -> str:
    """The title of the browser's tab: how far a run in progress is, then its name."""
    run, done = report.run, report.numbers.rate.errored.n
    if report.has_ended or not run.planned_rows:
        return run.name or run.id
    return f"{eyes.rate(done, run.planned_rows)} · {run.name or run.id}"


def progress_of(report: RunReport, *, now: int) -> Progress | None:
    """How far a run under way is; None of one that has ended."""
    if report.has_ended:
        return None
    done, planned = report.numbers.rate.errored.n, report.run.planned_rows
    percents = eyes.rate(done, planned) if planned else ""
    return Progress(done, planned, percents, _pace(report, done, now=now))


def _pace(report: RunReport, done: int, *, now: int) -> str:
    """Rows a second since it began, and the time that is left at that."""
    began, planned = report.run.started_at, report.run.planned_rows
    if began is None or planned is None or now <= began or not done:
        return ""
    pace = done / (now - began)
    left = eyes.duration(round((planned - done) / pace))
    return f"{pace:,.1f} rows a second so far; at that pace {left} left"


def rated_of(share: ReportedShare, *, errored: int) -> Rated:
    """The share as the rate that macros show."""
    interval = share.interval
    return Rated(
        passed=share.count,
        graded=share.n,
        errored=errored,
        rate=share.value,
        low=None if interval is None else interval.low,
        high=None if interval is None else interval.high,
        level=0.95 if interval is None else interval.level,
    )


def choices(report: RunReport, shown: RunAddress, links: Links) -> list[Choice]:
    """All items, and those of each outcome."""
    rate = report.numbers.rate
    passed, errored = rate.graded.count, rate.errored.count
    counts: list[tuple[OutputItemStatus | None, int]] = [
        (None, rate.errored.n),
        ("pass", passed),
        ("fail", rate.graded.n - passed),
        ("error", errored),
    ]
    return [
        Choice(
            label="all" if status is None else SIGNS[status].word,
            sign=None if status is None else SIGNS[status],
            count=count,
            href=links.items(replace(shown.first(), status=status, group_by="")),
            is_current=shown.status == status,
        )
        for status, count in counts
    ]


def criterion_lines(report: RunReport, shown: RunAddress, links: Links) -> list[CriterionLine]:
    """How items did by each criterion."""
    return [_criterion_line(each, shown.all(), links) for each in report.numbers.criteria]


def _criterion_line(each: ReportedCriterion, shown: RunAddress, links: Links) -> CriterionLine:
    by_it = replace(shown, criterion=each.id)
    scores = each.scores if each.type not in PLAIN_TYPES else None
    return CriterionLine(
        id=each.id,
        name=each.name,
        type=each.type,
        rate=rated_of(each.rate.graded, errored=each.rate.errored.count),
        failed=each.rate.graded.n - each.rate.graded.count,
        failed_href=links.items(replace(by_it, outcome="fail")),
        errored_href=links.items(replace(by_it, outcome="error")),
        mean=None if scores is None else _mean(scores.mean, scores.n, scores.interval),
        bins=(
            []
            if scores is None
            else [Counted(one.low, one.high, one.count) for one in scores.histogram]
        ),
        lowest_href=links.items(replace(by_it, sort="score")),
        highest_href=links.items(replace(by_it, sort="score", order="desc")),
    )


def _mean(value: float, n: int, interval: ReportedInterval | None) -> Mean:
    of = eyes.counted(n, "score")
    if interval is None:
        return Mean(eyes.score(value), f"{of}; no interval", "one score, or all equal")
    ends = f"{eyes.score(interval.low)}–{eyes.score(interval.high)}"
    return Mean(eyes.score(value), f"{of}; 95 %: {ends}", interval.method.replace("_", " "))


def error_lines(report: RunReport, shown: RunAddress, links: Links) -> list[ErrorLine]:
    """Why items have no verdict, the most frequent reason first."""
    return [
        ErrorLine(
            code=each.code,
            message=each.message,
            criterion=each.criterion,
            count=each.count,
            href=links.items(
                replace(shown.all(), status="error", item=str(each.row))
                if each.criterion_id is None
                else replace(
                    shown.all(),
                    criterion=each.criterion_id,
                    outcome="error",
                    item=str(each.row),
                )
            ),
            row=each.row,
        )
        for each in report.errors.reasons
    ]
