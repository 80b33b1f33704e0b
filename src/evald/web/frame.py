"""The frame around every page: its theme, its other forms, and what its own forms need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs, quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from evald.web.forms import first, form_text, form_token, is_ours
from evald.web.links import local_path
from evald.web.session import COOKIE
from evald.web.site import Site

Theme = Literal["light", "dark", "system"]
THEMES: dict[str, Theme] = {"light": "light", "dark": "dark", "system": "system"}
THEME_COOKIE = "evald_theme"
"""Remembers the theme that was chosen; the script writes it too."""

THEME_S = 365 * 24 * 3_600
MAX_THEME_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a page. `here` is its address; `json` and `csv` are where its others are.

    `url` is the whole address, and `seen_at` the time, that stand on the page when it is printed.
    `is_admitted` says that it is shown to somebody who may see pages. `token` is for its forms.
    """

    theme: Theme = "system"
    here: str = "/"
    url: str = ""
    seen_at: int = 0
    json: str | None = None
    csv: str | None = None
    is_admitted: bool = False
    has_session: bool = False
    token: str = ""
    notices: Sequence[str] = ()


def frame_of(site: Site, request: Request) -> Frame:
    """The frame of a page that anybody may see."""
    return Frame(
        theme=THEMES.get(request.cookies.get(THEME_COOKIE, ""), "system"),
        here=here_of(site, request),
        token=form_token(site, session_of(request)),
    )


def framed(site: Site, request: Request, values: Mapping[str, object]) -> dict[str, object]:
    """The values of a template of such a page."""
    return {"frame": frame_of(site, request), **values}


def here_of(site: Site, request: Request) -> str:
    """The full path and query of the request, as a link to it would have them."""
    query = request.scope["query_string"].decode("latin-1")
    path = site.links.prefix + quote(request.scope["path"])
    return f"{path}?{query}" if query else path


def session_of(request: Request) -> str:
    """What the browser showed as its session, good or not; empty where it has none."""
    return request.cookies.get(COOKIE, "")


async def choose_theme(site: Site, request: Request) -> Response:
    """POST /theme: pages are shown in this theme from now on, beginning with the one at `next`."""
    if not is_ours(site, request):
        return RedirectResponse(site.links.evals(), 303)
    fields = parse_qs(await form_text(request, most=MAX_THEME_BYTES))
    response = RedirectResponse(local_path(first(fields, "next")) or site.links.evals(), 303)
    theme = THEMES.get(first(fields, "theme"), "system")
    response.set_cookie(THEME_COOKIE, theme, max_age=THEME_S, samesite="lax")
    return response
