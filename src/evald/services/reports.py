"""Reports: what a reader of a run needs, as values."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Literal

from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.conversation.flatten import flatten_messages
from evald.domain.errors import EvalNotFound, RunNotFound, UnknownCursor
from evald.domain.tally import CriterionCount, Usage
from evald.graders.by_type import runs_code
from evald.graders.python_code import FAILURE
from evald.ports.kept import StoredOutputItem, StoredRun
from evald.ports.store import CursorUnknown, Transaction
from evald.services.context import Context
from evald.wire.data_sources import (
    DataSource,
    FileIdSource,
    ItemReferenceMessages,
    TemplateMessages,
    UnsampledDataSource,
    read_data_source,
)
from evald.wire.errors import ApiError
from evald.wire.evals import Eval, echoed_criteria
from evald.wire.output_items import OutputItemStatus
from evald.wire.pages import ListOutputItemsQuery


@dataclass(frozen=True, slots=True)
class ReportAsked:
    """Which run a report is of, and which of its items it shows."""

    eval_id: str
    run_id: str
    items: ListOutputItemsQuery


@dataclass(frozen=True, slots=True)
class CriterionReport:
    """A testing criterion and how the run's items did by it. `type` is its grader's."""

    id: str
    name: str
    type: str
    count: CriterionCount


@dataclass(frozen=True, slots=True)
class ModelCost:
    """What one model was asked, and for what: for samples, or for grades by graders.

    `asked_for` is None in an imported run, whose source does not tell them apart.
    """

    model: str
    asked_for: Literal["samples", "grades"] | None
    usage: Usage


@dataclass(frozen=True, slots=True)
class PromptMessage:
    """A message of the run's template, its content flattened to one string."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Setup:
    """Where a run's rows come from and how they are sampled.

    At most one of `messages` and `item_reference` is there; neither is in a run whose rows are
    graded as they are. `sampling_params` holds what was set, and nothing else.
    """

    data_source_type: str
    source_type: str
    file_id: str | None
    messages: list[PromptMessage]
    item_reference: str | None
    sampling_params: JsonValue


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one criterion said of one item. Where it errored, `score` says nothing.

    `failure` is why code came to no score, `printed` the beginning of its output; `is_sandboxed`
    is False where it ran with all rights of the server.
    """

    criterion_id: str
    criterion: str
    outcome: OutputItemStatus
    score: float
    error: ApiError | None
    failure: str = ""
    printed: str = ""
    is_sandboxed: bool = True


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
class RunReport:
    """A run as of one moment, with one page of its items.

    `is_sandboxed` is False where code of its graders ran, or runs, with all rights of the server.
    """

    eval: Eval
    run: StoredRun
    criteria: list[CriterionReport]
    setup: Setup
    items: list[ItemReport]
    has_more: bool
    is_sandboxed: bool = True

    @property
    def costs(self) -> list[ModelCost]:
        """What each model was asked, for samples first."""
        tally = self.run.tally
        if self.run.imported is not None:
            return [ModelCost(model, None, usage) for model, usage in tally.usage.items()]
        samples, graders = tally.sample_usage.items(), tally.grader_usage.items()
        return [
            *(ModelCost(model, "samples", usage) for model, usage in samples),
            *(ModelCost(model, "grades", usage) for model, usage in graders),
        ]

    @property
    def has_ended(self) -> bool:
        """Whether nothing of the run will change any more."""
        return self.run.has_ended

    @property
    def pending(self) -> int | None:
        """How many of its rows have no item (yet); None where they have not been counted."""
        planned = self.run.planned_rows
        return None if planned is None else max(0, planned - self.run.tally.total)


async def report_run(context: Context, project_id: str, asked: ReportAsked) -> RunReport:
    """The run, its eval, and the items asked for, all read at the same moment.

    Raises:
        EvalNotFound: there is no such eval.
        RunNotFound: the eval has no such run.
        UnknownCursor: `asked.items.after` is no item of the run.
    """
    async with context.store.snapshot() as tx:
        an_eval = await tx.evals.get(project_id, asked.eval_id)
        if an_eval is None:
            raise EvalNotFound(asked.eval_id)
        run = await tx.runs.get(project_id, asked.eval_id, asked.run_id)
        if run is None:
            raise RunNotFound(asked.run_id)
        try:
            page = await tx.output_items.page(asked.run_id, asked.items)
        except CursorUnknown:
            raise UnknownCursor(str(asked.items.after)) from None
        any_rows = page.rows or await _first_rows(tx, asked)
    names = {each.id: each.name for each in echoed_criteria(an_eval)}
    items = await context.cpu.run(lambda: [_item(stored, names) for stored in page.rows])
    return RunReport(
        eval=an_eval,
        run=run,
        criteria=_criteria(an_eval, run),
        setup=_setup(run),
        items=items,
        has_more=page.has_more,
        is_sandboxed=_were_apart(any_rows) and (run.has_ended or _are_apart(context, an_eval)),
    )


async def _first_rows(tx: Transaction, asked: ReportAsked) -> Sequence[StoredOutputItem]:
    page = await tx.output_items.page(asked.run_id, ListOutputItemsQuery(limit=1))
    return page.rows


def _were_apart(rows: Sequence[StoredOutputItem]) -> bool:
    results = [_object(each) for row in rows for each in _list(_parsed(row.results_json))]
    return all(each.get("sandboxed") is not False for each in results)


def _are_apart(context: Context, an_eval: Eval) -> bool:
    if context.sandbox.is_safe:
        return True
    return not any(runs_code(each.grader) for each in an_eval.testing_criteria)


def _criteria(an_eval: Eval, run: StoredRun) -> list[CriterionReport]:
    return [
        CriterionReport(
            id=each.id,
            name=each.name,
            type=each.type,
            count=run.tally.criteria.get(each.id, CriterionCount()),
        )
        for each in echoed_criteria(an_eval)
    ]


def _setup(run: StoredRun) -> Setup:
    try:
        return _setup_of(read_data_source(run.data_source))
    except ValueError:
        if run.imported is None:
            raise
        # Another service's data source: its types are all there is to say of it.
        source = _object(run.data_source.get("source"))
        return Setup(
            data_source_type=_text(run.data_source.get("type")),
            source_type=_text(source.get("type")),
            file_id=None,
            messages=[],
            item_reference=None,
            sampling_params=None,
        )


def _setup_of(source: DataSource) -> Setup:
    sampled = None if isinstance(source, UnsampledDataSource) else source
    prompt = None if sampled is None else sampled.input_messages
    params = None if sampled is None else sampled.sampling_params
    return Setup(
        data_source_type=source.type,
        source_type=source.source.type,
        file_id=source.source.id if isinstance(source.source, FileIdSource) else None,
        messages=_messages(prompt) if isinstance(prompt, TemplateMessages) else [],
        item_reference=(
            prompt.item_reference if isinstance(prompt, ItemReferenceMessages) else None
        ),
        sampling_params=None if params is None else params.model_dump(exclude_unset=True),
    )


def _messages(prompt: TemplateMessages) -> list[PromptMessage]:
    flat = flatten_messages([each.model_dump() for each in prompt.template])
    return [
        PromptMessage(_text(message.get("role")), _text(message.get("content")))
        for message in map(_object, flat)
    ]


def _item(stored: StoredOutputItem, names: dict[str, str]) -> ItemReport:
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


def _verdict(result: dict[str, JsonValue], names: dict[str, str]) -> Verdict:
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
    )


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
