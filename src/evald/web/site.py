"""What all pages share: their templates, their assets, and the headers of every answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.datastructures import MutableHeaders
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from evald.services.context import Context
from evald.services.keys import Gate
from evald.web import bars, charts
from evald.web import format as eyes
from evald.web.assets import Assets, packaged_assets
from evald.web.figures import run_sign
from evald.web.kept_templates import KeptTemplates
from evald.web.links import Links, links_under

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    # Not `no-referrer`: under that, browsers send `Origin: null` with our own forms, and there
    # would be nothing to tell them from another site's. To others this one sends no more.
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Site:
    """What every page is made with. `cookie_secret` is what sessions and forms are signed with."""

    context: Context
    gate: Gate
    cookie_secret: bytes
    links: Links
    assets: Assets
    templates: Environment

    def page(self, template: str, values: Mapping[str, object], *, status: int = 200) -> Response:
        """The page that this template makes of the values."""
        html = self.templates.get_template(template).render(values)
        return HTMLResponse(html.encode("utf-8", "backslashreplace"), status)


def build_site(
    context: Context, gate: Gate, *, cookie_secret: bytes, cache: Path | None = None
) -> Site:
    """The site, its templates and assets read from the package; `cache` keeps them compiled."""
    links, assets = links_under(context.public_url), packaged_assets()
    kept = None if cache is None else KeptTemplates(cache, cookie_secret)
    return Site(context, gate, cookie_secret, links, assets, _templates(links, assets, kept))


# Once: to read all templates anew for each site of a process takes longer than most tests.
@lru_cache(maxsize=4)
def _templates(links: Links, assets: Assets, kept: KeptTemplates | None) -> Environment:
    templates = Environment(
        loader=PackageLoader("evald.web"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_made_visible,
        auto_reload=False,
        bytecode_cache=kept,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(
        clip=eyes.clip,
        counted=eyes.counted,
        cut=eyes.cut,
        duration=eyes.duration,
        fold=eyes.fold,
        histogram=bars.histogram,
        indented=eyes.indented,
        iso=eyes.iso,
        minute=eyes.minute,
        number=eyes.number,
        percents=eyes.percents,
        rate_bar=bars.rate_bar,
        run_sign=run_sign,
        size=eyes.size,
        spark=charts.spark,
        trend=charts.trend,
        utc=eyes.utc,
    )
    templates.globals.update(
        links=links,
        rate=eyes.rate,
        style_href=links.asset("app.css", assets.style.content_hash),
        script_href=links.asset("app.js", assets.script.content_hash),
    )
    return templates


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
