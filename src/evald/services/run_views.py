"""A run as it is answered: made of what is kept, each time it is read."""

from dataclasses import dataclass

from pydantic import JsonValue

from evald.domain.tally import Tally
from evald.ports.kept import Rows, StoredRun
from evald.services.context import Context
from evald.wire.runs import PerCriterionResult, PerModelUsage, ResultCounts, Run


@dataclass(frozen=True, slots=True)
class RunView:
    """A run and where its rows lie.

    Where `rows.inline`, the list at `data_source.source.content` is empty here and stands in the
    blob, one row a line, to be put in its place on the way out. `imported` is the body to answer
    instead of `run`, where the run was carried out elsewhere.
    """

    run: Run
    rows: Rows
    imported: dict[str, JsonValue] | None = None


def view_run(context: Context, run: StoredRun) -> RunView:
    """The run as the API answers it."""
    url = report_url(context.public_url, run)
    echo = None if run.imported is None else {**run.imported, "report_url": url}
    return RunView(composed_run(run, url), run.rows, echo)


def composed_run(run: StoredRun, url: str) -> Run:
    """The run, its report at this address, made of all that is kept but an imported body."""
    # An imported run may have a status that we do not know.
    make = Run if run.imported is None else Run.model_construct
    ended = run.has_ended
    return make(
        id=run.id,
        eval_id=run.eval_id,
        report_url=url,
        status=run.status,
        model=run.model,
        name=run.name,
        created_at=run.created_at,
        result_counts=_counts(run),
        per_model_usage=_usage(run.tally) if ended else None,
        per_testing_criteria_results=_per_criterion(run.tally) if ended else None,
        data_source=run.data_source,
        error=run.error,
        metadata=run.metadata,
    )


def report_url(public_url: str, run: StoredRun) -> str:
    """Where the run's report opens: the hosted path under our own address.

    Source: observed 2025-05.
    """
    query = f"project_id={run.project_id}&run_id={run.id}"
    return f"{public_url}/evaluations/{run.eval_id}?{query}"


def _counts(run: StoredRun) -> ResultCounts:
    """While rows are worked on, the total is what is planned; at the end, what there is."""
    planned = 0 if run.planned_rows is None else run.planned_rows
    return ResultCounts(
        total=run.tally.total if run.has_ended else planned,
        errored=run.tally.errored,
        failed=run.tally.failed,
        passed=run.tally.passed,
    )


def _usage(tally: Tally) -> list[PerModelUsage]:
    return [
        PerModelUsage(
            model_name=model,
            invocation_count=usage.invocations,
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            total_tokens=usage.total_tokens,
            cached_tokens=usage.cached_tokens,
        )
        for model, usage in tally.usage.items()
    ]


def _per_criterion(tally: Tally) -> list[PerCriterionResult]:
    return [
        PerCriterionResult(testing_criteria=criterion, passed=count.passed, failed=count.failed)
        for criterion, count in tally.criteria.items()
    ]
