"""What all pages share: their templates, their style sheet, and the headers of every answer."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.datastructures import MutableHeaders
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from evald.services.context import Context
from evald.services.keys import Gate
from evald.web import format as eyes
from evald.web.links import Links, links_under

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    # Not `no-referrer`: under that, browsers send `Origin: null` with our own forms, and there
    # would be nothing to tell them from another site's. To others this one sends no more.
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Style:
    """The style sheet and the SHA-256 of it, by which a browser knows whether it has it."""

    content: bytes
    content_hash: str


@dataclass(frozen=True, slots=True)
class Site:
    """What every page is made with. `cookie_secret` is what sessions are signed with."""

    context: Context
    gate: Gate
    cookie_secret: bytes
    links: Links
    style: Style
    templates: Environment

    def page(self, template: str, values: Mapping[str, object], *, status: int = 200) -> Response:
        """The page that this template makes of the values."""
        html = self.templates.get_template(template).render(values)
        return HTMLResponse(html.encode("utf-8", "backslashreplace"), status)


def build_site(context: Context, gate: Gate, *, cookie_secret: bytes) -> Site:
    """The site, its templates and style sheet read from the package."""
    links, style = links_under(context.public_url), _style()
    templates = Environment(
        loader=PackageLoader("evald.web"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_made_visible,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(
        clip=eyes.clip,
        counted=eyes.counted,
        cut=eyes.cut,
        fold=eyes.fold,
        indented=eyes.indented,
        iso=eyes.iso,
        number=eyes.number,
        utc=eyes.utc,
    )
    templates.globals.update(
        links=links, rate=eyes.rate, style_href=links.style(style.content_hash)
    )
    return Site(context, gate, cookie_secret, links, style, templates)


def with_headers(app: ASGIApp) -> ASGIApp:
    """The app, whose every answer has our headers, unless it has set them itself."""

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await app(scope, receive, sent)

    return answered


def _made_visible(value: object) -> object:
    # Called for whatever a template prints, before it is escaped; so no template can forget it.
    if isinstance(value, str) and not isinstance(value, Markup):
        return eyes.visible(value)
    return value


def _style() -> Style:
    content = resources.files("evald.web").joinpath("static", "app.css").read_bytes()
    return Style(content, hashlib.sha256(content).hexdigest()[:16])
