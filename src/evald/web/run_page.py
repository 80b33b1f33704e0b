"""The page of a run: its report, its items, and one of them beside the others."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from evald.ports.kept import StoredRun
from evald.services.error_reasons import ErrorReasons
from evald.services.item_pages import page_items
from evald.services.item_reports import ItemDetail, ItemReport, criterion_names, report_items
from evald.services.item_walks import walk_items
from evald.services.reports import RunReport, Setup, report_run
from evald.services.run_views import report_url
from evald.web import run_figures as figures
from evald.web.group_table import GroupTable, group_cells, read_groups
from evald.web.item_list import Steps, item_cells, item_table, steps_of
from evald.web.item_page import opened_item
from evald.web.run_query import RunQuery, fitted, read_run_query
from evald.web.second_chances import offer_of
from evald.web.signs import PENDING, SIGNS
from evald.web.views import Asked, View
from evald.wire.evals import echoed_criteria, eval_json
from evald.wire.reports import RunReport as RunNumbers

REFRESH_S = 5
CSV_ITEMS = 10_000


@dataclass(frozen=True, slots=True)
class RunPage:
    """A run, some of its items, and the one of them that is open.

    Of the `total` items that status and verdicts let through, `searched` were looked at, `skipped`
    of them not, since a text was too long for the regular expression. `steps` are addresses.
    """

    eval_id: str
    eval_name: str
    run: StoredRun
    report: RunNumbers
    errors: ErrorReasons
    setup: Setup
    is_sandboxed: bool
    items: Sequence[ItemReport]
    searched: int
    total: int
    skipped: int
    steps: Steps
    groups: GroupTable | None
    item: ItemDetail | None


async def show_run(asked: Asked) -> View:
    """GET /evaluations/{eval_id}?run_id=…: the report of a run."""
    report, query = await read_report(asked)
    context, links = asked.site.context, asked.site.links
    groups = await read_groups(context, asked.visitor.project_id, query, links=links)
    if asked.form == "csv":
        return await _table_view(asked, report, query, groups)
    found = await page_items(
        context, report.run, report.eval, query=query.items, is_before=query.is_before
    )
    opened = await opened_item(asked, report.eval, report.run, query)
    names = criterion_names(report.eval)
    items = await context.cpu.run(partial(report_items, found.items, names))
    page = RunPage(
        eval_id=report.eval.id,
        eval_name=report.eval.name,
        run=report.run,
        report=report.numbers,
        errors=report.errors,
        setup=report.setup,
        is_sandboxed=report.is_sandboxed,
        items=items,
        searched=found.searched,
        total=found.total,
        skipped=found.skipped,
        steps=steps_of(found, query.address, links),
        groups=groups,
        item=None if opened is None else opened.detail,
    )
    extras = _extras(asked, report, query, page)
    view = None if opened is None else opened.view
    table = item_cells(report, items) if groups is None else group_cells(groups)
    return View(
        "run.html", page, table=table, notices=query.notices, extras={**extras, "opened": view}
    )


async def read_report(asked: Asked) -> tuple[RunReport, RunQuery]:
    """The report of the run that is asked for, and what of it is.

    Raises:
        EvalNotFound: there is no such eval.
        RunNotFound: the eval has no such run.
    """
    eval_id: str = asked.request.path_params["eval_id"]
    query = read_run_query(eval_id, asked.request.query_params)
    report = await report_run(
        asked.site.context, asked.visitor.project_id, eval_id, query.address.run_id
    )
    return report, fitted(query, report.eval)


async def _table_view(
    asked: Asked, report: RunReport, query: RunQuery, groups: GroupTable | None
) -> View:
    """The groups, or the items from where the page begins."""
    if groups is not None:
        table = group_cells(groups)
    else:
        context = asked.site.context
        walked = await walk_items(
            context, report.run, report.eval, query=query.items, most=CSV_ITEMS
        )
        table = item_cells(report, walked.items)
    return View("run.html", None, table=table)


def figures_of(asked: Asked, report: RunReport, query: RunQuery) -> dict[str, object]:
    """What is said of the whole run, and how it was set up."""
    links, rate = asked.site.links, report.numbers.rate
    errored = rate.errored.count
    return {
        "report": report,
        "run": report.run,
        "numbers": report.numbers,
        "address": query.address,
        "url": report_url(asked.site.context.public_url, report.run),
        "title": figures.tab_title(report),
        "state": figures.state_of(report),
        "graded": figures.rated_of(rate.graded, errored=errored),
        "with_errors": figures.rated_of(rate.errors_failed, errored=errored),
        "choices": figures.choices(report, query.address, links),
        "lines": figures.criterion_lines(report, query.address, links),
        "errors": figures.error_lines(report, query.address, links),
        "criteria_json": eval_json(report.eval).get("testing_criteria"),
        "signs": SIGNS,
        "pending": PENDING,
    }


def _extras(asked: Asked, report: RunReport, query: RunQuery, page: RunPage) -> dict[str, object]:
    address, clock = query.address, asked.site.context.clock
    follows = not (report.has_ended or address.is_still)
    return {
        **figures_of(asked, report, query),
        "progress": figures.progress_of(report, now=clock.now()),
        "refresh_s": REFRESH_S if follows else None,
        "still": replace(address, is_still=True),
        "moving": replace(address, is_still=False),
        "offer": offer_of(report),
        "criteria": echoed_criteria(report.eval),
        "table": item_table(report, page.items, address, asked.site.links),
    }
