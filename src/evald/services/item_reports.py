"""Items of a run as their readers need them: what went in, what came out, who said what of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.template import UnknownVariable, Variables, fill
from evald.graders.python_code import FAILURE
from evald.ports.kept import StoredOutputItem
from evald.services.output_items import output_item_text
from evald.wire.errors import ApiError
from evald.wire.evals import Eval, echoed_criteria
from evald.wire.graders import StringCheckGrader, TextSimilarityGrader
from evald.wire.output_items import OutputItemStatus

_NAMES_OF_REFERENCES = ("reference", "expected", "ideal", "target", "reference_answer")
"""Fields that hold what an answer should be, where no grader says which one does."""

_SHOWN_APART = {"name", "type", "sample", "passed", "score", "error", FAILURE, "stdout", "seconds"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one criterion said of one item. Where it errored, `score` says nothing.

    `failure` is why code came to no score, `printed` the beginning of its output; `is_sandboxed`
    is False where it ran with all rights of the server, `seconds` how long its code or its model
    took, None where it has neither or that is not known.
    """

    criterion_id: str
    criterion: str
    outcome: OutputItemStatus
    score: float
    error: ApiError | None
    failure: str = ""
    printed: str = ""
    is_sandboxed: bool = True
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What the sample holds of the model's answer; all empty where there is no answer."""

    text: str = ""
    refusal: str = ""
    tool_calls: JsonValue = None


@dataclass(frozen=True, slots=True)
class ItemReport:
    """What became of one row. `error` is why it has no sample to grade."""

    id: str
    row: int
    outcome: OutputItemStatus
    item: JsonValue
    said: Said
    verdicts: list[Verdict]
    error: ApiError | None


@dataclass(frozen=True, slots=True)
class Turn:
    """A message of a conversation, its content one string; `tool_calls` where it makes some."""

    role: str
    text: str
    tool_calls: JsonValue = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a model was told, what it answered, how long it took, and what it counted for it."""

    model: str
    told: list[Turn]
    said: Said
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    error: ApiError | None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Reasoned:
    """A verdict with its reasons: the steps that its model told, and all that was said.

    `details` are what else its grader tells, such as the scores of which its score is made.
    """

    verdict: Verdict
    reasons: list[str]
    conversation: Conversation | None
    details: JsonValue


@dataclass(frozen=True, slots=True)
class Reference:
    """What an answer is held against: its text, and where that stands."""

    source: str
    text: str


@dataclass(frozen=True, slots=True)
class ItemDetail:
    """All that is known of one item. `raw` is its JSON, as the API answers it."""

    item: ItemReport
    recorded_at: int
    asked: Conversation | None
    verdicts: list[Reasoned]
    references: list[Reference]
    raw: str


def criterion_names(an_eval: Eval) -> dict[str, str]:
    """The name of each criterion, by its id."""
    return {each.id: each.name for each in echoed_criteria(an_eval)}


def report_item(stored: StoredOutputItem, names: Mapping[str, str]) -> ItemReport:
    """The item in short.

    Args:
        stored: the item as it is kept.
        names: of criteria, by their ids.
    """
    sample, results = _object(_parsed(stored.sample_json)), _parsed(stored.results_json)
    return ItemReport(
        id=stored.id,
        row=stored.row,
        outcome=stored.status,
        item=_parsed(stored.item_json),
        said=_said(sample.get("output")),
        verdicts=[_verdict(_object(each), names) for each in _list(results)],
        error=_error(sample.get("error")),
    )


def report_items(stored: Iterable[StoredOutputItem], names: Mapping[str, str]) -> list[ItemReport]:
    """The items in short."""
    return [report_item(each, names) for each in stored]


def detail_item(stored: StoredOutputItem, an_eval: Eval, *, run_id: str) -> ItemDetail:
    """The item with all that is known of it."""
    item = report_item(stored, criterion_names(an_eval))
    results = [_object(each) for each in _list(_parsed(stored.results_json))]
    return ItemDetail(
        item=item,
        recorded_at=stored.created_at,
        asked=_conversation(_parsed(stored.sample_json)),
        verdicts=[_reasoned(*each) for each in zip(item.verdicts, results, strict=True)],
        references=_references(item.item, an_eval),
        raw=output_item_text(stored, run_id=run_id, eval_id=an_eval.id),
    )


def ran_apart(items: Iterable[StoredOutputItem]) -> bool:
    """Whether no code of a grader ran with all rights of the server, for any of these items."""
    results = [_object(each) for item in items for each in _list(_parsed(item.results_json))]
    return all(each.get("sandboxed") is not False for each in results)


def _said(output: JsonValue) -> Said:
    messages = _list(output)
    if not messages:
        return Said()
    message = _object(messages[0])
    return Said(
        text=_text(message.get("content")),
        refusal=_text(message.get("refusal")),
        tool_calls=message.get("tool_calls"),
    )


def _verdict(result: Mapping[str, JsonValue], names: Mapping[str, str]) -> Verdict:
    criterion_id, score = _text(result.get("name")), result.get("score")
    error = _error(result.get("error"))
    judged: OutputItemStatus = "pass" if result.get("passed") is True else "fail"
    return Verdict(
        criterion_id=criterion_id,
        criterion=names.get(criterion_id, criterion_id),
        outcome=judged if error is None else "error",
        score=_number(score),
        error=error,
        failure=_text(result.get(FAILURE)),
        printed=_text(result.get("stdout")),
        is_sandboxed=result.get("sandboxed") is not False,
        seconds=_seconds(result if "seconds" in result else _object(result.get("sample"))),
    )


def _reasoned(verdict: Verdict, result: Mapping[str, JsonValue]) -> Reasoned:
    conversation = _conversation(result.get("sample"))
    return Reasoned(
        verdict=verdict,
        reasons=[] if conversation is None else _reasons(conversation.said.text),
        conversation=conversation,
        details={key: value for key, value in result.items() if key not in _SHOWN_APART} or None,
    )


def _conversation(sample: JsonValue) -> Conversation | None:
    if not isinstance(sample, dict):
        return None
    usage = _object(sample.get("usage"))
    return Conversation(
        model=_text(sample.get("model")),
        told=[_turn(_object(each)) for each in _list(sample.get("input"))],
        said=_said(sample.get("output")),
        finish_reason=_text(sample.get("finish_reason")),
        prompt_tokens=int(_number(usage.get("prompt_tokens"))),
        completion_tokens=int(_number(usage.get("completion_tokens"))),
        error=_error(sample.get("error")),
        seconds=_seconds(sample),
    )


def _seconds(told: Mapping[str, JsonValue]) -> float | None:
    """How long an answer or a call took; None where nobody knows."""
    seconds = told.get("seconds")
    return _number(seconds) if isinstance(seconds, int | float) else None


def _turn(message: Mapping[str, JsonValue]) -> Turn:
    content = message.get("content")
    text = content if isinstance(content, str) else exact_json.dump(content) if content else ""
    return Turn(_text(message.get("role")), text, message.get("tool_calls"))


def _reasons(text: str) -> list[str]:
    """The steps that a model was asked to tell before its result; none of any other answer."""
    try:
        answer = exact_json.parse(text)
    except ValueError:
        return []
    steps = [_object(each) for each in _list(_object(answer).get("steps"))]
    told = [(_text(each.get("description")), _text(each.get("conclusion"))) for each in steps]
    return [": ".join(filter(None, each)) for each in told if any(each)]


def _references(item: JsonValue, an_eval: Eval) -> list[Reference]:
    """What graders hold an answer against, each text once; or else the field that is called so."""
    found: dict[str, Reference] = {}
    for template in _templates(an_eval):
        if "item" not in template or "sample" in template:
            continue
        try:
            text = fill(template, Variables(item))
        except UnknownVariable:
            continue
        found.setdefault(text, Reference(template, text))
    return list(found.values()) or _named_references(item)


def _templates(an_eval: Eval) -> Sequence[str]:
    graders = [each.grader for each in an_eval.testing_criteria]
    return [
        each.reference
        for each in graders
        if isinstance(each, StringCheckGrader | TextSimilarityGrader)
    ]


def _named_references(item: JsonValue) -> list[Reference]:
    fields = _object(item)
    named = [name for name in _NAMES_OF_REFERENCES if isinstance(fields.get(name), str)]
    return [Reference(f"item.{name}", _text(fields[name])) for name in named[:1]]


def _number(value: JsonValue) -> float:
    """The value as a float; 0.0 where it is no number, or (in an imported item) none of ours."""
    try:
        found = float(value) if isinstance(value, int | float) else 0.0
    except OverflowError:
        return 0.0
    return found if isfinite(found) else 0.0


def _error(error: JsonValue) -> ApiError | None:
    if not isinstance(error, dict):
        return None
    return ApiError(code=_text(error.get("code")), message=_text(error.get("message")))


def _parsed(text: str) -> JsonValue:
    # Not `exact_json.parse`: what was kept must be readable, also where an answer is nested deeper
    # than a row may be.
    value: JsonValue = exact_json.DECODER.decode(text)
    return value


def _object(value: JsonValue) -> dict[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""
