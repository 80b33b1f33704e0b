"""Changed items as a comparison shows them: a line each, and one of them opened beside."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pydantic import JsonValue

from evald.domain.outcome_patterns import Pattern
from evald.domain.word_diff import Piece, word_diff
from evald.services.changed_items import Changed, Neighbours, Texts
from evald.services.comparisons import RunsSideBySide
from evald.services.item_reports import ItemReport, Verdict, criterion_names, report_item
from evald.services.run_matching import MatchedCriterion
from evald.web import format as eyes
from evald.web.compare_address import CompareAddress
from evald.web.compare_figures import LETTERS, RunHead
from evald.web.format import Folded
from evald.web.item_list import LINE_CHARS, line_of, output_of
from evald.web.links import Links
from evald.web.run_address import RunAddress
from evald.web.signs import SIGNS, Sign
from evald.wire.evals import EchoedCriterion

DIFF_CHARS = 12_000
"""Outputs that are longer together are shown beside one another, and not in one."""

MOST_CRITERIA = 40
MOST_FIELDS = 40
"""Of an item with more of these, only so many are shown."""

AT_ONCE, FOLDED = 1_200, 8_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run said of an item: a sign; None where it has it not, or no verdict on it."""

    letter: str
    sign: Sign | None


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A changed item in the table. `baseline` and `candidate` are what came out in each."""

    row: int
    href: str
    is_open: bool
    outcomes: Sequence[Outcome]
    item: str
    baseline: str
    candidate: str


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of foreign text under a label."""

    label: str
    text: Folded


@dataclass(frozen=True, slots=True)
class OutputOf:
    """What came out of one run. `pieces` is how it differs from the baseline's output.

    They are None where that is not told: of the baseline, of what is the same (`is_same`), or too
    long. `sign` and `href` are None where the run has not the item.
    """

    run: RunHead
    sign: Sign | None
    href: str | None
    problem: Folded | None
    text: Folded | None
    is_same: bool
    pieces: Sequence[Piece] | None


@dataclass(frozen=True, slots=True)
class VerdictLine:
    """What one criterion said of the item in each run, and its scores where they say more."""

    criterion: str
    outcomes: Sequence[Outcome]
    scores: Sequence[str]


@dataclass(frozen=True, slots=True)
class OpenItem:
    """The item that is open, in each of the runs; the hrefs are None where nothing is."""

    row: int
    outputs: Sequence[OutputOf]
    verdicts: Sequence[VerdictLine]
    fields: Sequence[Part]
    previous: str | None
    next: str | None
    list: str
    differences: str


@dataclass(frozen=True, slots=True)
class Opened:
    """An item that is opened: as it is kept in each of the runs, and what is beside it."""

    row: int
    texts: Texts
    beside: RunsSideBySide
    heads: Sequence[RunHead]
    ways: Neighbours


def change_line(
    changed: Changed, texts: Texts, *, candidate: int, way: Callable[[int], str], opened: int | None
) -> ChangeLine:
    """The item as a line.

    Args:
        changed: what became of it.
        texts: the item in each of the runs.
        candidate: the place of the run whose output stands beside the baseline's.
        way: where the item of a row is opened, or closed where it is open.
        opened: the row of the item that is open.
    """
    reports = [None if each is None else report_item(each, {}) for each in texts]
    there = next((each for each in reports if each is not None), None)
    return ChangeLine(
        row=changed.row,
        href=way(changed.row),
        is_open=changed.row == opened,
        outcomes=_outcomes(changed.outcomes),
        item="" if there is None else line_of(there.item),
        baseline=_output_line(reports[0]),
        candidate=_output_line(reports[candidate]),
    )


def _outcomes(pattern: Pattern) -> list[Outcome]:
    return [
        Outcome(letter, None if outcome is None else SIGNS[outcome])
        for letter, outcome in zip(LETTERS, pattern, strict=False)
    ]


def _output_line(report: ItemReport | None) -> str:
    if report is None:
        return ""
    text = output_of(report)
    if not text and report.error is not None:
        text = f"{report.error.code}: {report.error.message}"
    return eyes.one_line(text, LINE_CHARS)


def open_item(opened: Opened, shown: CompareAddress, links: Links) -> OpenItem:
    """The item in each of the runs, with the ways from it."""
    reports = [
        None if kept is None else report_item(kept, criterion_names(an_eval))
        for kept, an_eval in zip(opened.texts, opened.beside.evals, strict=True)
    ]
    there = next((each for each in reports if each is not None), None)
    ways = opened.ways
    criteria = opened.beside.matched.criteria

    def opens(row: int | None) -> str | None:
        return None if row is None else links.comparison(replace(shown, item=row))

    return OpenItem(
        row=opened.row,
        outputs=_outputs(opened, reports, shown, links),
        verdicts=[_verdicts(each, reports) for each in criteria[:MOST_CRITERIA]],
        fields=[] if there is None else _fields(there.item),
        previous=opens(ways.previous),
        next=opens(ways.next),
        list=links.comparison(replace(shown, item=None)),
        differences=links.comparison(replace(shown, has_differences=not shown.has_differences)),
    )


def _outputs(
    opened: Opened, reports: Sequence[ItemReport | None], shown: CompareAddress, links: Links
) -> list[OutputOf]:
    first = reports[0]
    baseline = None if first is None else output_of(first)
    found = []
    for head, report, run in zip(opened.heads, reports, opened.beside.runs, strict=True):
        if report is None:
            found.append(OutputOf(head, None, None, None, None, is_same=False, pieces=None))
            continue
        text, error = output_of(report), report.error
        is_other = bool(found) and baseline is not None and shown.has_differences
        found.append(
            OutputOf(
                run=head,
                sign=SIGNS[report.outcome],
                href=links.item(RunAddress(run.eval_id, run.id), report.id),
                problem=None if error is None else _folded(f"{error.code}: {error.message}"),
                text=_folded(text),
                is_same=is_other and text == baseline,
                pieces=_pieces(baseline or "", text) if is_other else None,
            )
        )
    return found


def _pieces(baseline: str, text: str) -> list[Piece] | None:
    if text == baseline or len(baseline) + len(text) > DIFF_CHARS:
        return None
    return word_diff(baseline, text)


def _verdicts(each: MatchedCriterion, reports: Sequence[ItemReport | None]) -> VerdictLine:
    criterion, has_scores = each.criterion, each.scores is not None
    found = [None if report is None else _verdict(criterion, report) for report in reports]
    return VerdictLine(
        criterion=criterion.name,
        outcomes=_outcomes(tuple([None if said is None else said.outcome for said in found])),
        scores=[
            eyes.score(said.score) if has_scores and said and not said.error else ""
            for said in found
        ],
    )


def _verdict(criterion: EchoedCriterion, report: ItemReport) -> Verdict | None:
    by_id = {each.criterion_id: each for each in reversed(report.verdicts)}
    by_name = {each.criterion: each for each in reversed(report.verdicts)}
    return by_id.get(criterion.id) or by_name.get(criterion.name)


def _fields(item: JsonValue) -> list[Part]:
    if not isinstance(item, dict):
        return [Part("item", _folded(eyes.plain(item)))]
    firsts = [*item.items()][:MOST_FIELDS]
    return [
        Part(name, _folded(value if isinstance(value, str) else eyes.indented(value)))
        for name, value in firsts
    ]


def _folded(text: str) -> Folded:
    return eyes.fold(text, at_once=AT_ONCE, folded=FOLDED)


def change_cells(heads: Sequence[RunHead]) -> list[str]:
    """The columns of changed items as CSV has them."""
    columns = ["row", "occurrence", "content_hash", "item"]
    for head in heads:
        columns += [f"{head.letter} id", f"{head.letter} outcome", f"{head.letter} output"]
    return columns


def change_values(changed: Changed, texts: Texts) -> list[JsonValue]:
    """A changed item as CSV has it, texts whole."""
    there = next((each for each in texts if each is not None), None)
    values: list[JsonValue] = [changed.row, changed.occurrence]
    if there is None:
        values += [None, None]
    else:
        values += [there.content_hash, report_item(there, {}).item]
    for outcome, kept in zip(changed.outcomes, texts, strict=True):
        if kept is None:
            values += [None, None, None]
        else:
            values += [kept.id, outcome, output_of(report_item(kept, {}))]
    return values
