"""Forms: how they are read, and how ours are told from those of other sites."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request

from evald.domain.errors import BodyTooLarge, RequestError
from evald.web.site import Site

TOKEN = "token"  # noqa: S105  the name of a field
"""The field of a form that shows that a page of ours asked for what it asks."""

TOKEN_S = 24 * 3_600
"""How long a page may lie open before its forms are refused."""

MAX_FORM_BYTES = 4_194_304
"""Prompts are long; nothing else in a form is."""

MAX_FIELDS = 1_000

_TIME_BYTES = 8
_MAC_BYTES = 32
_PURPOSE = b"evald form 1\n"

Fields = Mapping[str, list[str]]


class FormRefused(RequestError):
    """A form was not sent from a page of ours, or from one that is too old."""

    status = 403


def form_token(site: Site, session: str) -> str:
    """A token for the forms of a page that this session's browser is shown; empty: of none."""
    made_at = site.context.clock.now().to_bytes(_TIME_BYTES, "big")
    mac = _mac(site, made_at, session)
    return base64.urlsafe_b64encode(made_at + mac).decode()


async def read_form(site: Site, request: Request, *, session: str) -> Fields:
    r"""The fields of a form of ours; line breaks are `\n`, as they were before the browser had it.

    Raises:
        FormRefused: another site sent it, or its page was made more than a day ago.
        BodyTooLarge: it has more bytes or fields than any form of ours.
    """
    if not is_ours(site, request):
        raise FormRefused("This form was sent from another site, and nothing was done.")
    text = await form_text(request, most=MAX_FORM_BYTES)
    try:
        given = parse_qs(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise BodyTooLarge(f"The form has more than {MAX_FIELDS:,} fields.") from None
    if not _is_good(site, given.get(TOKEN, [""])[0], session):
        raise FormRefused(
            "This form is not of a page that you were shown in the last 24 hours, and nothing was "
            "done. Open the page again and send it from there."
        )
    return {name: [each.replace("\r\n", "\n") for each in given[name]] for name in given}


def first(fields: Fields, name: str) -> str:
    """The field of this name, once; empty where there is none."""
    return fields.get(name, [""])[0]


async def form_text(request: Request, *, most: int) -> str:
    """The body of a form.

    Raises:
        BodyTooLarge: it has more than `most` bytes.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise BodyTooLarge(f"The form has more than {most:,} bytes.")
    return body.decode("latin-1")


def is_ours(site: Site, request: Request) -> bool:
    """Whether a form was sent from a page of ours. Old browsers and scripts do not say."""
    origin = request.headers.get("origin")
    if origin is None:
        return True
    # Behind a proxy the Host header may be another than the one the browser sees.
    ours = {request.headers.get("host", ""), urlsplit(site.context.public_url).netloc} - {""}
    return origin.lower().partition("://")[2] in {each.lower() for each in ours}


def _is_good(site: Site, token: str, session: str) -> bool:
    try:
        raw = base64.b64decode(token.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return False
    made_at, mac = raw[:_TIME_BYTES], raw[_TIME_BYTES:]
    if len(mac) != _MAC_BYTES or not hmac.compare_digest(mac, _mac(site, made_at, session)):
        return False
    return site.context.clock.now() < int.from_bytes(made_at, "big") + TOKEN_S


def _mac(site: Site, made_at: bytes, session: str) -> bytes:
    content = _PURPOSE + made_at + session.encode("utf-8", "surrogateescape")
    return hmac.digest(site.cookie_secret, content, hashlib.sha256)
