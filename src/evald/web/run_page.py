"""What the page of a run says, from its report."""

from dataclasses import dataclass, replace
from itertools import islice
from typing import assert_never

from pydantic import JsonValue

from evald.services.reports import ItemReport, RunReport, Said, Verdict
from evald.web import format as eyes
from evald.web.format import Folded
from evald.web.links import Links, RunAddress
from evald.wire.errors import ApiError
from evald.wire.output_items import OutputItemStatus

MAX_FIELDS = 12
"""Of an item with more fields, only these are shown."""


@dataclass(frozen=True, slots=True)
class Sign:
    """How an outcome is shown: a glyph, a word and, third, the colour of a class."""

    glyph: str
    word: str
    style: str


SIGNS: dict[OutputItemStatus, Sign] = {
    "pass": Sign("✓", "passed", "passed"),
    "fail": Sign("✕", "failed", "failed"),
    "error": Sign("!", "errored", "errored"),
}
PENDING = Sign("·", "pending", "pending")


@dataclass(frozen=True, slots=True)
class Filter:
    """A choice of items: where it leads, how many there are, and whether it is the one shown."""

    label: str
    count: int
    href: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Steps:
    """Where one can go from here: to other items, and to the same ones held still or not."""

    first: str
    next: str | None
    still: str
    moving: str


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of foreign text under a label."""

    label: str
    text: Folded


@dataclass(frozen=True, slots=True)
class VerdictLine:
    """One criterion's verdict; `score` and `problem` are empty where they would add nothing.

    `notes` are what the grader's code printed, and that it was not kept apart.
    """

    sign: Sign
    criterion: str
    score: str
    problem: Folded | None
    notes: list[Part]


@dataclass(frozen=True, slots=True)
class ItemRow:
    """A row of the table of items. `left_out` counts the fields of the item not shown."""

    number: int
    sign: Sign
    fields: list[Part]
    left_out: int
    output: list[Part]
    problem: Folded | None
    verdicts: list[VerdictLine]
    api_path: str


def state_of(report: RunReport) -> str:
    """How far the run is, in a sentence."""
    run = report.run
    done = eyes.counted(run.tally.total, "row")
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
            return f"Completed{_after(report)}, with {done} done."
        case "failed":
            return f"Failed{_after(report)}, with {done} done."
        case "canceled":
            return f"Canceled{_after(report)}, with {done} done."
        case _:
            assert_never(run.status)


def _after(report: RunReport) -> str:
    run = report.run
    if run.ended_at is None:
        return ""
    return f" after {eyes.duration(run.ended_at - run.created_at)}"


def tab_title(report: RunReport) -> str:
    """The title of the browser's tab: how far a run in progress is, then its name."""
    run = report.run
    if report.has_ended or not run.planned_rows:
        return run.name or run.id
    return f"{eyes.rate(run.tally.total, run.planned_rows)} · {run.name or run.id}"


def filters(report: RunReport, shown: RunAddress, links: Links) -> list[Filter]:
    """All items, and those of each outcome."""
    tally = report.run.tally
    choices: list[tuple[str, int, OutputItemStatus | None]] = [
        ("all", tally.total, None),
        ("passed", tally.passed, "pass"),
        ("failed", tally.failed, "fail"),
        ("errored", tally.errored, "error"),
    ]
    return [
        Filter(
            label=label,
            count=count,
            href=links.run(replace(shown, status=status, after=None)),
            is_current=shown.status == status,
        )
        for label, count, status in choices
    ]


def steps(report: RunReport, shown: RunAddress, links: Links) -> Steps:
    """The first and the next items of those shown, and the page as it is, held still or not."""
    following = replace(shown, after=report.items[-1].id) if report.has_more else None
    return Steps(
        first=links.run(replace(shown, after=None)),
        next=None if following is None else links.run(following),
        still=links.run(replace(shown, is_still=True)),
        moving=links.run(replace(shown, is_still=False)),
    )


def item_rows(report: RunReport) -> list[ItemRow]:
    """The items of the report's page, as rows of the table."""
    # A string_check scores 1 or 0, which its verdict says already.
    scored = {each.id for each in report.criteria if each.type != "string_check"}
    return [_item_row(report, item, scored) for item in report.items]


def _item_row(report: RunReport, item: ItemReport, scored: set[str]) -> ItemRow:
    size = len(item.item) if isinstance(item.item, dict) else 0
    return ItemRow(
        number=item.row,
        sign=SIGNS[item.outcome],
        fields=_fields(item.item),
        left_out=max(0, size - MAX_FIELDS),
        output=_output(item.said),
        problem=_problem(item.error),
        verdicts=[_verdict_line(item, each, scored) for each in item.verdicts],
        api_path=f"/v1/evals/{report.eval.id}/runs/{report.run.id}/output_items/{item.id}",
    )


def _fields(item: JsonValue) -> list[Part]:
    if not isinstance(item, dict):
        return [Part("item", eyes.fold(eyes.plain(item)))]
    return [
        Part(name, eyes.fold(eyes.plain(value))) for name, value in islice(item.items(), MAX_FIELDS)
    ]


def _output(said: Said) -> list[Part]:
    parts = [("output_text", said.text), ("refusal", said.refusal)]
    if said.tool_calls:
        parts.append(("tool_calls", eyes.plain(said.tool_calls)))
    return [Part(label, eyes.fold(text)) for label, text in parts if text]


def _verdict_line(item: ItemReport, verdict: Verdict, scored: set[str]) -> VerdictLine:
    has_score = verdict.error is None and verdict.criterion_id in scored
    # Without a sample every criterion errs for the same reason, which stands beside them already.
    problem = None if verdict.error == item.error else _problem(verdict.error)
    if verdict.failure:
        problem = eyes.fold(verdict.failure)
    return VerdictLine(
        sign=SIGNS[verdict.outcome],
        criterion=verdict.criterion,
        score=eyes.score(verdict.score) if has_score else "",
        problem=problem,
        notes=_notes(verdict),
    )


def _notes(verdict: Verdict) -> list[Part]:
    notes = [Part("printed", eyes.fold(verdict.printed))] if verdict.printed else []
    if not verdict.is_sandboxed:
        notes.append(Part("not sandboxed", eyes.fold("ran with all rights of the server")))
    return notes


def _problem(error: ApiError | None) -> Folded | None:
    return None if error is None else eyes.fold(f"{error.code}: {error.message}")
