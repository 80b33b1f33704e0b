"""The page of a comparison. All of it is ours."""

import csv
import io
from dataclasses import replace

import httpx2
import pytest

from evald.services.context import Context
from evald.services.item_slices import PAGE_ITEMS
from tests.support.compared_runs import COMPARED, keep_compared_runs
from tests.support.html_page import read_html, shown
from tests.support.kept_runs import (
    RUN_ID,
    StillClock,
    eval_named,
    item_of,
    keep_eval,
    keep_run,
    run_named,
)
from tests.web.conftest import browser
from tests.web.test_snapshots import agrees

TWO = f"/compare?runs={COMPARED[0]},{COMPARED[1]}"
THREE = f"/compare?runs={','.join(COMPARED)}"


class SlowClock(StillClock):
    """A clock on which three seconds go by whenever somebody looks at it."""

    def monotonic(self) -> float:
        self.at += 3
        return float(self.at)


@pytest.fixture
async def compared(context: Context) -> Context:
    """A world with runs to compare."""
    await keep_eval(context.store, eval_named("Tickets"))
    await keep_compared_runs(context.store)
    return context


async def text_of(visitor: httpx2.AsyncClient, path: str) -> str:
    answer = await visitor.get(path)
    assert answer.status_code == 200, answer.text
    return shown(read_html(answer.text))


async def rows_of(visitor: httpx2.AsyncClient, query: str, path: str = TWO) -> list[int]:
    answer = await visitor.get(path.replace("?", ".json?") + query)
    assert answer.status_code == 200, answer.text
    return [line["row"] for line in answer.json()["changes"]["lines"]]


@pytest.mark.usefixtures("compared")
async def test_two_runs_beside_one_another(visitor: httpx2.AsyncClient) -> None:
    agrees("compare_two", await text_of(visitor, TWO))


@pytest.mark.usefixtures("compared")
async def test_three_runs_with_an_item_that_is_open(visitor: httpx2.AsyncClient) -> None:
    path = f"{THREE}&candidate={COMPARED[2]}&change=disagreed&item=7"

    agrees("compare_three", await text_of(visitor, path))


@pytest.mark.usefixtures("compared")
@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("&change=improved", [25, 30]),
        ("&change=errored", [38]),
        ("&change=missing", [39]),
        ("&change=new", [39]),
        ("&after=30", [31, 33]),
        ("&change=improved&criterion=Polite", []),
        ("&change=improved&criterion=Right+category", [25, 30]),
    ],
)
async def test_tabs_show_what_became_of_items(
    visitor: httpx2.AsyncClient, query: str, rows: list[int]
) -> None:
    assert await rows_of(visitor, query) == rows


@pytest.mark.usefixtures("compared")
async def test_without_a_kind_the_first_that_there_is_is_shown(visitor: httpx2.AsyncClient) -> None:
    path = f"/compare?runs={COMPARED[2]},{COMPARED[0]}"

    assert await rows_of(visitor, "", path) == [7]
    answer = await visitor.get(path.replace("?", ".json?"))
    assert answer.json()["changes"]["change"] == "improved"


@pytest.mark.usefixtures("compared")
@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("&change=worse", "'change' is 'worse' and must be one of regressed"),
        ("&candidate=other", "'candidate' is 'other' and must be one of the runs after"),
        ("&criterion=other", "'other' is no testing criterion that these runs share"),
        ("&level=95", "'level' is '95' and must be above 0.5"),
        ("&after=x", "'after' is 'x' and must be a row"),
        ("&item=2", "No item of row 2 is among those that are regressed."),
        ("&colour=red", "The parameter 'colour' means nothing here"),
        ("&cluster_by=label", "'label' is no field of an item"),
        ("&cluster_by=item.desk", "has a field 'item.desk' to be clustered by; each item counts"),
    ],
)
async def test_what_cannot_be_meant_is_named_and_the_page_is_shown(
    visitor: httpx2.AsyncClient, query: str, sentence: str
) -> None:
    text = await text_of(visitor, TWO + query)

    assert sentence in text
    assert "14 in all" in text


@pytest.mark.usefixtures("compared")
async def test_a_comparison_by_cluster_says_so_and_keeps_it_in_its_links(
    visitor: httpx2.AsyncClient,
) -> None:
    text = await text_of(visitor, f"{TWO}&cluster_by=item.label&level=0.9")

    assert "All items of one item.label count as one look: 40 items of the baseline in" in text
    assert "Too few clusters: both runs have a verdict on 38 items in 4 clusters" in text
    assert "<text: cluster_by = item.label>" in text
    answer = await visitor.get(f"{TWO}&cluster_by=item.label&level=0.9")
    page = read_html(answer.text)
    for each in ("mended", "Make B the baseline", "regressed"):
        (address,) = {a.attributes["href"] for a in page.all("a") if a.text and each in a.text}
        assert "cluster_by=item.label" in str(address)
        assert "level=0.9" in str(address)


@pytest.mark.usefixtures("compared")
async def test_the_form_of_clusters_keeps_what_is_shown(visitor: httpx2.AsyncClient) -> None:
    query = f"&candidate={COMPARED[2]}&criterion=Polite&change=disagreed&level=0.9"
    text = await text_of(visitor, f"{THREE}{query}&cluster_by=item.label")

    form = text[text.index("Cluster by") - 1_000 : text.index("Cluster by")]
    for each in (f"candidate = {COMPARED[2]}", "criterion = Polite", "change = disagreed"):
        assert f"<hidden: {each}>" in form
    assert text.count("<hidden: cluster_by = item.label>") == 1


async def test_no_verdict_is_shown_before_all_items_were_gone_through(compared: Context) -> None:
    """The first page of items takes two seconds, and one item comes after it."""
    run = run_named("Large", id=RUN_ID, status="in_progress", planned_rows=PAGE_ITEMS + 1)
    items = [item_of(row, item={"n": row}) for row in range(PAGE_ITEMS + 1)]
    await keep_run(compared.store, run, items)
    path = f"/compare?runs={RUN_ID},{COMPARED[0]}&cluster_by=item.n"
    async with browser(replace(compared, clock=SlowClock())) as slow:
        first, second = [await text_of(slow, path) for _ in range(2)]

    assert "Clusters by item.n: 500 of 501 items gone through, and no verdict until all" in first
    assert "[Go on]" in first
    assert "501 items of the baseline in 501 clusters" in second


@pytest.mark.usefixtures("compared")
async def test_a_form_without_script_names_each_run(visitor: httpx2.AsyncClient) -> None:
    text = await text_of(visitor, f"/compare?runs={COMPARED[0]}&runs={COMPARED[1]}")

    assert "# Prompt 4, shorter against Prompt 3" in text


@pytest.mark.usefixtures("compared")
@pytest.mark.parametrize(
    ("runs", "status", "sentence"),
    [
        ("", 400, "Runs to compare are named in"),
        (COMPARED[0], 400, "names 1 runs; 2 to 8 can be compared"),
        (f"{COMPARED[0]},{RUN_ID}", 404, RUN_ID),
    ],
)
async def test_runs_that_cannot_be_compared_are_told(
    visitor: httpx2.AsyncClient, runs: str, status: int, sentence: str
) -> None:
    answer = await visitor.get(f"/compare?runs={runs}")

    assert answer.status_code == status
    assert sentence in answer.text


@pytest.mark.usefixtures("compared")
async def test_another_level_is_that_of_all_intervals(visitor: httpx2.AsyncClient) -> None:
    text = await text_of(visitor, TWO + "&level=0.9")

    assert "(90 %: " in text
    assert "95 %" not in text


@pytest.mark.usefixtures("compared")
async def test_outputs_are_told_apart_word_by_word(visitor: httpx2.AsyncClient) -> None:
    page = read_html((await visitor.get(TWO + "&item=3")).text)
    plain = read_html((await visitor.get(TWO + "&item=3&diff=off")).text)

    assert [each.text for each in page.all("del", "ins")][:2] == ["Network", "Hardware"]
    assert plain.all("del", "ins") == []
    assert "Hardware: somebody will come to floor 3 today." in shown(plain)


@pytest.mark.usefixtures("compared")
async def test_an_output_that_is_the_same_is_not_shown_again(visitor: httpx2.AsyncClient) -> None:
    text = await text_of(visitor, THREE + "&item=3")

    assert text.count("The same output, sign for sign.") == 1
    assert text.count("Network: somebody will come to floor 3 today.") == 2  # the list has it too


@pytest.mark.usefixtures("compared")
async def test_an_open_item_leads_to_those_beside_it(visitor: httpx2.AsyncClient) -> None:
    page = read_html((await visitor.get(TWO + "&item=3")).text)
    keys = {each.attributes.get("data-key"): each.attributes.get("href") for each in page.all("a")}

    assert keys["p"] == f"{TWO}&change=regressed&item=1#pane"
    assert keys["n"] == f"{TWO}&change=regressed&item=7#pane"
    assert keys["Escape"] == f"{TWO}&change=regressed#changes"


async def test_runs_that_are_alike_say_so(visitor: httpx2.AsyncClient, context: Context) -> None:
    await keep_eval(context.store, eval_named("Tickets"))
    for run_id in COMPARED[:2]:
        await keep_run(context.store, run_named("Same", id=run_id, status="completed"))

    text = await text_of(visitor, TWO)

    assert "No item has a verdict in both runs, so there is nothing to compare." in text
    assert "No item changed: A and B have the same items, and the same outcome on each." in text


async def test_a_run_under_way_is_named(visitor: httpx2.AsyncClient, compared: Context) -> None:
    running = run_named("Running", id=RUN_ID, status="in_progress", planned_rows=40)
    await keep_run(compared.store, running, [item_of(0)])

    text = await text_of(visitor, f"/compare?runs={COMPARED[0]},{RUN_ID}")

    assert "B is in progress: what it has not done yet counts as missing." in text


@pytest.mark.usefixtures("compared")
async def test_changed_items_are_there_as_csv(visitor: httpx2.AsyncClient) -> None:
    answer = await visitor.get(TWO.replace("?", ".csv?") + "&change=missing")
    (row,) = csv.DictReader(io.StringIO(answer.text))

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert (row["row"], row["A outcome"], row["B id"], row["B outcome"]) == ("39", "pass", "", "")
    assert row["A output"] == "Network: somebody will come to floor 39 today."


async def test_what_is_hostile_stays_text(visitor: httpx2.AsyncClient, context: Context) -> None:
    await keep_eval(context.store, eval_named("Tickets"))
    await keep_compared_runs(context.store, hostile="<script>alert(1)</script>")

    page = read_html((await visitor.get(TWO + "&item=3")).text)

    assert [each.attributes.get("src", "") for each in page.all("script")] != []
    assert page.all("main")[0].all("script", "img") == []
    assert "<script>alert(1)</script>" in page.text


async def test_a_comparison_is_of_ones_own_project(compared: Context) -> None:
    async with browser(compared, static_key="sk-static-0123456789abcdef") as stranger:
        answer = await stranger.get(TWO)

    assert (answer.status_code, answer.headers["location"][:9]) == (303, "/sign-in?")
