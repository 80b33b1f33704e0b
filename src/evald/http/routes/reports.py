"""Reports over HTTP: one run in numbers, and several compared. Ours."""

from starlette.requests import Request
from starlette.responses import Response

from evald.domain import exact_json
from evald.domain.errors import InvalidValue
from evald.http.answers import list_answer, text_answer
from evald.http.operation import Api, project_of
from evald.http.parsing import read_query
from evald.services import comparisons
from evald.services.changed_items import (
    ChangesAsked,
    changed_item,
    find_changes,
    read_change,
    read_criterion,
    read_texts,
)
from evald.services.clustered_reports import read_clustered_report
from evald.services.compared_runs import read_candidate, read_compared
from evald.services.levels import read_level
from evald.services.run_reports import read_run_report
from evald.wire.comparisons import CompareQuery, ListChangesQuery
from evald.wire.reports import ReportQuery


async def get_report(api: Api, request: Request) -> Response:
    """Gives a run in numbers: rates, scores and costs, each with its interval."""
    query = read_query(ReportQuery, request.query_params)
    project_id, level = project_of(request), read_level(query.level)
    run_id: str = request.path_params["run_id"]
    if query.cluster_by is None:
        report = await read_run_report(api.context, project_id, run_id, level=level)
    else:
        report = await read_clustered_report(
            api.context, project_id, run_id, by=query.cluster_by, level=level
        )
    return text_answer(exact_json.dump(report.model_dump()))


async def compare_runs(api: Api, request: Request) -> Response:
    """Compares two to eight runs item by item, each with the first."""
    query = read_query(CompareQuery, request.query_params)
    run_ids, level = read_compared(query.runs), read_level(query.level)
    beside = await comparisons.put_side_by_side(api.context, project_of(request), run_ids)
    comparison = await comparisons.compare_runs(
        api.context, beside, level=level, cluster_by=query.cluster_by
    )
    return text_answer(exact_json.dump(comparison.model_dump()))


async def list_changes(api: Api, request: Request) -> Response:
    """Lists the items that changed between two of the compared runs, by row."""
    query = read_query(ListChangesQuery, request.query_params)
    run_ids = read_compared(query.runs)
    change, candidate = read_change(query.change), read_candidate(query.candidate, run_ids)
    after = _row(query.after)
    beside = await comparisons.put_side_by_side(api.context, project_of(request), run_ids)
    asked = ChangesAsked(change, candidate, read_criterion(query.criterion, beside))
    page = await api.context.cpu.run(
        lambda: find_changes(beside, asked, after=after, limit=query.limit)
    )
    texts = await read_texts(api.context, beside, page.rows)
    items = [changed_item(each, kept) for each, kept in zip(page.rows, texts, strict=True)]
    return list_answer(
        [exact_json.dump(item.model_dump()) for item in items],
        [str(item.row) for item in items],
        has_more=page.has_more,
    )


def _row(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        message = f"'after' is '{text[:40]}' and must be the row of the last item that was listed."
        raise InvalidValue(message, param="after")
    return int(text)
