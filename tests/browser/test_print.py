"""What is on paper when a page is printed: all that was read, and nothing that is to be clicked."""

import pytest
from playwright.sync_api import ViewportSize

from tests.browser.conftest import Watched
from tests.browser.item_world import ITEMS_RUN, item_id
from tests.browser.world import COMPARED_EVAL, TICKETS
from tests.support.compared_runs import COMPARED

pytestmark = pytest.mark.slow

EVAL = f"/evaluations/{TICKETS}"
RUN = f"{EVAL}?run_id={ITEMS_RUN}"
TWO = f"/compare?runs={COMPARED[0]},{COMPARED[1]}"
PAGES = {
    "/": "IT tickets",
    EVAL: "Candidate 13",
    f"/evaluations/{COMPARED_EVAL}": "Prompt 4, shorter",
    RUN: "Ticket 7",
    f"{RUN}&item=1": "Ticket 7",
    f"{RUN}&group_by=item.category": "hardware",
    f"{EVAL}/items/{item_id(1)}?run_id={ITEMS_RUN}": "duplex unit",
    TWO: "Output of B",
    f"{TWO}&item=3": "Output of B",
}
"""Each page, and words that must be on its paper."""

PAPER = ViewportSize(width=703, height=1_032)
"""A4 less margins of 12 mm, in CSS pixels."""

CLICKED = (
    "button, .button, input, select, textarea, nav.places, nav.filters, .search, .ways, .steps"
)
SEEN = "nodes => nodes.filter(each => each.checkVisibility()).map(each => each.outerHTML)"
INK_AND_PAPER = "['color', 'backgroundColor'].map(each => getComputedStyle(document.body)[each])"
BEYOND = """nodes => nodes.filter(each => each.checkVisibility())
    .filter(each => each.getBoundingClientRect().right > innerWidth + 1
        || getComputedStyle(each).overflowX === "hidden" && each.scrollWidth > each.clientWidth + 1)
    .map(each => each.outerHTML.slice(0, 200))"""
STYLES = """node => [...node.querySelectorAll('thead, tbody tr, thead th')].map(
    each => [each.tagName, getComputedStyle(each).display, getComputedStyle(each).breakInside,
             getComputedStyle(each).position])"""


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_printed_whole_in_black_on_white_with_nothing_to_click(
    watched: Watched, path: str
) -> None:
    watched.page.emulate_media(media="print", color_scheme="dark")
    watched.page.set_viewport_size(PAPER)

    page = watched.open(path)

    assert page.evaluate(INK_AND_PAPER) == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    assert page.locator(CLICKED).evaluate_all(SEEN) == []
    assert page.locator("main :is(h1, h2, p, td, th, dd, svg, .text)").evaluate_all(BEYOND) == []
    assert page.get_by_text(PAGES[path]).filter(visible=True).count() > 0
    assert page.locator(".printed code").inner_text() == page.url
    assert "as of 2" in page.locator(".printed").inner_text()


def test_a_long_table_breaks_between_rows_and_has_its_head_on_every_sheet(watched: Watched) -> None:
    watched.page.emulate_media(media="print")

    page = watched.open(f"{RUN}&item=1")

    head, *others = page.locator(".items").evaluate(STYLES)
    assert head[:2] == ["THEAD", "table-header-group"]
    assert {each[2] for each in others if each[0] == "TR"} == {"avoid"}
    assert {each[3] for each in others} == {"static"}
    assert page.get_by_role("columnheader", name="Polite").is_visible()
    assert page.locator("#pane details .text").first.is_visible()
    # As many sheets as a table takes whose rows are not lost below the first one's end.
    assert page.pdf(format="A4").count(b"/Type /Page\n") > 5
