"""Which page is at which address, and how whatever becomes of a request is answered."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from evald.domain import exact_json
from evald.domain.errors import IncorrectApiKey, RequestError, RunNotFound
from evald.services.context import Context
from evald.services.keys import Gate
from evald.web.assets import answer_asset
from evald.web.frame import choose_theme, frame_of, framed
from evald.web.late import LatePage, Show
from evald.web.links import in_form
from evald.web.sign_in import WRONG_KEY, form, show_sign_in, sign_in, sign_out, to_sign_in
from evald.web.sign_in import visitor_of as visitor_from
from evald.web.site import Site, build_site, with_headers
from evald.web.views import Asked, Form, View, csv_text, json_text

Handler = Callable[[Site, Request], Awaitable[Response]]

NO_KEY = "A key of this server is needed: send it as 'Authorization: Bearer …'."


def build_pages(
    context: Context, gate: Gate, *, cookie_secret: bytes, cache: Path | None = None
) -> ASGIApp:
    """The pages as an application; whatever it has no page for is answered 404.

    Args:
        cookie_secret: at least 32 random bytes, the same after a restart; sessions and forms are
            signed with it, and end when it changes.
        cache: the folder that keeps compiled templates for the next start; None: nothing does.
    """
    site = build_site(context, gate, cookie_secret=cookie_secret, cache=cache)
    app = Starlette(
        routes=_routes(site),
        exception_handlers={
            RequestError: partial(_refused, site),
            HTTPException: partial(_not_a_page, site),
            Exception: partial(_broken, site),
        },
    )
    app.router.redirect_slashes = False  # it would lead to whatever host the request names
    return with_headers(app)


def _routes(site: Site) -> list[Route]:
    return [*_routes_of_evals(site), *_routes_of_others(site)]


def _routes_of_evals(site: Site) -> list[Route]:
    return [
        *_route("/", site, {"": _page("evals_page.show_evals", "json", "csv")[""]}),
        *_route("/evaluation", site, _page("evals_page.open_hosted")),
        *_route("/evaluations", site, _page("evals_page.show_evals", "json", "csv")),
        *_route("/evaluations/{eval_id}", site, _shown_in(_show_eval_or_run, "json", "csv")),
        *_route(
            "/evaluations/{eval_id}/items/{item_id}", site, _page("item_page.show_item", "json")
        ),
        *_route("/evaluations/{eval_id}/events", site, _page("run_events.show_events")),
        *_route("/evaluations/{eval_id}/save", site, _page("run_saved.save_run")),
        *_route(
            "/evaluations/{eval_id}/retry",
            site,
            _page("second_chances.give_second_chance"),
            method="POST",
        ),
        *_route(
            "/evaluations/{eval_id}/new-run", site, _page("run_form_page.show_run_form", "json")
        ),
        *_route(
            "/evaluations/{eval_id}/new-run", site, _page("run_form_page.make_run"), method="POST"
        ),
        *_route("/evaluations/{eval_id}/cancel", site, _page("confirm_pages.show_cancel")),
        *_route(
            "/evaluations/{eval_id}/cancel", site, _page("confirm_pages.cancel"), method="POST"
        ),
        *_route("/evaluations/{eval_id}/delete", site, _page("confirm_pages.show_delete")),
        *_route(
            "/evaluations/{eval_id}/delete", site, _page("confirm_pages.delete"), method="POST"
        ),
    ]


def _routes_of_others(site: Site) -> list[Route]:
    return [
        *_route("/compare", site, _page("compare_page.show_compare", "json", "csv")),
        *_route("/files", site, _page("files_pages.show_files", "json", "csv")),
        *_route("/files/{file_id}", site, _page("files_pages.show_file", "json", "csv")),
        *_route("/files/{file_id}/content", site, _page("files_pages.send_file")),
        *_route("/logs", site, _page("logs_pages.show_logs", "json", "csv")),
        *_route("/logs/new-eval", site, _page("logs_eval_form.show_logs_eval")),
        *_route("/logs/new-eval", site, _page("logs_eval_form.make_eval"), method="POST"),
        *_route("/logs/{log_id}", site, _page("logs_pages.show_log", "json")),
        *_route("/theme", site, {"": choose_theme}, method="POST"),
        *_route("/sign-in", site, {"": show_sign_in}),
        *_route("/sign-in", site, {"": sign_in}, method="POST"),
        *_route("/sign-out", site, {"": sign_out}, method="POST"),
        *_route("/static/app.css", site, {"": _style}),
        *_route("/static/app.js", site, {"": _script}),
    ]


def _route(
    path: str, site: Site, handlers: Mapping[str, Handler], *, method: str = "GET"
) -> list[Route]:
    """The routes of a path: with each ending its handler, that of the path itself the last.

    It would take `.json` for a part of an id.
    """
    return [
        Route(path + ending, partial(handler, site), methods=[method])
        for ending, handler in handlers.items()
    ]


@dataclass(frozen=True, slots=True)
class _Page:
    """A page in one form; `others` are those that it has beside HTML."""

    show: Show
    form: Form
    others: tuple[Form, ...]


def _page(name: str, *others: Form) -> dict[str, Handler]:
    """The handlers of the page that this function, named with its module, shows."""
    return _shown_in(LatePage(name), *others)


def _shown_in(show: Show, *others: Form) -> dict[str, Handler]:
    forms: dict[str, Form] = {f".{form}": form for form in others}
    forms[""] = "html"
    return {ending: partial(_shown, _Page(show, form, others)) for ending, form in forms.items()}


async def _shown(page: _Page, site: Site, request: Request) -> Response:
    visitor = await visitor_from(site, request)
    if visitor is None:
        return to_sign_in(site, request) if page.form == "html" else _no_key()
    asked = Asked(site, request, visitor, page.form)
    view = await page.show(asked)
    if isinstance(view, Response):
        return view
    # Thousands of characters a row are escaped and put together: not on the event loop.
    return await site.context.cpu.run(lambda: _written(asked, view, page.others))


def _written(asked: Asked, view: View, others: tuple[Form, ...]) -> Response:
    match asked.form:
        case "html":
            return asked.site.page(view.template, _values(asked, view, others), status=view.status)
        case "json":
            return _json(json_text(view.page), view.status)
        case "csv":
            if view.table is None:
                raise HTTPException(404)
            content = csv_text(view.table).encode("utf-8", "backslashreplace")
            return Response(content, view.status, media_type="text/csv")


def _values(asked: Asked, view: View, others: tuple[Form, ...]) -> dict[str, object]:
    frame, context = frame_of(asked.site, asked.request), asked.site.context
    origin = context.public_url.removesuffix(asked.site.links.prefix)
    frame = replace(
        frame,
        url=f"{origin}{frame.here}",
        seen_at=context.clock.now(),
        json=in_form(frame.here, "json") if "json" in others else None,
        csv=in_form(frame.here, "csv") if "csv" in others and view.table is not None else None,
        is_admitted=True,
        has_session=asked.visitor.has_session,
        notices=view.notices,
    )
    return {"frame": frame, "page": view.page, **view.extras}


def _json(text: str, status: int) -> Response:
    return Response(text.encode(), status, media_type="application/json")


def _no_key() -> Response:
    answer = _problem_json(NO_KEY, 401)
    answer.headers["WWW-Authenticate"] = 'Bearer realm="evald"'
    return answer


_EVAL = LatePage("eval_page.show_eval")
_RUN = LatePage("run_page.show_run")


async def _show_eval_or_run(asked: Asked) -> View | Response:
    return await (_RUN if asked.request.query_params.get("run_id") else _EVAL)(asked)


async def _style(site: Site, request: Request) -> Response:
    return answer_asset(site.assets.style, request)


async def _script(site: Site, request: Request) -> Response:
    return answer_asset(site.assets.script, request)


async def _refused(site: Site, request: Request, error: Exception) -> Response:
    sentence = error.message if isinstance(error, RequestError) else str(error)
    status = error.status if isinstance(error, RequestError) else 400
    if isinstance(error, IncorrectApiKey) and not _is_for_programs(request):
        return form(site, request, problem=WRONG_KEY, status=status)
    steps = [(site.links.evals(), "All evals")]
    if isinstance(error, RunNotFound) and "eval_id" in request.path_params:
        steps.insert(0, (site.links.eval(request.path_params["eval_id"]), "The runs of this eval"))
    return _problem(site, request, sentence, status=status, steps=steps)


_TITLES = {404: "Not found", 405: "Not possible here", 413: "Too large", 500: "Our mistake"}


async def _not_a_page(site: Site, request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 400
    path = request.scope["path"]
    sentences = {
        404: f"No page is at '{path}'.",
        405: f"The method {request.method} means nothing at '{path}'.",
    }
    sentence = sentences.get(status, "This request cannot be answered.")
    return _problem(site, request, sentence, status=status)


async def _broken(site: Site, request: Request, error: Exception) -> Response:
    # The door gives every request an id, under which its log has what went wrong.
    request_id = request.scope.get("state", {}).get("request_id", "")
    sentence = f"The server had an error here; its log has the trace. {request_id}".strip()
    return _problem(site, request, sentence, status=500)


def _problem(
    site: Site,
    request: Request,
    sentence: str,
    *,
    status: int,
    steps: list[tuple[str, str]] | None = None,
) -> Response:
    if _is_for_programs(request):
        return _problem_json(sentence, status)
    values = {
        "title": _TITLES.get(status, "Refused"),
        "sentence": sentence,
        "steps": steps or [(site.links.evals(), "All evals")],
    }
    return site.page("problem.html", framed(site, request, values), status=status)


def _problem_json(sentence: str, status: int) -> Response:
    return _json(exact_json.dump({"error": {"message": sentence}}), status)


def _is_for_programs(request: Request) -> bool:
    path: str = request.scope["path"]
    return path.endswith((".json", ".csv"))
