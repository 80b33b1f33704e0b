"""Who may see a page, and the form by which a browser becomes one that may."""

from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from evald.domain.errors import IncorrectApiKey, MissingApiKey
from evald.services.keys import DEFAULT_PROJECT, secret_hash
from evald.web.forms import form_text, is_ours
from evald.web.frame import framed
from evald.web.links import local_path
from evald.web.session import COOKIE, SESSION_S, key_hash_of, session_token
from evald.web.site import Site

MAX_FORM_BYTES = 16_384
WRONG_KEY = "This is not a key of this server, or it was revoked."
NO_KEY = "A key is needed to sign in."
FOREIGN_FORM = "This form was sent from another site, and nothing was done. Sign in from here."


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who may see the pages of a project. `has_session` says that a cookie let them in."""

    project_id: str
    has_session: bool


async def visitor_of(site: Site, request: Request) -> Visitor | None:
    """Whoever is asking, by bearer key or cookie; None if neither lets them in.

    Raises:
        IncorrectApiKey: there is a bearer key, and it is none of ours.
    """
    if await site.gate.is_open():
        return Visitor(DEFAULT_PROJECT, has_session=False)
    key = _bearer(request)
    if key:
        admitted = await site.gate.admit(key)
        return Visitor(admitted.project_id, has_session=False)
    now = site.context.clock.now()
    hashed = key_hash_of(request.cookies.get(COOKIE, ""), now=now, secret=site.cookie_secret)
    if hashed is None:
        return None
    try:
        return Visitor(await site.gate.admit_hash(hashed), has_session=True)
    except IncorrectApiKey:
        return None


def to_sign_in(site: Site, request: Request) -> Response:
    """Sends a browser to the form, and back to this page after it."""
    query = request.scope["query_string"].decode("latin-1")
    path = site.links.prefix + quote(request.scope["path"])
    return RedirectResponse(site.links.sign_in(f"{path}?{query}" if query else path), 303)


async def show_sign_in(site: Site, request: Request) -> Response:
    """GET /sign-in: the form; where no key is needed, on to the page at once."""
    to = local_path(request.query_params.get("next"))
    if await site.gate.is_open():
        return RedirectResponse(to or site.links.evals(), 303)
    return form(site, request, to=to)


async def sign_in(site: Site, request: Request) -> Response:
    """POST /sign-in: a session for whoever has a key, and on to the page they came for.

    Raises:
        BodyTooLarge: no key is that long.
    """
    if not is_ours(site, request):
        return form(site, request, problem=FOREIGN_FORM, status=403)
    fields = parse_qs(await form_text(request, most=MAX_FORM_BYTES))
    key, to = fields.get("key", [""])[0].strip(), local_path(fields.get("next", [""])[0])
    try:
        await site.gate.admit(key)
    except (MissingApiKey, IncorrectApiKey):
        return form(site, request, to=to, problem=WRONG_KEY if key else NO_KEY, status=401)
    response = RedirectResponse(to or site.links.evals(), 303)
    until = site.context.clock.now() + SESSION_S
    token = session_token(secret_hash(key), until=until, secret=site.cookie_secret)
    _set_cookie(site, request, response, token)
    return response


async def sign_out(site: Site, request: Request) -> Response:
    """POST /sign-out: the browser forgets its session."""
    if not is_ours(site, request):
        return form(site, request, problem=FOREIGN_FORM, status=403)
    response = RedirectResponse(site.links.sign_in(), 303)
    _set_cookie(site, request, response, "")
    return response


def form(
    site: Site, request: Request, *, to: str | None = None, problem: str = "", status: int = 200
) -> Response:
    """The sign-in form, with what was wrong with the last attempt.

    Args:
        to: the local path that it leads on to.
    """
    values = framed(site, request, {"to": to, "problem": problem})
    response = site.page("sign_in.html", values, status=status)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="evald"'
    return response


def _bearer(request: Request) -> str:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _set_cookie(site: Site, request: Request, response: Response, token: str) -> None:
    is_https = "https" in (request.url.scheme, urlsplit(site.context.public_url).scheme)
    response.set_cookie(
        COOKIE,
        token,
        max_age=SESSION_S if token else 0,
        secure=is_https,
        httponly=True,
        samesite="lax",
    )
