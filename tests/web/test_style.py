"""The style sheet: what is read by everybody must be readable by everybody."""

import re
from importlib import resources

import httpx2
import pytest

from tests.support.html_page import read_html

PACKAGE = resources.files("evald.web")
CSS = PACKAGE.joinpath("static", "app.css").read_text("utf-8")
TEMPLATES = {each.name: each.read_text("utf-8") for each in PACKAGE.joinpath("templates").iterdir()}
TEXT = ["ink", "quiet", "passed", "failed", "errored", "pending"]
SIGNS = ["line", "focus"]


def tokens(theme: str) -> dict[str, str]:
    """The colours of a theme: of light and dark each token has both, and print overrules them."""
    screen, printed = re.findall(r":root(?:, :root\[data-theme\])? \{(.*?)\}", CSS, re.DOTALL)
    pairs = re.findall(r"--([a-z]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", screen)
    colours = {name: dark if theme == "dark" else light for name, light, dark in pairs}
    if theme == "print":
        colours |= dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6});", printed))
    return colours


def luminance(colour: str) -> float:
    """Relative luminance. Source: WCAG 2.2."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted([luminance(one), luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_measured_as_the_standard_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark", "print"])
@pytest.mark.parametrize(("names", "least"), [(TEXT, 4.5), (SIGNS, 3.0)])
def test_every_colour_stands_out_from_the_paper(theme: str, names: list[str], least: float) -> None:
    colours = tokens(theme)

    faint = {name for name in names if contrast(colours[name], colours["paper"]) < least}
    assert faint == set()


def test_no_colour_is_used_that_is_not_a_token() -> None:
    rules = re.sub(r":root[^{]*\{.*?\}", "", CSS, flags=re.DOTALL)

    assert not re.findall(r"#[0-9a-f]{3,8}\b|rgb|hsl", rules)


def test_the_style_sheet_loads_nothing() -> None:
    assert not re.findall(r"url\(|@import|@font-face", CSS)


def test_every_class_of_a_page_has_a_rule() -> None:
    used = {
        name
        for template in TEMPLATES.values()
        for names in re.findall(r'class="([^"{]*)', template)
        for name in names.split()
    }

    assert {name for name in used if f".{name}" not in CSS} == set()


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_no_template_lets_text_pass_unescaped(name: str) -> None:
    template = TEMPLATES[name].replace(
        '<script type="module" src="{{ script_href }}"></script>', ""
    )

    assert not re.findall(r"\|\s*safe\b|autoescape|<script|\bstyle=|\son[a-z]+=", template)
    assert not re.findall(r"=\{\{", TEMPLATES[name]), "an attribute without quotes"


async def test_the_style_sheet_is_kept_under_the_name_of_its_content(
    visitor: httpx2.AsyncClient,
) -> None:
    page = read_html((await visitor.get("/")).text)
    href = next(
        link.attributes["href"] for link in page.all("link") if "css" in str(link.attributes)
    )

    named, unnamed = await visitor.get(href), await visitor.get("/static/app.css")

    assert named.text == unnamed.text == CSS
    assert named.headers["content-type"] == "text/css; charset=utf-8"
    assert named.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert unnamed.headers["cache-control"] == "no-cache"


async def test_a_style_sheet_that_a_browser_has_is_not_sent_again(
    visitor: httpx2.AsyncClient,
) -> None:
    tag = (await visitor.get("/static/app.css")).headers["etag"]

    answer = await visitor.get("/static/app.css", headers={"If-None-Match": tag})

    assert (answer.status_code, answer.content) == (304, b"")


async def test_the_form_is_styled_for_strangers_too(stranger: httpx2.AsyncClient) -> None:
    assert (await stranger.get("/static/app.css")).status_code == 200
