"""Every page in both themes: nothing to complain of for the browser, nor for who cannot see it."""

from dataclasses import dataclass
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.conftest import LAPTOP, Watched, window
from tests.browser.item_world import HOSTILE_ROW, ITEMS_RUN, LONG_ROW, item_id
from tests.browser.world import (
    FILE,
    HOSTILE_EVAL,
    LOG,
    LOGS_EVAL,
    LONG_FILE,
    SHOWN_RUN,
    TICKETS,
)
from tests.support.compared_runs import COMPARED
from tests.support.running_server import RunningServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]  # the first test has all pages opened

PAGES = [
    "/",
    "/?search=tickets",
    "/?search=nothing+has+this+name",
    f"/evaluations/{TICKETS}",
    f"/evaluations/{HOSTILE_EVAL}",
    f"/evaluations/{LOGS_EVAL}",
    f"/evaluations/{TICKETS}?run_id={SHOWN_RUN}",
    f"/evaluations/{TICKETS}?run_id={ITEMS_RUN}&item=1&spaces=on",
    f"/evaluations/{TICKETS}?run_id={ITEMS_RUN}&item={HOSTILE_ROW}&markdown=on&status=fail",
    f"/evaluations/{TICKETS}?run_id={ITEMS_RUN}&item={LONG_ROW}",
    f"/evaluations/{TICKETS}?run_id={ITEMS_RUN}&group_by=item.category",
    f"/evaluations/{TICKETS}?run_id={ITEMS_RUN}&group_by=item.category&text=a&where=item.x+!%3D+1",
    f"/evaluations/{TICKETS}?run_id={ITEMS_RUN}&text=nothing+says+this&color=red",
    f"/evaluations/{TICKETS}/items/{item_id(HOSTILE_ROW)}?run_id={ITEMS_RUN}",
    f"/evaluations/{TICKETS}/items/{item_id(LONG_ROW)}?run_id={ITEMS_RUN}",
    f"/evaluations/{TICKETS}/new-run?run_id={SHOWN_RUN}",
    f"/evaluations/{TICKETS}/new-run",
    f"/evaluations/{LOGS_EVAL}/new-run",
    f"/evaluations/{TICKETS}/delete",
    f"/evaluations/{TICKETS}/cancel?run_id={SHOWN_RUN}",
    f"/compare?runs={','.join(COMPARED[:2])}",
    f"/compare?runs={','.join(COMPARED[:2])}&item=3",
    f"/compare?runs={','.join(COMPARED[:2])}&cluster_by=item.ticket",
    f"/compare?runs={','.join(COMPARED)}&change=disagreed&item=7&diff=off",
    "/files",
    f"/files/{FILE}",
    f"/files/{LONG_FILE}",
    "/logs",
    "/logs?kind=response",
    f"/logs/{LOG}?kind=chat_completion",
    "/logs/new-eval?kind=chat_completion&metadata=use%3Dchat&model=gpt-4o-mini",
]


OF_COLORS = {"resultTypes": ["violations"], "runOnly": ["color-contrast", "link-in-text-block"]}
"""The rules that look at colors, of those that axe follows unasked."""


@dataclass(frozen=True, slots=True)
class Look:
    """A page as it was seen: what is wrong with it in either theme, how wide and large it is."""

    path: str
    wrong: dict[str, list[str]]
    too_wide: int
    size: int


@dataclass(frozen=True, slots=True)
class Looks:
    """All pages as they were seen one after the other, and what the browser complained of."""

    pages: list[Look]
    complaints: list[str]


@pytest.fixture(scope="module")
def looks(chromium: Browser, server: RunningServer) -> Looks:
    """Each page is opened once, in one window, and every test looks at what was seen of it."""
    with window(chromium, server, viewport=LAPTOP) as watched:
        pages = [look(watched.open(path), path) for path in PAGES]
    return Looks(pages, watched.complaints)


def look(page: Page, path: str) -> Look:
    too_wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    size = len(page.content())
    page.emulate_media(color_scheme="light")
    light = Axe().run(page).response["violations"]
    # Themes differ in colors alone (`light-dark()` in app.css): all else is looked at by now.
    page.emulate_media(color_scheme="dark")
    dark = Axe().run(page, options=OF_COLORS).response["violations"]
    return Look(path, {"light": told(light), "dark": told(dark)}, too_wide, size)


def told(violations: Any) -> list[str]:
    return [
        f"{each['id']}: {node['html'][:200]} {node['failureSummary']}"
        for each in violations
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_is_fit_for_everybody(looks: Looks, theme: str) -> None:
    assert {each.path: each.wrong[theme] for each in looks.pages if each.wrong[theme]} == {}


def test_no_page_of_ours_is_wider_than_its_window_or_heavy(looks: Looks) -> None:
    assert [each.path for each in looks.pages if each.too_wide > 0] == []
    assert [each.path for each in looks.pages if each.size >= 100_000] == []


def test_no_page_of_ours_makes_the_browser_complain(looks: Looks) -> None:
    assert looks.complaints == []


def test_what_is_hostile_stays_text(watched: Watched) -> None:
    compared = f"/compare?runs={COMPARED[0]},{COMPARED[1]}&item=3"
    paths = (f"/evaluations/{HOSTILE_EVAL}", f"/files/{FILE}", f"/files/{LONG_FILE}", "/logs")
    for path in (*paths, compared):
        page = watched.open(path)

        assert page.locator("main img, main script").count() == 0, path
        assert page.get_by_text("<script>document.title='HOSTILE'</script>").count() > 0, path
        assert page.title() != "HOSTILE"
