"""Markdown of a model, as HTML that can do no harm: no markup of its own, no pictures, no loads."""

from collections.abc import Iterable, Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from evald.web import format as eyes

MOST_CHARACTERS = 50_000
"""Of a longer text only the beginning is formatted."""

_SCHEMES = ("http://", "https://", "mailto:")
_ALONE = "noreferrer nofollow"
"""Nobody is told where a link was followed."""


def rendered(text: str) -> Markup:
    """The text as HTML. HTML in it is shown as it is written; a picture becomes a link to it.

    Links lead only to http, https and mailto.
    """
    tokens = _MARKDOWN.parse(eyes.visible(text[:MOST_CHARACTERS]))
    for token in tokens:
        if token.type.startswith("heading"):
            token.tag = "p"  # the page has headings of its own
            token.attrs = {"class": "heading"} if token.nesting > 0 else {}
        token.attrs.pop("style", None)  # how a column is aligned
        if token.children:
            token.children = list(_harmless(token.children))
    html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return Markup(html)  # noqa: S704  it escapes all text, and knows no tags but its own


def _harmless(tokens: Iterable[Token]) -> Iterator[Token]:
    is_in_link = False
    for token in tokens:
        if token.type == "link_open":
            is_in_link = True
            token.attrSet("rel", _ALONE)
        is_in_link = is_in_link and token.type != "link_close"
        if token.type == "image":
            yield from _named_picture(token, is_in_link=is_in_link)
        else:
            yield token


def _named_picture(token: Token, *, is_in_link: bool) -> Iterator[Token]:
    address = str(token.attrs.get("src", ""))
    words = Token("text", "", 0, content=f"[picture: {token.content or address}]")
    if is_in_link:
        yield words
        return
    attributes: dict[str, str | int | float] = {"href": address, "rel": _ALONE}
    yield Token("link_open", "a", 1, attrs=attributes)
    yield words
    yield Token("link_close", "a", -1)


def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.validateLink = _is_allowed  # type: ignore[method-assign]  # as its documentation says
    return markdown


def _is_allowed(url: str) -> bool:
    return url.lower().startswith(_SCHEMES)


_MARKDOWN = _markdown()
