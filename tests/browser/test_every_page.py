"""Every page in both themes: nothing to complain of for the browser, nor for who cannot see it."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import Watched
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

pytestmark = pytest.mark.slow

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


@pytest.mark.timeout(180)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_is_fit_for_everybody(watched: Watched, theme: str) -> None:
    watched.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    found: list[str] = []

    for path in PAGES:
        page = watched.open(path)
        violations = Axe().run(page).response["violations"]
        found += [
            f"{path}: {each['id']}: {node['html'][:200]} {node['failureSummary']}"
            for each in violations
            for node in each["nodes"]
        ]

    assert found == []


@pytest.mark.timeout(180)
def test_no_page_of_ours_is_wider_than_its_window_or_heavy(watched: Watched) -> None:
    for path in PAGES:
        page = watched.open(path)

        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
        assert len(page.content()) < 100_000, path


def test_what_is_hostile_stays_text(watched: Watched) -> None:
    compared = f"/compare?runs={COMPARED[0]},{COMPARED[1]}&item=3"
    paths = (f"/evaluations/{HOSTILE_EVAL}", f"/files/{FILE}", f"/files/{LONG_FILE}", "/logs")
    for path in (*paths, compared):
        page = watched.open(path)

        assert page.locator("main img, main script").count() == 0, path
        assert page.get_by_text("<script>document.title='HOSTILE'</script>").count() > 0, path
        assert page.title() != "HOSTILE"
