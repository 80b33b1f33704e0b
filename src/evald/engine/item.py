"""One row's way: its sample, its grades, and the output item they make."""

import asyncio
import logging

from pydantic import JsonValue

from evald.domain.conversation.asked import asked_elsewhere
from evald.domain.conversation.reading import Reading
from evald.domain.item_schema import RowUndecided
from evald.domain.jsonl import Row, RowProblem, describe, row_of_text
from evald.domain.sample import Sample
from evald.domain.tally import Usage
from evald.domain.template import Variables
from evald.engine.output_item import output_item
from evald.engine.run_in_hand import RunInHand
from evald.graders.by_type import grade
from evald.graders.grade import Grade, errored
from evald.graders.tools import GraderTools
from evald.ports.kept import StoredOutputItem
from evald.ports.traces import Traces
from evald.sampling.echo import echo
from evald.sampling.regraded import sample_of_echo
from evald.sampling.sampler import sample_row
from evald.sampling.uploaded import sample_of_row
from evald.wire.errors import ApiError
from evald.wire.graders import Grader

_log = logging.getLogger("evald.engine")

GRACE_S = 1.0
"""How much longer than its deadline a row may take: the model's client, which knows why the answer
did not come, says so first.
"""

SUSPECT_DEATHS = 2
DEATHS_ALLOWED = 6
"""From so many ends of a process in its midst on a row goes alone, and after so many not at all.

Three would not do: kills that follow one another closely meet an innocent row as often.
"""


async def work_row(run: RunInHand, number: int, text: bytes) -> StoredOutputItem:
    """The output item of a row; never raises but when it is canceled.

    Args:
        number: the row's 0-based position in the data source.
        text: the row's JSON.
    """
    traces = run.context.traces
    if not traces.is_on:
        return await _worked_or_errored(run, number, text)
    with traces.span("item", {"evald.run.id": run.id, "evald.row": number}) as span:
        item = await _worked_or_errored(run, number, text)
        span.note({"evald.output_item.id": item.id, "evald.output_item.status": item.status})
        return item


async def _worked_or_errored(run: RunInHand, number: int, text: bytes) -> StoredOutputItem:
    row = row_of_text(text)
    try:
        return await _worked(run, number, row)
    except TimeoutError:
        seconds = run.context.item_timeout_s
        message = f"The row was not done within {seconds:g} seconds."
        return _errored(run, number, row, ApiError(code="item_timeout", message=message))
    except Exception:  # noqa: BLE001 - the outermost loop of a row
        # A mistake of ours costs one row, never a run.
        _log.exception("row_failed run=%s row=%d", run.id, number)
        message = "The server had an error while working on this row; its log has the trace."
        return _errored(run, number, row, ApiError(code="internal_error", message=message))


def dead_row(run: RunInHand, number: int, text: bytes) -> StoredOutputItem:
    """The output item of a row in whose midst the process ended too often."""
    message = f"The server ended {DEATHS_ALLOWED} times while this row was being worked on."
    error = ApiError(code="internal_error", message=message)
    return _errored(run, number, row_of_text(text), error)


async def _worked(run: RunInHand, number: int, row: Row | RowProblem) -> StoredOutputItem:
    problem = _unusable(run, row)
    if problem is not None or isinstance(row, RowProblem):
        return _errored(run, number, row, problem or _NO_ROW)
    deadline = run.context.clock.monotonic() + run.context.item_timeout_s
    async with asyncio.timeout(run.context.item_timeout_s + GRACE_S):
        sample = await _sample(run, row, deadline)
        grades = await _grades(run, row, sample, run.grader_tools(deadline))
    return output_item(run, number, row.item, (sample, grades))


_NO_ROW = ApiError(code="invalid_data_source", message="The row cannot be read.")


def _unusable(run: RunInHand, row: Row | RowProblem) -> ApiError | None:
    if isinstance(row, RowProblem):
        message = describe(row, where="The row")
        return ApiError(code="invalid_data_source", message=message)
    misfit = run.schema.misfit(row.item)
    if isinstance(misfit, RowUndecided):
        return ApiError(code="item_schema_undecided", message=misfit.reason)
    return None


async def _sample(run: RunInHand, row: Row, deadline: float) -> Sample:
    if run.is_regraded:
        return sample_of_echo(row.sample)
    if run.request_plan is None:
        return sample_of_row(row.sample, asked=_asked(row.item) if run.is_logged else None)
    return await sample_row(run.request_plan, row.item, model=run.asked, deadline=deadline)


def _asked(item: JsonValue) -> JsonValue:
    return item.get("input") if isinstance(item, dict) else None


async def _grades(run: RunInHand, row: Row, sample: Sample, tools: GraderTools) -> list[Grade]:
    if sample.error is not None:
        return [errored(sample.error.code, sample.error.message) for _ in run.criteria]
    variables = Variables(row.item, sample.variables)
    if len(run.criteria) == 1:
        return [await _graded(run.context.traces, run.criteria[0].grader, variables, tools)]
    traces = run.context.traces
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(_graded(traces, each.grader, variables, tools))
            for each in run.criteria
        ]
    return [each.result() for each in tasks]


async def _graded(
    traces: Traces, grader: Grader, variables: Variables, tools: GraderTools
) -> Grade:
    if not traces.is_on:
        return await grade(grader, variables, tools)
    place = {"gen_ai.evaluation.name": grader.name, "evald.grader.type": grader.type}
    with traces.span("grade", place) as span:
        made = await grade(grader, variables, tools)
        if made.error is not None:
            span.fail(made.error.code)
        else:
            label = "pass" if made.passed else "fail"
            span.note(
                {
                    "gen_ai.evaluation.score.value": made.score,
                    "gen_ai.evaluation.score.label": label,
                }
            )
        return made


def _errored(
    run: RunInHand, number: int, row: Row | RowProblem, error: ApiError
) -> StoredOutputItem:
    item = {} if isinstance(row, RowProblem) else row.item
    grades = [errored(error.code, error.message) for _ in run.criteria]
    return output_item(run, number, item, (_unsampled(run, error), grades))


def _unsampled(run: RunInHand, error: ApiError) -> Sample:
    reading = Reading(run.model_name, Usage(), error=error)
    return Sample(None, echo(asked_elsewhere({}), reading), {}, error)
