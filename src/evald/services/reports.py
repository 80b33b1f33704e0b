"""Reports: what a reader of a run needs, as values."""

from dataclasses import dataclass

from pydantic import JsonValue

from evald.domain.conversation.flatten import flatten_messages
from evald.domain.errors import EvalNotFound, RunNotFound
from evald.graders.by_type import runs_code
from evald.ports.kept import StoredRun
from evald.ports.store import Transaction
from evald.services.context import Context
from evald.services.error_reasons import ErrorReasons, read_error_reasons
from evald.services.item_reports import criterion_names, ran_apart
from evald.services.run_reports import read_run_report
from evald.wire.data_sources import (
    DataSource,
    FileIdSource,
    ItemReferenceMessages,
    TemplateMessages,
    UnsampledDataSource,
    read_data_source,
)
from evald.wire.evals import Eval
from evald.wire.pages import ListOutputItemsQuery
from evald.wire.reports import RunReport as RunNumbers


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
class RunReport:
    """A run as its readers need it, without its items; `numbers` are what it comes to.

    `is_sandboxed` is False where code of its graders ran, or runs, with all rights of the server.
    """

    eval: Eval
    run: StoredRun
    numbers: RunNumbers
    errors: ErrorReasons
    setup: Setup
    is_sandboxed: bool

    @property
    def has_ended(self) -> bool:
        """Whether nothing of the run will change any more."""
        return self.run.has_ended


async def report_run(context: Context, project_id: str, eval_id: str, run_id: str) -> RunReport:
    """The run and its eval.

    Raises:
        EvalNotFound: there is no such eval.
        RunNotFound: the eval has no such run.
    """
    async with context.store.snapshot() as tx:
        an_eval, run = await find_both(tx, project_id, eval_id, run_id)
        names = criterion_names(an_eval)
        errors = await read_error_reasons(tx, run_id, names, total=run.tally.errored)
        firsts = await tx.output_items.page(run_id, ListOutputItemsQuery(limit=1))
    return RunReport(
        eval=an_eval,
        run=run,
        numbers=await _numbers(context, run),
        errors=errors,
        setup=_setup(run),
        is_sandboxed=ran_apart(firsts.rows) and (run.has_ended or _are_apart(context, an_eval)),
    )


async def find_both(
    tx: Transaction, project_id: str, eval_id: str, run_id: str
) -> tuple[Eval, StoredRun]:
    """The eval and the run of it.

    Raises:
        EvalNotFound: there is no such eval.
        RunNotFound: the eval has no such run.
    """
    an_eval = await tx.evals.get(project_id, eval_id)
    if an_eval is None:
        raise EvalNotFound(eval_id)
    run = await tx.runs.get(project_id, eval_id, run_id)
    if run is None:
        raise RunNotFound(run_id)
    return an_eval, run


async def _numbers(context: Context, run: StoredRun) -> RunNumbers:
    known = context.report_memory.recall(run)
    if known is not None:
        return known
    numbers = await read_run_report(context, run.project_id, run.id)
    # Of a run under way, they may be of a moment later than the run is.
    if numbers.status == run.status and numbers.rate.errored.n == run.tally.total:
        context.report_memory.keep(run, numbers)
    return numbers


def _are_apart(context: Context, an_eval: Eval) -> bool:
    if context.sandbox.is_safe:
        return True
    return not any(runs_code(each.grader) for each in an_eval.testing_criteria)


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


def _object(value: JsonValue) -> dict[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""
