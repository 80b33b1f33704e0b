"""The table of a run's items: one line each, and where one can go from there."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import JsonValue

from evald.services.item_pages import ItemPage
from evald.services.item_reports import ItemReport, Verdict
from evald.services.reports import RunReport
from evald.web import format as eyes
from evald.web.links import Links
from evald.web.run_address import RunAddress
from evald.web.run_figures import PLAIN_TYPES
from evald.web.signs import SIGNS, Sign
from evald.web.views import Table
from evald.wire.evals import EchoedCriterion, echoed_criteria

MOST_CRITERIA = 4
"""So many criteria have a column; there are four besides, and more than eight are not read."""

LINE_CHARS = 200
"""What of a text stands in a line, at most; the window shows less."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What a criterion said of the item; None where it said nothing. `score` may be empty."""

    sign: Sign | None
    score: str


@dataclass(frozen=True, slots=True)
class ItemLine:
    """An item in the table. `href` opens it beside the table or, where it is open, as a page."""

    id: str
    row: int
    href: str
    is_open: bool
    is_failure: bool
    sign: Sign
    item: str
    output: str
    problem: str
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class ItemTable:
    """The lines, with the criteria that have a column; `left_out` counts those without."""

    criteria: Sequence[EchoedCriterion]
    left_out: int
    lines: Sequence[ItemLine]


@dataclass(frozen=True, slots=True)
class Steps:
    """Where one can go from a page of items; None where there is nothing."""

    first: str | None
    previous: str | None
    next: str | None


def item_table(
    report: RunReport, items: Sequence[ItemReport], shown: RunAddress, links: Links
) -> ItemTable:
    """The items as lines."""
    criteria = shown_criteria(report, shown)
    plain = {each.id for each in criteria if each.type in PLAIN_TYPES}
    lines = [_line(each, criteria, shown, plain=plain, links=links) for each in items]
    return ItemTable(criteria, len(echoed_criteria(report.eval)) - len(criteria), lines)


def shown_criteria(report: RunReport, shown: RunAddress) -> list[EchoedCriterion]:
    """The criteria that have a column: the one that is filtered by, and the first others."""
    criteria = echoed_criteria(report.eval)
    chosen = [each for each in criteria if shown.criterion in (each.id, each.name)][:1]
    firsts = [*chosen, *(each for each in criteria if each not in chosen)][:MOST_CRITERIA]
    return [each for each in criteria if each in firsts]


def _line(
    item: ItemReport,
    criteria: Sequence[EchoedCriterion],
    shown: RunAddress,
    *,
    plain: set[str],
    links: Links,
) -> ItemLine:
    is_open = shown.item in (item.id, str(item.row))
    verdicts = {each.criterion_id: each for each in reversed(item.verdicts)}
    verdicts |= {each.criterion: each for each in item.verdicts if each.criterion not in verdicts}
    return ItemLine(
        id=item.id,
        row=item.row,
        href=(
            links.item(shown, item.id)
            if is_open
            else links.items(replace(shown, item=str(item.row)))
        ),
        is_open=is_open,
        is_failure=item.outcome != "pass",
        sign=SIGNS[item.outcome],
        item=line_of(item.item),
        output=eyes.one_line(output_of(item), LINE_CHARS),
        problem="" if item.error is None else eyes.one_line(_problem(item), LINE_CHARS),
        cells=[
            _cell(verdicts.get(each.id) or verdicts.get(each.name), is_plain=each.id in plain)
            for each in criteria
        ],
    )


def _problem(item: ItemReport) -> str:
    return "" if item.error is None else f"{item.error.code}: {item.error.message}"


def _cell(verdict: Verdict | None, *, is_plain: bool) -> Cell:
    if verdict is None:
        return Cell(None, "")
    has_score = verdict.error is None and not is_plain
    return Cell(SIGNS[verdict.outcome], eyes.score(verdict.score) if has_score else "")


def line_of(item: JsonValue) -> str:
    """The item on one line: a field alone, or each after its name."""
    if not isinstance(item, dict):
        return eyes.one_line(eyes.plain(item), LINE_CHARS)
    texts = []
    for name, value in item.items():
        texts.append(f"{name}: {eyes.one_line(eyes.plain(value), LINE_CHARS)}")
        if sum(map(len, texts)) > LINE_CHARS:
            break
    if len(item) == 1:
        texts = [each.partition(": ")[2] for each in texts]
    return eyes.one_line(" · ".join(texts), LINE_CHARS)


def output_of(item: ItemReport) -> str:
    """What the model said, or that it refused, or called tools."""
    said = item.said
    if said.text or not (said.refusal or said.tool_calls):
        return said.text
    return said.refusal or eyes.plain(said.tool_calls)


def steps_of(page: ItemPage, shown: RunAddress, links: Links) -> Steps:
    """The first, the previous and the next items of those shown."""
    first = shown.first()
    previous = page.previous and replace(first, before=page.previous.text())
    following = page.next and replace(first, after=page.next.text())
    is_later = bool(shown.after or shown.before)
    return Steps(
        first=links.items(first) if is_later else None,
        previous=links.items(previous) if previous else None,
        next=links.items(following) if following else None,
    )


def item_cells(report: RunReport, items: Sequence[ItemReport]) -> Table:
    """The items as CSV has them: all criteria, and texts whole."""
    criteria = echoed_criteria(report.eval)
    columns = ["row", "id", "status", "item", "output", "error"]
    for each in criteria:
        columns += [f"{each.name} outcome", f"{each.name} score"]
    return Table(columns, [_values(each, criteria) for each in items])


def _values(item: ItemReport, criteria: Sequence[EchoedCriterion]) -> list[JsonValue]:
    verdicts = {each.criterion_id: each for each in reversed(item.verdicts)}
    values: list[JsonValue] = [item.row, item.id, item.outcome, item.item, output_of(item)]
    values.append(_problem(item))
    for each in criteria:
        verdict = verdicts.get(each.id)
        values.append(None if verdict is None else verdict.outcome)
        values.append(None if verdict is None or verdict.error else verdict.score)
    return values
