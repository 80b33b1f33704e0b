"""One item with all that is known of it, beside the list or on a page of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module

from markupsafe import Markup
from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.word_diff import Piece, word_diff
from evald.ports.kept import StoredRun
from evald.services.item_pages import Neighbour, Neighbours
from evald.services.item_reports import Conversation, ItemDetail, Reasoned, Reference, Turn
from evald.web import format as eyes
from evald.web.format import Folded
from evald.web.item_list import output_of
from evald.web.links import Links
from evald.web.run_address import RunAddress
from evald.web.run_figures import PLAIN_TYPES
from evald.web.signs import SIGNS, Sign
from evald.wire.errors import ApiError
from evald.wire.evals import Eval, echoed_criteria

MAX_FIELDS = 40
MAX_TURNS = 40
MAX_REFERENCES = 3
"""Of an item with more of these, only so many are shown."""

DIFF_CHARS = 20_000
"""Texts that are longer together are shown beside one another, and not in one."""


@dataclass(frozen=True, slots=True)
class Space:
    """How much of each text is shown at once, and how much of it can be unfolded."""

    at_once: int
    folded: int


PANE = Space(600, 6_000)
PAGE = Space(4_000, 40_000)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of foreign text under a label."""

    label: str
    text: Folded


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation with a model, folded under a summary."""

    summary: str
    turns: Sequence[Part]
    left_out: int


@dataclass(frozen=True, slots=True)
class VerdictView:
    """One criterion's verdict with its reasons; `score` is empty where it would add nothing.

    `took` is how long its model or its code did, empty where it has none or nobody knows. `notes`
    are what the grader's code printed, and that it was not kept apart.
    """

    sign: Sign
    criterion: str
    score: str
    took: str
    reasons: Sequence[Folded]
    problem: Folded | None
    notes: Sequence[Part]
    talk: Talk | None
    details: Folded | None


@dataclass(frozen=True, slots=True)
class ReferenceView:
    """What the output is held against; `pieces` is how they differ, None where that is not told.

    `is_same` says that they do not differ at all.
    """

    source: str
    text: Folded
    is_same: bool
    pieces: Sequence[Piece] | None


@dataclass(frozen=True, slots=True)
class Ways:
    """Where one can go from an item; None where there is nothing."""

    previous: str | None
    next: str | None
    previous_failure: str | None
    next_failure: str | None
    page: str
    list: str
    spaces: str
    markdown: str


@dataclass(frozen=True, slots=True)
class ItemView:
    """An item as it is shown. `markdown` is the output as a formatted text, where asked for."""

    row: int
    id: str
    sign: Sign
    verdicts: Sequence[VerdictView]
    problem: Folded | None
    fields: Sequence[Part]
    left_out: int
    output: Sequence[Part]
    markdown: Markup | None
    references: Sequence[ReferenceView]
    asked: Talk | None
    facts: Sequence[tuple[str, str]]
    raw: Folded
    api_path: str
    ways: Ways


@dataclass(frozen=True, slots=True)
class Shown:
    """How an item is shown: of which run, at which address, with how much space."""

    eval: Eval
    run: StoredRun
    address: RunAddress
    space: Space

    def fold(self, text: str) -> Folded:
        """The text, with signs for its spaces where they are asked for."""
        cut = text[: self.space.at_once + self.space.folded + eyes.SLACK_CHARS]
        marked = eyes.spaced(cut) if self.address.has_spaces else cut
        folded = eyes.fold(marked, at_once=self.space.at_once, folded=self.space.folded)
        return replace(folded, left_out=folded.left_out + len(text) - len(cut))


def item_view(detail: ItemDetail, ways: Ways, shown: Shown) -> ItemView:
    """The item as it is shown."""
    item = detail.item
    plain = {each.id for each in echoed_criteria(shown.eval) if each.type in PLAIN_TYPES}
    output = output_of(item)
    size = len(item.item) if isinstance(item.item, dict) else 0
    return ItemView(
        row=item.row,
        id=item.id,
        sign=SIGNS[item.outcome],
        verdicts=[_verdict(each, item.error, plain=plain, shown=shown) for each in detail.verdicts],
        problem=_problem(item.error, shown),
        fields=_fields(item.item, shown),
        left_out=max(0, size - MAX_FIELDS),
        output=_output(detail, shown),
        markdown=_formatted(item.said.text) if shown.address.has_markdown else None,
        references=[_reference(each, output, shown) for each in detail.references[:MAX_REFERENCES]],
        asked=_talk(detail.asked, "What the model was asked", shown, is_answered=False),
        facts=_facts(shown.run, detail),
        raw=shown.fold(_raw(detail.raw)),
        api_path=f"/v1/evals/{shown.eval.id}/runs/{shown.run.id}/output_items/{item.id}",
        ways=ways,
    )


def ways_in_list(neighbours: Neighbours, shown: RunAddress, links: Links, item_id: str) -> Ways:
    """The ways from an item that is open beside the list."""

    def opened(beside: Neighbour | None) -> str | None:
        return None if beside is None else links.items(replace(shown, item=str(beside.row)))

    return Ways(
        previous=opened(neighbours.previous),
        next=opened(neighbours.next),
        previous_failure=opened(neighbours.previous_failure),
        next_failure=opened(neighbours.next_failure),
        page=links.item(shown, item_id),
        list=links.items(replace(shown, item="")),
        spaces=links.items(replace(shown, has_spaces=not shown.has_spaces)),
        markdown=links.items(replace(shown, has_markdown=not shown.has_markdown)),
    )


def ways_of_page(neighbours: Neighbours, shown: RunAddress, links: Links, item_id: str) -> Ways:
    """The ways from an item that has a page of its own."""

    def page(beside: Neighbour | None) -> str | None:
        return None if beside is None else links.item(shown, beside.id)

    return Ways(
        previous=page(neighbours.previous),
        next=page(neighbours.next),
        previous_failure=page(neighbours.previous_failure),
        next_failure=page(neighbours.next_failure),
        page=links.item(shown, item_id),
        list=links.items(shown),
        spaces=links.item(replace(shown, has_spaces=not shown.has_spaces), item_id),
        markdown=links.item(replace(shown, has_markdown=not shown.has_markdown), item_id),
    )


def _fields(item: JsonValue, shown: Shown) -> list[Part]:
    if not isinstance(item, dict):
        return [Part("item", shown.fold(eyes.plain(item)))]
    firsts = [*item.items()][:MAX_FIELDS]
    return [Part(name, shown.fold(_written(value))) for name, value in firsts]


def _written(value: JsonValue) -> str:
    return value if isinstance(value, str) else eyes.indented(value)


def _output(detail: ItemDetail, shown: Shown) -> list[Part]:
    said = detail.item.said
    parts = [("", said.text), ("refusal", said.refusal)]
    if said.tool_calls:
        parts.append(("tool calls", _written(said.tool_calls)))
    return [Part(label, shown.fold(text)) for label, text in parts if text]


def _verdict(
    each: Reasoned, error: ApiError | None, *, plain: set[str], shown: Shown
) -> VerdictView:
    verdict = each.verdict
    has_score = verdict.error is None and verdict.criterion_id not in plain
    # Without a sample every criterion errs for the same reason, which stands beside them already.
    problem = None if verdict.error == error else _problem(verdict.error, shown)
    if verdict.failure:
        problem = shown.fold(verdict.failure)
    notes = [Part("printed", shown.fold(verdict.printed))] if verdict.printed else []
    if not verdict.is_sandboxed:
        notes.append(Part("not sandboxed", shown.fold("ran with all rights of the server")))
    return VerdictView(
        sign=SIGNS[verdict.outcome],
        criterion=verdict.criterion,
        score=eyes.score(verdict.score) if has_score else "",
        took="" if verdict.seconds is None else eyes.took(verdict.seconds),
        reasons=[shown.fold(reason) for reason in each.reasons[:MAX_TURNS]],
        problem=problem,
        notes=notes,
        talk=_talk(each.conversation, "What its model was told, and said", shown),
        details=None if each.details is None else shown.fold(eyes.indented(each.details)),
    )


def _problem(error: ApiError | None, shown: Shown) -> Folded | None:
    return None if error is None else shown.fold(f"{error.code}: {error.message}")


def _reference(reference: Reference, output: str, shown: Shown) -> ReferenceView:
    return ReferenceView(
        source=reference.source,
        text=shown.fold(reference.text),
        is_same=reference.text == output,
        pieces=_pieces(reference.text, output, shown) if output else None,
    )


def _pieces(reference: str, output: str, shown: Shown) -> list[Piece] | None:
    if len(reference) + len(output) > DIFF_CHARS:
        return None
    pieces = word_diff(reference, output)
    if pieces is None or not shown.address.has_spaces:
        return pieces
    return [Piece(each.kind, eyes.spaced(each.text)) for each in pieces]


def _talk(
    conversation: Conversation | None, title: str, shown: Shown, *, is_answered: bool = True
) -> Talk | None:
    """The conversation; None where there is none.

    Args:
        conversation: with whom, and what was said.
        title: its summary begins so.
        shown: how it is shown.
        is_answered: the answer is shown with it, and not elsewhere.
    """
    if conversation is None or not (conversation.told or is_answered):
        return None
    turns = [_turn(each, shown) for each in conversation.told[:MAX_TURNS]]
    said = conversation.said
    if is_answered and (said.text or said.refusal):
        turns.append(Part("answer", shown.fold(said.text or said.refusal)))
    tokens = conversation.prompt_tokens + conversation.completion_tokens
    known = [conversation.model, eyes.counted(tokens, "token") if tokens else ""]
    about = ", ".join(filter(None, map(eyes.clip, known)))
    summary = f"{title} ({about})" if about else title
    return Talk(summary, turns, max(0, len(conversation.told) - MAX_TURNS)) if turns else None


def _turn(turn: Turn, shown: Shown) -> Part:
    text = turn.text
    if turn.tool_calls:
        text = "\n".join(filter(None, [text, _written(turn.tool_calls)]))
    return Part(turn.role or "message", shown.fold(text))


def _formatted(text: str) -> Markup:
    # Fifty modules of a parser, for those who ask for Markdown alone.
    formatted: Markup = import_module("evald.web.markdown").rendered(text)
    return formatted


def _facts(run: StoredRun, detail: ItemDetail) -> list[tuple[str, str]]:
    asked = detail.asked
    facts = [("Recorded", eyes.utc(detail.recorded_at))]
    if run.started_at is not None and detail.recorded_at >= run.started_at:
        took = eyes.duration(detail.recorded_at - run.started_at)
        facts.append(("After the run began", took))
    if asked is not None:
        facts += _facts_of(asked)
    return facts


def _facts_of(asked: Conversation) -> list[tuple[str, str]]:
    facts: Mapping[str, str] = {
        "Model": eyes.clip(asked.model),
        "Answered in": "" if asked.seconds is None else eyes.took(asked.seconds),
        "Ended because of": eyes.clip(asked.finish_reason),
        "Prompt": eyes.counted(asked.prompt_tokens, "token") if asked.prompt_tokens else "",
        "Completion": eyes.counted(asked.completion_tokens, "token")
        if asked.completion_tokens
        else "",
    }
    return [(name, value) for name, value in facts.items() if value]


def _raw(text: str) -> str:
    """The item's JSON over several lines, or as it is kept where that would be much work."""
    if len(text) > DIFF_CHARS * 5:
        return text
    return eyes.indented(exact_json.DECODER.decode(text))
