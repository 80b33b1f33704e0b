"""Which page is at which address, and what it is made of."""

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from evald.domain.errors import IncorrectApiKey, RequestError, RunNotFound
from evald.services.context import Context
from evald.services.evals import get_eval, list_evals
from evald.services.keys import Gate
from evald.services.reports import ReportAsked, report_run
from evald.services.runs import list_runs
from evald.web.links import RunAddress
from evald.web.queries import Query, from_cursor, read_eval_query, read_list_query
from evald.web.run_page import PENDING, SIGNS, filters, item_rows, state_of, steps, tab_title
from evald.web.sign_in import (
    WRONG_KEY,
    Visitor,
    form,
    show_sign_in,
    sign_in,
    sign_out,
    to_sign_in,
    visitor_of,
)
from evald.web.site import Site, build_site, with_headers
from evald.wire.evals import echoed_criteria, eval_json
from evald.wire.pages import ListEvalsQuery, ListOutputItemsQuery, ListRunsQuery

LIST_ROWS = 50
ITEM_ROWS = 50
REFRESH_S = 5

Handler = Callable[[Site, Request], Awaitable[Response]]
Page = Callable[[Site, Request, Visitor], Awaitable[Response]]


def build_pages(context: Context, gate: Gate, *, cookie_secret: bytes) -> ASGIApp:
    """The pages as an application; whatever it has no page for is answered 404.

    Args:
        cookie_secret: at least 32 random bytes, the same after a restart; sessions are signed
            with it, and end when it changes.
    """
    site = build_site(context, gate, cookie_secret=cookie_secret)
    app = Starlette(
        routes=[
            _route("/", site, partial(_guarded, _evals)),
            _route("/evaluations/{eval_id}", site, partial(_guarded, _eval_or_run)),
            _route("/sign-in", site, show_sign_in),
            _route("/sign-in", site, sign_in, method="POST"),
            _route("/sign-out", site, sign_out, method="POST"),
            _route("/static/app.css", site, _style),
        ],
        exception_handlers={
            RequestError: partial(_refused, site),
            HTTPException: partial(_not_a_page, site),
            Exception: partial(_broken, site),
        },
    )
    app.router.redirect_slashes = False  # it would lead to whatever host the request names
    return with_headers(app)


def _route(path: str, site: Site, handler: Handler, *, method: str = "GET") -> Route:
    return Route(path, partial(handler, site), methods=[method])


async def _guarded(page: Page, site: Site, request: Request) -> Response:
    visitor = await visitor_of(site, request)
    if visitor is None:
        return to_sign_in(site, request)
    return await page(site, request, visitor)


async def _evals(site: Site, request: Request, visitor: Visitor) -> Response:
    query = read_list_query(request.query_params)
    page = await from_cursor(
        lambda after: list_evals(
            site.context,
            visitor.project_id,
            ListEvalsQuery(after=after, limit=LIST_ROWS, order="desc"),
        ),
        query,
    )
    values: dict[str, object] = {
        "visitor": visitor,
        "query": query,
        "evals": page.rows,
        "next": site.links.evals(after=page.rows[-1].id) if page.has_more else None,
    }
    return site.page("evals.html", values)


async def _eval_or_run(site: Site, request: Request, visitor: Visitor) -> Response:
    query = read_eval_query(request.query_params)
    eval_id: str = request.path_params["eval_id"]
    if query.run_id is None:
        return await _eval(site, eval_id, visitor=visitor, query=query)
    address = RunAddress(eval_id, query.run_id, query.status, query.after, query.is_still)
    return await _run(site, address, visitor=visitor, query=query)


async def _eval(site: Site, eval_id: str, *, visitor: Visitor, query: Query) -> Response:
    an_eval = await get_eval(site.context, visitor.project_id, eval_id)
    page = await from_cursor(
        lambda after: list_runs(
            site.context,
            visitor.project_id,
            eval_id,
            ListRunsQuery(after=after, limit=LIST_ROWS, order="desc"),
        ),
        query,
    )
    runs = [each.run for each in page.rows]
    values: dict[str, object] = {
        "visitor": visitor,
        "query": query,
        "eval": an_eval,
        "echoed_criteria": echoed_criteria(an_eval),
        "criteria": eval_json(an_eval).get("testing_criteria"),
        "runs": [(run, site.links.run(RunAddress(eval_id, run.id))) for run in runs],
        "next": site.links.eval(eval_id, after=runs[-1].id) if page.has_more else None,
        "signs": SIGNS,
    }
    return site.page("eval.html", values)


async def _run(site: Site, address: RunAddress, *, visitor: Visitor, query: Query) -> Response:
    report = await from_cursor(
        lambda after: report_run(
            site.context,
            visitor.project_id,
            ReportAsked(
                address.eval_id,
                address.run_id,
                ListOutputItemsQuery(after=after, limit=ITEM_ROWS, status=address.status),
            ),
        ),
        query,
    )
    values: dict[str, object] = {
        "visitor": visitor,
        "query": query,
        "report": report,
        "address": address,
        "title": tab_title(report),
        "state": state_of(report),
        "filters": filters(report, address, site.links),
        "criteria": eval_json(report.eval).get("testing_criteria"),
        "steps": steps(report, address, site.links),
        "refresh_s": None if report.has_ended or address.is_still else REFRESH_S,
        "signs": SIGNS,
        "pending": PENDING,
    }
    # Thousands of characters a row are folded, escaped and put together: not on the event loop.
    return await site.context.cpu.run(
        lambda: site.page("run.html", {**values, "rows": item_rows(report)})
    )


async def _style(site: Site, request: Request) -> Response:
    """The style sheet: kept for good under the address that names its content, else asked for."""
    tag = f'"{site.style.content_hash}"'
    is_named = request.query_params.get("v") == site.style.content_hash
    kept = "public, max-age=31536000, immutable" if is_named else "no-cache"
    headers = {"Cache-Control": kept, "ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(site.style.content, media_type="text/css", headers=headers)


async def _refused(site: Site, request: Request, error: Exception) -> Response:
    if isinstance(error, IncorrectApiKey):
        return form(site, problem=WRONG_KEY, status=error.status)
    sentence = error.message if isinstance(error, RequestError) else str(error)
    status = error.status if isinstance(error, RequestError) else 400
    steps = [(site.links.evals(), "All evals")]
    if isinstance(error, RunNotFound):
        steps.insert(0, (site.links.eval(request.path_params["eval_id"]), "The runs of this eval"))
    values = {"title": _TITLES.get(status, "Refused"), "sentence": sentence, "steps": steps}
    return site.page("problem.html", values, status=status)


_TITLES = {404: "Not found", 405: "Not possible here", 413: "Too large"}


async def _not_a_page(site: Site, request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 400
    path = request.scope["path"]
    sentences = {
        404: f"No page is at '{path}'.",
        405: f"The method {request.method} means nothing at '{path}'.",
    }
    values = {
        "title": _TITLES.get(status, "Refused"),
        "sentence": sentences.get(status, "This request cannot be answered."),
        "steps": [(site.links.evals(), "All evals")],
    }
    return site.page("problem.html", values, status=status)


async def _broken(site: Site, request: Request, error: Exception) -> Response:
    # The door gives every request an id, under which its log has what went wrong.
    request_id = request.scope.get("state", {}).get("request_id", "")
    values = {
        "title": "Our mistake",
        "sentence": f"The server had an error here; its log has the trace. {request_id}".strip(),
        "steps": [(site.links.evals(), "All evals")],
    }
    return site.page("problem.html", values, status=500)
