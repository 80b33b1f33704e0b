"""From the items of a run to one of them and back: by keys, and without JavaScript."""

import json
import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Watched
from tests.browser.item_world import ITEMS, ITEMS_RUN, item_id
from tests.browser.world import TICKETS

pytestmark = pytest.mark.slow

EVAL = f"/evaluations/{TICKETS}"
RUN = f"{EVAL}?run_id={ITEMS_RUN}"

PLACES = ("#items-title", ".items thead th", ".items tbody tr", "footer")


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


def test_the_first_screen_says_how_far_how_good_and_what_failed(watched: Watched) -> None:
    page = watched.open(RUN)

    for words in ("Completed after", "61.3 %", "Right category", "content_filter"):
        place = page.get_by_text(words).first.bounding_box()
        assert place is not None
        assert place["y"] + place["height"] <= 720, words


def test_keys_lead_from_the_list_through_the_failures_to_a_page_and_back(watched: Watched) -> None:
    page = watched.open(RUN)
    title = page.locator("#pane-title")
    page.evaluate("window.same = true")

    page.keyboard.press("j")
    page.keyboard.press("j")
    assert focused(page) == "item-1"
    top = page.evaluate("scrollY")
    page.keyboard.press("Enter")
    expect(title).to_have_text(re.compile("Item 1"))
    assert watched.place == f"{RUN}&item=1#items"
    assert focused(page) == "item-1"
    assert page.evaluate("scrollY") == top
    page.keyboard.press("n")
    expect(title).to_have_text(re.compile("Item 3"))
    assert focused(page) == "item-3"
    page.keyboard.press("n")
    expect(title).to_have_text(re.compile("Item 5"))
    page.keyboard.press("p")
    expect(title).to_have_text(re.compile("Item 3"))
    page.keyboard.press("d")
    expect(page.locator("details:has(del)")).not_to_have_attribute("open", "")
    page.keyboard.press("k")
    assert focused(page) == "item-2"
    assert page.evaluate("window.same")

    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{EVAL}/items/{item_id(3)}?run_id={ITEMS_RUN}")
    page.keyboard.press("n")
    page.wait_for_url(f"**/items/{item_id(5)}?*")
    page.keyboard.press("Escape")
    page.wait_for_url(f"**{RUN}#items")
    expect(page.locator("#pane")).to_have_count(0)


def test_escape_closes_the_item_and_back_opens_it_again(watched: Watched) -> None:
    page = watched.open(RUN)

    page.locator("tbody tr", has_text="Ticket 7").first.click()
    expect(page.locator("#pane-title")).to_have_text(re.compile("Item 7"))
    page.keyboard.press("Escape")
    expect(page.locator("#pane")).to_have_count(0)
    assert watched.place == f"{RUN}#items"
    page.go_back()
    expect(page.locator("#pane-title")).to_have_text(re.compile("Item 7"))


def test_a_filter_changes_the_table_in_place_and_stands_in_the_address(watched: Watched) -> None:
    page = watched.open(RUN)
    page.evaluate("window.same = true")

    page.keyboard.press("/")
    page.keyboard.type("printer")
    page.get_by_label("Criterion").select_option("Polite")
    page.get_by_label("said").select_option("failed")
    page.get_by_role("button", name="Filter").click()

    expect(page.locator("caption", has_text="searched")).to_have_count(1)
    assert re.search(r"&text=printer&criterion=Polite-[^&]+&outcome=fail#items$", watched.place)
    assert page.evaluate("window.same")
    page.get_by_role("link", name="All items").click()
    expect(page.locator(".items tbody tr")).to_have_count(50)


def hold(page: Page, url: str) -> list[Route]:
    """The requests of this address, each of which waits until it is continued."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    page.route(url, keep)
    return held


def test_a_long_search_is_seen_to_be_under_way_and_moves_nothing(watched: Watched) -> None:
    page = watched.open(RUN)
    held = hold(page, "**&text=printer*")
    items, first = page.locator("#items"), page.locator(".items tbody tr").first
    seen = "getComputedStyle(document.querySelector('#items'), '::before')"
    page.get_by_label("Words").fill("printer")
    before = [page.locator(each).first.bounding_box() for each in PLACES]

    page.keyboard.press("Enter")

    expect(items).to_have_attribute("aria-busy", "true")
    expect(page.locator("#said")).to_have_text("Searching…")
    expect(first.locator("td").last).to_have_css("color", "rgba(0, 0, 0, 0)")
    assert page.evaluate(f"{seen}.content") == '"Searching…"'
    assert page.evaluate(f"{seen}.visibility") == "visible"
    assert [page.locator(each).first.bounding_box() for each in PLACES] == before
    assert focused(page) == "text"
    held.pop().continue_()
    expect(page.locator("caption", has_text="searched")).to_have_count(1)
    expect(page.locator("[aria-busy]")).to_have_count(0)


def test_opening_an_item_hides_no_row_and_a_second_wish_is_the_one_awaited(
    watched: Watched,
) -> None:
    page = watched.open(RUN)
    hold(page, "**&item=1")
    held = hold(page, "**&status=fail")

    page.locator("#item-1").click()
    expect(page.locator("#item-1")).to_have_attribute("aria-busy", "true")
    page.locator("#choice-failed").click()
    expect(page.locator("#items")).to_have_attribute("aria-busy", "true")

    expect(page.locator("[aria-busy]")).to_have_count(1)
    held.pop().continue_()
    expect(page.locator(".items td:nth-child(2) .passed")).to_have_count(0)
    expect(page.locator("[aria-busy]")).to_have_count(0)


def test_without_javascript_an_item_is_found_read_and_left(scriptless: Watched) -> None:
    page = scriptless.open(RUN)

    page.get_by_label("Words").fill("printer")
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("link", name="5", exact=True).or_(
        page.get_by_role("link", name="9", exact=True)
    ).first.click()
    page.get_by_role("link", name="Next failure").click()
    expect(page.get_by_role("heading", level=3)).to_contain_text("failed")
    page.get_by_role("link", name="Open as a page").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Item")
    page.get_by_role("link", name="Back to the items").click()

    expect(page.get_by_label("Words")).to_have_value("printer")


def test_a_group_leads_to_its_items(scriptless: Watched) -> None:
    page = scriptless.open(RUN)

    page.get_by_text("Fields, groups, order").click()
    page.get_by_label("Group by").fill("item.category")
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("link", name="hardware").click()

    expect(page.get_by_label("Field")).to_have_value('item.category = "hardware"')
    expect(page.locator(".items tbody tr")).to_have_count(50)


def test_figures_change_in_place_and_new_rows_wait_to_be_asked(watched: Watched) -> None:
    page = watched.page
    told = {"done": 74, "state": "In progress: 74 rows.", "passed": "44", "title": "33.6 % · Run"}
    events = f"event: progress\ndata: {json.dumps(told)}\n\nretry: 60000\n\n"

    def in_progress(route: Route) -> None:
        follows = '<p data-follow="/follow"><progress value="60" max="220" aria-label="done">'
        follows += f'</progress><a data-news data-soft="keep" hidden href="{RUN}"></a></p>'
        html = (
            route.fetch()
            .text()
            .replace('<div class="answers">', follows + '<div class="answers">', 1)
        )
        route.fulfill(body=html, content_type="text/html; charset=utf-8")

    page.route(f"**{RUN}", in_progress, times=1)
    page.route("**/follow", lambda r: r.fulfill(body=events, content_type="text/event-stream"))
    watched.open(RUN)
    rows = page.locator(".items tbody tr")

    expect(page.get_by_role("link", name="14 new")).to_be_visible()
    expect(page.locator('[data-live="passed"]')).to_have_text("44")
    assert page.title() == "33.6 % · Run · evald"
    expect(rows).to_have_count(50)
    page.get_by_role("link", name="14 new").click()
    expect(page.locator('[data-live="passed"]')).to_have_text("130")
    assert ITEMS == 220


def test_a_saved_run_opens_from_a_file_without_a_complaint(
    watched: Watched, tmp_path_factory: pytest.TempPathFactory
) -> None:
    page = watched.open(f"{RUN}&status=fail")
    saved = tmp_path_factory.mktemp("saved") / "run.html"

    with page.expect_download() as download:
        page.get_by_role("link", name="Save as one file").click()
    download.value.save_as(saved)
    page.goto(saved.as_uri())

    expect(page.get_by_text("All 82 items, of this filter: failed.")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.rate b')).fontSize") == "20px"
    assert page.locator("script, a, img").count() == 0
