"""The page of a run as one file, which opens without a server, a network or a script."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version

from markupsafe import Markup
from pydantic import JsonValue
from starlette.responses import Response

from evald.services.item_reports import ItemReport, Verdict
from evald.services.item_walks import WalkedItems, walk_items
from evald.services.reports import RunReport
from evald.web import format as eyes
from evald.web.format import Folded
from evald.web.run_address import RunAddress
from evald.web.run_figures import PLAIN_TYPES
from evald.web.run_page import figures_of, read_report
from evald.web.signs import SIGNS, Sign
from evald.web.views import Asked
from evald.wire.evals import echoed_criteria

SAVED_ITEMS = 1_000
SAVED_CHARS = 8_000
"""So many items, and so much of each of their texts, are in the file."""


@dataclass(frozen=True, slots=True)
class SavedVerdict:
    """One criterion's verdict; `score` and `problem` are empty where they would add nothing."""

    sign: Sign
    criterion: str
    score: str
    problem: str


@dataclass(frozen=True, slots=True)
class SavedItem:
    """An item with its texts, nothing folded."""

    row: int
    sign: Sign
    fields: Sequence[tuple[str, Folded]]
    output: Sequence[tuple[str, Folded]]
    problem: str
    verdicts: Sequence[SavedVerdict]


async def save_run(asked: Asked) -> Response:
    """GET /evaluations/{eval_id}/save?run_id=…: the run, with the first items of the filter."""
    report, query = await read_report(asked)
    context, site = asked.site.context, asked.site
    walked = await walk_items(
        context,
        report.run,
        report.eval,
        query=replace(query.items, after=None),
        most=SAVED_ITEMS,
    )
    values = {
        **figures_of(asked, report, query),
        "items": await context.cpu.run(partial(_saved, report, walked)),
        "walked": walked,
        "filter": filter_words(query.address),
        "saved_at": context.clock.now(),
        "version": version("evald"),
        # Our own style sheet: nothing foreign is in it.
        "style": Markup(site.assets.style.content.decode()),  # noqa: S704
        "notices": query.notices,
    }
    answer = await context.cpu.run(lambda: site.page("run_saved.html", values))
    answer.headers["Content-Disposition"] = f'attachment; filename="{report.run.id}.html"'
    return answer


def filter_words(shown: RunAddress) -> str:
    """Which items are chosen, in words; empty where all are."""
    score = f"score from {shown.min_score or '…'} to {shown.max_score or '…'}"
    words = [
        SIGNS[shown.status].word if shown.status else "",
        f"criterion {shown.criterion}" if shown.criterion else "",
        f"it said {SIGNS[shown.outcome].word}" if shown.outcome else "",
        score if shown.min_score or shown.max_score else "",
        f"with the words {shown.text}" if shown.text else "",
        f"matching {shown.regex}" if shown.regex else "",
        *shown.where,
    ]
    return "; ".join(filter(None, words))


def _saved(report: RunReport, walked: WalkedItems) -> list[SavedItem]:
    plain = {each.id for each in echoed_criteria(report.eval) if each.type in PLAIN_TYPES}
    return [_item(each, plain) for each in walked.items]


def _item(item: ItemReport, plain: set[str]) -> SavedItem:
    said = item.said
    output: list[tuple[str, JsonValue]] = [
        ("", said.text),
        ("refusal", said.refusal),
        ("tool calls", said.tool_calls),
    ]
    fields = item.item.items() if isinstance(item.item, dict) else [("item", item.item)]
    return SavedItem(
        row=item.row,
        sign=SIGNS[item.outcome],
        fields=[(name, _text(value)) for name, value in fields],
        output=[(label, _text(value)) for label, value in output if value],
        problem="" if item.error is None else f"{item.error.code}: {item.error.message}",
        verdicts=[_verdict(item, each, plain) for each in item.verdicts],
    )


def _verdict(item: ItemReport, verdict: Verdict, plain: set[str]) -> SavedVerdict:
    error = verdict.error if verdict.error != item.error else None
    has_score = verdict.error is None and verdict.criterion_id not in plain
    return SavedVerdict(
        sign=SIGNS[verdict.outcome],
        criterion=verdict.criterion,
        score=eyes.score(verdict.score) if has_score else "",
        problem=verdict.failure if error is None else f"{error.code}: {error.message}",
    )


def _text(value: JsonValue) -> Folded:
    text = eyes.plain(value)
    return Folded(text[:SAVED_CHARS], "", max(0, len(text) - SAVED_CHARS))
