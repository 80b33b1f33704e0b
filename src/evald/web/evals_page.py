"""The list of evals: each with its runs' trend and how the last of them stands."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import RedirectResponse, Response

from evald.ports.overviews import RunPoint
from evald.services.overviews import EvalOverview, EvalsAsked, list_eval_overviews
from evald.web.figures import Rated, RunSign, rated, run_sign
from evald.web.links import Links
from evald.web.queries import from_cursor, ignored
from evald.web.run_address import RunAddress
from evald.web.views import Asked, Table, View
from evald.wire.evals import echoed_criteria
from evald.wire.runs import RunStatus

PAGE_ROWS = 50
CSV_ROWS = 10_000
"""So many rows a table has as CSV, from where the page begins."""

_KNOWN = frozenset({"search", "after", "tab"})


@dataclass(frozen=True, slots=True)
class LastRun:
    """The newest run of an eval. `planned` is None until its rows are counted."""

    id: str
    href: str
    status: RunStatus
    sign: RunSign
    created_at: int
    done: int
    planned: int | None
    rate: Rated


@dataclass(frozen=True, slots=True)
class EvalRow:
    """An eval in the list; `trend` has the rates of its newest runs, oldest first."""

    id: str
    name: str
    href: str
    created_at: int
    criteria: int
    runs: int
    last_run: LastRun | None
    trend: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class EvalsPage:
    """The list of evals. `next` is where older ones are, `first` where the newest are."""

    search: str
    evals: Sequence[EvalRow]
    first: str
    next: str | None
    is_first: bool


async def show_evals(asked: Asked) -> View:
    """GET /evaluations: the evals, newest first, or those with `search` in their name."""
    params, links = asked.request.query_params, asked.site.links
    search, after = params.get("search", "").strip(), params.get("after") or None
    notices = ignored(params, known=_KNOWN)
    limit = CSV_ROWS if asked.form == "csv" else PAGE_ROWS
    page = await from_cursor(
        lambda place: list_eval_overviews(
            asked.site.context, asked.visitor.project_id, EvalsAsked(search, place, limit)
        ),
        after,
        notices,
    )
    rows = await asked.site.context.cpu.run(lambda: [_row(each, links) for each in page.rows])
    value = EvalsPage(
        search=search,
        evals=rows,
        first=links.evals(search=search),
        next=links.evals(rows[-1].id, search) if page.has_more else None,
        is_first=after is None,
    )
    return View("evals.html", value, table=_table(rows), notices=notices)


async def open_hosted(asked: Asked) -> Response:
    """GET /evaluation: the page that a tab of the hosted dashboard is here."""
    tab = asked.request.query_params.get("tab", "evals")
    links = asked.site.links
    return RedirectResponse(links.files() if tab == "datasets" else links.evals(), 303)


def _row(overview: EvalOverview, links: Links) -> EvalRow:
    an_eval, runs = overview.eval, overview.runs
    return EvalRow(
        id=an_eval.id,
        name=an_eval.name,
        href=links.eval(an_eval.id),
        created_at=an_eval.created_at,
        criteria=len(echoed_criteria(an_eval)),
        runs=runs.count,
        last_run=_last_run(an_eval.id, runs.newest[0], links) if runs.newest else None,
        trend=[_rate(each) for each in reversed(runs.newest)],
    )


def _last_run(eval_id: str, run: RunPoint, links: Links) -> LastRun:
    return LastRun(
        id=run.id,
        href=links.run(RunAddress(eval_id, run.id)),
        status=run.status,
        sign=run_sign(run.status),
        created_at=run.created_at,
        done=run.passed + run.failed + run.errored,
        planned=run.planned_rows,
        rate=rated(run.passed, run.failed, errored=run.errored),
    )


def _rate(run: RunPoint) -> float | None:
    graded = run.passed + run.failed
    return run.passed / graded if graded else None


def _table(rows: Sequence[EvalRow]) -> Table:
    columns = ["eval_id", "name", "created_at", "testing_criteria", "runs", "last_run_id"]
    columns += ["last_status", "last_passed", "last_graded", "last_errored"]
    columns += ["last_rate", "last_low", "last_high"]
    return Table(columns, [[*_eval_cells(each), *_run_cells(each.last_run)] for each in rows])


def _eval_cells(row: EvalRow) -> list[str | int]:
    return [row.id, row.name, row.created_at, row.criteria, row.runs]


def _run_cells(run: LastRun | None) -> list[str | float | None]:
    if run is None:
        return [None] * 8
    rate = run.rate
    counts: list[str | float | None] = [rate.passed, rate.graded, rate.errored]
    return [run.id, run.status, *counts, rate.rate, rate.low, rate.high]
