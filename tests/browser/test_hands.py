"""What hands do on the pages: by keys, by mouse, and without JavaScript."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watched
from tests.browser.world import EVALS, LOGS_EVAL, ROWS_RUN, SHOWN_RUN, TICKETS

pytestmark = pytest.mark.slow

EVAL = f"/evaluations/{TICKETS}"


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


def test_keys_lead_from_the_list_to_a_run_and_back(watched: Watched) -> None:
    page = watched.open("/")

    page.keyboard.press("j")
    assert focused(page) == TICKETS
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{EVAL}")
    page.keyboard.press("n")
    assert focused(page) == SHOWN_RUN
    page.keyboard.press("n")
    page.keyboard.press("p")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{EVAL}?run_id={SHOWN_RUN}")
    page.go_back()
    page.wait_for_url(f"**{EVAL}")


def test_a_search_changes_the_address_and_keeps_the_focus_without_a_new_load(
    watched: Watched,
) -> None:
    page = watched.open("/")
    page.evaluate("window.same = true")

    page.keyboard.press("/")
    assert focused(page) == "search"
    page.keyboard.type("jk desk")
    page.keyboard.press("Control+a")
    page.keyboard.type("help desk")
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert watched.place == "/?search=help+desk"
    assert focused(page) == "search"
    assert page.evaluate("window.same")
    expect(page.locator("#forms a").first).to_have_attribute(
        "href", "/evaluations.json?search=help+desk"
    )

    page.keyboard.press("Escape")
    page.keyboard.press("j")
    assert focused(page) == LOGS_EVAL
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(50)
    assert watched.place == "/"


def test_older_evals_follow_and_nothing_else_moves(watched: Watched) -> None:
    page = watched.open("/")
    before = page.locator("thead th").first.bounding_box()

    page.get_by_role("link", name="Older evals").click()
    expect(page.locator("tbody tr")).to_have_count(EVALS - 50)
    page.evaluate("scrollTo(0, 0)")

    assert page.locator("thead th").first.bounding_box() == before


def test_the_list_of_keys_opens_and_closes(watched: Watched) -> None:
    page = watched.open("/")

    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.get_by_role("link", name="Keys").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_role("link", name="Close").click()
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_the_link_of_a_page_is_copied(watched: Watched) -> None:
    watched.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = watched.open(EVAL)

    page.keyboard.press("y")

    expect(page.locator("#said")).to_have_text("The link of this page is copied.")
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_a_theme_is_chosen_at_once_and_remembered_by_the_server(watched: Watched) -> None:
    page = watched.open("/")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)

    page.get_by_role("button", name="dark").click()
    dark = page.evaluate(paper)
    page.reload()

    assert light != dark
    assert page.evaluate(paper) == dark
    assert page.locator("html").get_attribute("data-theme") == "dark"
    expect(page.get_by_role("button", name="dark")).to_have_attribute("aria-pressed", "true")


def test_runs_are_chosen_and_compared_by_a_key(watched: Watched) -> None:
    page = watched.open(EVAL)
    page.route("**/compare?*", lambda route: route.fulfill(body="compared"))

    page.keyboard.press("c")
    expect(page.locator("#said")).to_have_text("Choose two runs or more to compare them.")
    boxes = page.get_by_role("checkbox")
    for at in range(8):
        boxes.nth(at).check()
    expect(page.locator("#chosen")).to_have_text("8 chosen")
    expect(boxes.nth(9)).to_be_disabled()
    for at in range(2, 8):
        boxes.nth(at).uncheck()
    page.keyboard.press("c")

    page.wait_for_url(re.compile(r"/compare\?runs=evalrun_\w+,evalrun_\w+$"))


def test_without_javascript_a_run_is_found_and_made_again(scriptless: Watched) -> None:
    page = scriptless.open("/")
    page.get_by_label("Name or id").fill("it tickets")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="IT tickets").click()
    page.get_by_role("link", name="Run again").click()
    page.get_by_label("Filled in as").select_option(ROWS_RUN)
    page.get_by_role("button", name="Fill in").click()
    page.get_by_label("Name").fill("Rows once more")
    page.get_by_role("button", name="Start the run").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Rows once more")
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete the run").click()

    assert scriptless.place == EVAL
    expect(page.get_by_role("link", name="Rows once more")).to_have_count(0)


def test_without_javascript_themes_and_the_list_of_keys_are_there(scriptless: Watched) -> None:
    page = scriptless.open(f"{EVAL}?after={SHOWN_RUN}")

    page.get_by_role("button", name="dark").click()
    page.get_by_role("link", name="Keys").click()

    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert scriptless.place == f"{EVAL}?after={SHOWN_RUN}#help"
    expect(page.get_by_role("dialog")).to_be_visible()


def test_what_is_wrong_with_a_new_run_stands_at_its_field(watched: Watched) -> None:
    page = watched.open(f"{EVAL}/new-run?run_id={SHOWN_RUN}")

    page.get_by_label("Temperature").fill("warm")
    page.get_by_label("Text").first.fill("Which desk?\nTicket: {{ item.ticket }}")
    page.get_by_role("button", name="Start the run").click()

    expect(page.get_by_label("Temperature")).to_have_accessible_description("This is not a number.")
    expect(page.get_by_label("Temperature")).to_have_value("warm")
    expect(page.get_by_label("Text").first).to_have_value("Which desk?\nTicket: {{ item.ticket }}")
    watched.complaints.clear()  # the browser notes every answer of 400
