"""The page of an eval: its runs, their trend, and how it is set up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from evald.ports.kept import StoredRun
from evald.services.overviews import EvalReport, report_eval
from evald.web import format as eyes
from evald.web.charts import TrendPoint
from evald.web.evals_page import CSV_ROWS, PAGE_ROWS
from evald.web.figures import Rated, RunSign, rated, run_sign
from evald.web.links import Links
from evald.web.queries import from_cursor, ignored
from evald.web.run_address import RunAddress
from evald.web.views import Asked, Table, View
from evald.wire.data_source_configs import item_schema_of
from evald.wire.evals import EchoedCriterion, Eval, echoed_criteria, eval_json
from evald.wire.pages import ListRunsQuery
from evald.wire.runs import RunStatus

MOST_COMPARED = 8
"""So many runs at most stand beside one another."""

_KNOWN = frozenset({"after"})


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run in the table. `tokens` are all that models counted for it, graders' included.

    `took_s` is from its start to its end, or until now; None before it started.
    """

    id: str
    name: str
    href: str
    status: RunStatus
    sign: RunSign
    done: int
    planned: int | None
    rate: Rated
    model: str
    tokens: int
    created_at: int
    started_at: int | None
    ended_at: int | None
    took_s: int | None
    is_imported: bool


@dataclass(frozen=True, slots=True)
class EvalPage:
    """An eval and a page of its runs, newest first; `run_count` is of all its runs.

    `item_schema` is what a row's item must fit, `json` how the API answers the eval.
    """

    id: str
    name: str
    created_at: int
    metadata: Mapping[str, str]
    data_source_type: str
    item_schema: JsonValue
    criteria: Sequence[EchoedCriterion]
    json: Mapping[str, JsonValue]
    run_count: int
    runs: Sequence[RunRow]
    first: str
    next: str | None
    is_first: bool
    new_run: str
    delete: str


async def show_eval(asked: Asked) -> View:
    """GET /evaluations/{eval_id}: the eval with its runs."""
    params, links = asked.request.query_params, asked.site.links
    eval_id: str = asked.request.path_params["eval_id"]
    after = params.get("after") or None
    notices = ignored(params, known=_KNOWN)
    limit = CSV_ROWS if asked.form == "csv" else PAGE_ROWS
    report = await from_cursor(
        lambda place: report_eval(
            asked.site.context,
            asked.visitor.project_id,
            eval_id,
            ListRunsQuery(after=place, limit=limit, order="desc"),
        ),
        after,
        notices,
    )
    now = asked.site.context.clock.now()
    runs = await asked.site.context.cpu.run(
        lambda: [_row(each, links, now=now) for each in report.runs.rows]
    )
    page = _page(report, runs, links, is_first=after is None)
    extras = {"trend_points": _trend(runs), "most_compared": MOST_COMPARED}
    return View("eval.html", page, table=_table(runs), notices=notices, extras=extras)


def _page(report: EvalReport, runs: Sequence[RunRow], links: Links, *, is_first: bool) -> EvalPage:
    an_eval = report.eval
    again = next((each.id for each in runs if not each.is_imported), None)
    return EvalPage(
        id=an_eval.id,
        name=an_eval.name,
        created_at=an_eval.created_at,
        metadata=an_eval.metadata,
        data_source_type=data_source_type(an_eval),
        item_schema=item_schema_of(an_eval.data_source_config),
        criteria=echoed_criteria(an_eval),
        json=eval_json(an_eval),
        run_count=report.count,
        runs=runs,
        first=links.eval(an_eval.id),
        next=links.eval(an_eval.id, after=runs[-1].id) if report.runs.has_more else None,
        is_first=is_first,
        new_run=links.new_run(an_eval.id, again),
        delete=links.delete(an_eval.id),
    )


def data_source_type(an_eval: Eval) -> str:
    """What kind of rows the eval takes; an imported one may say something else, or nothing."""
    kind = an_eval.data_source_config.get("type")
    return kind if isinstance(kind, str) else ""


def _row(run: StoredRun, links: Links, *, now: int) -> RunRow:
    tally = run.tally
    until = run.ended_at if run.ended_at is not None else None if run.has_ended else now
    started = run.started_at
    return RunRow(
        id=run.id,
        name=run.name or run.id,
        href=links.run(RunAddress(run.eval_id, run.id)),
        status=run.status,
        sign=run_sign(run.status),
        done=tally.total,
        planned=run.planned_rows,
        rate=rated(tally.passed, tally.failed, errored=tally.errored),
        model=run.model,
        tokens=sum(usage.total_tokens for usage in tally.usage.values()),
        created_at=run.created_at,
        started_at=started,
        ended_at=run.ended_at,
        took_s=None if started is None or until is None else max(0, until - started),
        is_imported=run.imported is not None,
    )


def _trend(runs: Sequence[RunRow]) -> list[TrendPoint]:
    """The rates of the page's runs, oldest first; runs without one are left out."""
    return [
        TrendPoint(eyes.clip(run.name), rate, low, high)
        for run in reversed(runs)
        if (rate := run.rate.rate) is not None
        and (low := run.rate.low) is not None
        and (high := run.rate.high) is not None
    ]


def _table(runs: Sequence[RunRow]) -> Table:
    columns = ["run_id", "name", "status", "model", "done", "planned", "passed", "graded"]
    columns += ["errored", "rate", "low", "high", "tokens", "created_at", "started_at", "ended_at"]
    return Table(columns, [_cells(each) for each in runs])


def _cells(run: RunRow) -> list[str | float | None]:
    rate = run.rate
    what: list[str | float | None] = [run.id, run.name, run.status, run.model]
    what += [run.done, run.planned, rate.passed, rate.graded, rate.errored]
    what += [rate.rate, rate.low, rate.high, run.tokens]
    return [*what, run.created_at, run.started_at, run.ended_at]
