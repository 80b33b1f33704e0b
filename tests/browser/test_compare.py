"""Comparing runs by hand: by keys, and without JavaScript."""

from urllib.parse import unquote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watched
from tests.browser.world import COMPARED_EVAL
from tests.support.compared_runs import COMPARED

pytestmark = pytest.mark.slow

EVAL = f"/evaluations/{COMPARED_EVAL}"
TWO = f"/compare?runs={COMPARED[1]},{COMPARED[0]}"


def open_row(page: Page) -> str:
    return page.locator("[data-open][aria-current]").inner_text()


def test_keys_lead_from_the_runs_through_what_changed(watched: Watched) -> None:
    page = watched.open(EVAL)
    for name in ("Prompt 3", "Prompt 4, shorter"):
        page.get_by_label(f"Compare {name}", exact=True).check()
    page.keyboard.press("c")
    # Runs stand newest first, and so the newer of the two is the baseline.
    page.wait_for_url(f"**{TWO}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Prompt 3 against Prompt 4, shorter")
    page.get_by_role("link", name="Make B the baseline").click()
    expect(page.get_by_role("heading", name="regressed")).to_be_visible()

    page.evaluate("window.same = true")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Item 3")).to_be_visible()
    expect(page.locator("#pane ins").first).to_have_text("Hardware")
    page.keyboard.press("n")
    expect(page.get_by_role("heading", name="Item 7")).to_be_visible()
    assert open_row(page) == "7"
    page.keyboard.press("d")
    expect(page.locator("#pane ins")).to_have_count(0)
    page.keyboard.press("p")
    expect(page.get_by_role("heading", name="Item 3")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#pane")).to_have_count(0)

    page.get_by_role("link", name="improved 2").click()
    expect(page.locator(".changes tbody tr")).to_have_count(2)
    assert page.evaluate("window.same")
    assert watched.place.endswith("&change=improved&diff=off#changes")


def test_a_long_comparison_is_seen_to_be_under_way(watched: Watched) -> None:
    page = watched.open(EVAL)
    stay = 204  # the browser asks, and stays where it is
    page.route("**/compare?*", lambda route: route.fulfill(status=stay), times=1)
    for name in ("Prompt 3", "Prompt 4, shorter"):
        page.get_by_label(f"Compare {name}", exact=True).check()

    page.keyboard.press("c")

    expect(page.locator("form[aria-busy]")).to_have_attribute("data-busy", "Comparing…")
    expect(page.locator("#said")).to_have_text("Comparing…")
    page.keyboard.press("c")
    page.wait_for_url(f"**{TWO}")
    page.go_back()
    page.wait_for_url(f"**{EVAL}")
    expect(page.locator("[aria-busy]")).to_have_count(0)


def test_without_javascript_runs_are_chosen_and_an_item_is_opened(scriptless: Watched) -> None:
    page = scriptless.open(EVAL)
    for name in ("Prompt 3", "Prompt 4, shorter", "Prompt 4, larger model"):
        page.get_by_label(f"Compare {name}", exact=True).check()
    page.get_by_role("button", name="Compare 2 to 8 runs").click()
    page.get_by_label("Run", exact=True).select_option(COMPARED[0])
    page.get_by_label("Outcome by").select_option(label="Right category")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name="disagreed").click()
    page.locator(".changes tbody a").nth(2).click()

    expect(page.get_by_role("heading", name="Item 7")).to_be_visible()
    page.get_by_role("link", name="Next", exact=True).click()
    expect(page.get_by_role("heading", name="Item 9")).to_be_visible()
    page.get_by_role("link", name="Close").click()
    expect(page.locator("#pane")).to_have_count(0)


def test_items_that_hang_together_are_compared_as_one(scriptless: Watched) -> None:
    page = scriptless.open(TWO)
    page.get_by_text("Items that hang together").click()
    page.get_by_label("Cluster by").fill("item.label")

    page.get_by_role("button", name="Cluster").click()

    expect(page.get_by_role("heading", name="too few items")).to_be_visible()
    expect(page.get_by_text("40 items of the baseline in 4 clusters")).to_be_visible()
    expect(page.get_by_label("Cluster by")).to_have_value("item.label")
    assert unquote(scriptless.place) == f"{TWO}&cluster_by=item.label"
