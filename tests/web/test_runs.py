"""The page of a run: what it says of the whole, and its items. All of it is ours."""

import asyncio
import csv
import io
import json
import re
from importlib.metadata import version
from typing import Any

import httpx2
import pytest

from evald.ports.kept import StoredOutputItem
from evald.services.context import Context
from evald.services.keys import DEFAULT_PROJECT
from evald.services.runs import cancel_run
from evald.web.run_page import CSV_ITEMS
from tests.support.html_page import Element, read_html, shown
from tests.support.kept_runs import (
    CORRECT,
    EVAL_ID,
    NOW,
    POLITE,
    RUN_ID,
    eval_named,
    item_of,
    keep_eval,
    keep_run,
    run_named,
    three_items,
    verdict,
)
from tests.web.conftest import STATIC_KEY, Hands, browser

EVAL = f"/evaluations/{EVAL_ID}"
RUN = f"{EVAL}?run_id={RUN_ID}"


async def keep(context: Context, *items: StoredOutputItem, **run: Any) -> None:
    await keep_eval(context.store, eval_named("Tickets"))
    values = {"status": "completed", "planned_rows": len(items), "ended_at": NOW + 5, **run}
    await keep_run(context.store, run_named("One", **values), items)


async def page_at(visitor: httpx2.AsyncClient, url: str) -> Element:
    answer = await visitor.get(url)
    assert answer.status_code == 200, answer.text
    return read_html(answer.text)


async def text_at(visitor: httpx2.AsyncClient, url: str) -> str:
    return shown(await page_at(visitor, url))


def lines(page: Element) -> list[int]:
    """The rows of the items in the table."""
    return [int(a.text.replace(",", "")) for a in page.all("a") if "data-open" in a.attributes]


def link(page: Element, words: str) -> str:
    """Where the link of these words leads; empty where there is none."""
    found = (each.attributes["href"] for each in page.all("a") if each.text == words)
    return next(found, "").partition("#")[0]


def many_items(count: int, *, each: int = 1) -> list[StoredOutputItem]:
    """Items of which all pass but every one of `each`; scores rise and fall."""
    return [
        item_of(
            row,
            item={"n": row, "desk": "ab"[row % 2]},
            said={"content": f"answer {row}"},
            verdicts=[
                verdict(CORRECT, 1.0, passed=row % each != each - 1),
                verdict(POLITE, (row * 7 % 10) / 10, passed=True),
            ],
        )
        for row in range(count)
    ]


async def test_a_rate_never_stands_alone(visitor: httpx2.AsyncClient, context: Context) -> None:
    await keep(context, *three_items())

    text = await text_at(visitor, RUN)

    assert "50.0 % passed (1 of 2 with a verdict; 95 %: 9.5–90.5)" in text
    assert "33.3 % (1 of 3; 95 %: 6.1–79.2) if the 1 errored item is counted as failed" in text
    assert "<50.0 %, 95 % interval 9.5–90.5 percent>" in text


async def test_errors_are_told_with_their_reasons(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    await keep(context, *three_items())

    text = await text_at(visitor, RUN)

    assert "rate_limit_exceeded" in text
    assert "Too many requests." in text
    assert "<hidden: what = retry>" in text


@pytest.mark.parametrize(
    ("run", "button"),
    [
        ({"planned_rows": 3}, "Retry 1 errored item"),
        (
            {"planned_rows": 9, "status": "canceled"},
            "Resume: 6 rows left, and 1 errored item again",
        ),
        ({"planned_rows": 3, "imported": {"id": RUN_ID}}, ""),
        ({"planned_rows": 9, "status": "in_progress"}, ""),
        ({"planned_rows": None, "status": "failed"}, ""),
    ],
)
async def test_a_second_chance_is_offered_where_there_is_one(
    visitor: httpx2.AsyncClient, context: Context, run: dict[str, Any], button: str
) -> None:
    await keep(context, *three_items(), **run)

    page = await page_at(visitor, RUN)

    forms = [f for f in page.all("form") if f.attributes.get("action", "").endswith("/retry")]
    assert [each.text for form in forms for each in form.all("button")] == [button] * bool(button)


async def test_errored_items_are_retried_and_the_page_follows(hands: Hands) -> None:
    await keep(hands.context, *three_items())
    async with hands.context.blobs.writing("blob_1") as writer:
        await writer.write(b"{}\n{}\n{}\n")
    page = await page_at(hands.browser, RUN)
    form = next(f for f in page.all("form") if f.attributes.get("action", "").endswith("/retry"))
    fields = {each.attributes["name"]: each.attributes["value"] for each in form.all("input")}

    answer = await hands.browser.post(form.attributes["action"], data=fields)

    assert (answer.status_code, answer.headers["location"]) == (303, RUN)
    assert hands.woken.runs == [RUN_ID]
    assert "In progress: 2 rows of 3 done." in await text_at(hands.browser, RUN)


@pytest.mark.parametrize("changes", [{"token": ""}, {"token": "x"}])
async def test_a_retry_that_no_page_of_ours_asked_for_does_nothing(
    hands: Hands, changes: dict[str, str]
) -> None:
    await keep(hands.context, *three_items())

    fields = {"run_id": RUN_ID, "what": "retry", **changes}
    answer = await hands.browser.post(f"{EVAL}/retry", data=fields)

    assert answer.status_code == 403
    assert "Completed" in await text_at(hands.browser, RUN)


async def test_scores_are_a_histogram_with_words(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    await keep(context, *many_items(40))

    text = await text_at(visitor, RUN)

    assert "Polite mean 0.450 (40 scores; 95 %: 0.357–0.543)" in text
    assert "<40 scores from 0.000 to 0.900, most of them, 4, from 0.000 to 0.045>" in text
    assert "Right category mean" not in text


async def test_a_run_that_is_not_whole_says_so(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    await keep(context, *three_items(), planned_rows=50, status="canceled")

    text = await text_at(visitor, RUN)

    assert "Canceled after 5 s, with 3 rows of 50 done." in text
    assert "· pending 47 never done" in text


async def test_a_run_in_progress_is_followed_until_it_is_held(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    run: dict[str, Any] = {"status": "in_progress", "planned_rows": 40, "ended_at": None}
    await keep(context, *three_items(), started_at=NOW - 6, **run)

    page = await page_at(visitor, RUN)
    moving, still = shown(page), await text_at(visitor, f"{RUN}&refresh=off")

    assert "<refresh: 5>" in moving
    assert "7.5 % 0.5 rows a second so far; at that pace 1 min 14 s left" in moving
    assert "· pending 37" in moving
    assert page.all("title")[0].text == "7.5 % · One · evald"
    assert [
        p.attributes["data-follow"] for p in page.all("p") if "data-follow" in p.attributes
    ] == [f"{EVAL}/events?run_id={RUN_ID}"]
    assert "<refresh" not in still
    assert "[Follow the run]" in still


async def test_a_run_that_has_ended_stays_as_it_is(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    await keep(context, *three_items())

    page = await page_at(visitor, RUN)

    assert "<refresh" not in shown(page)
    assert not [each for each in page.all() if "data-follow" in each.attributes]


async def test_events_say_how_a_run_goes_on_until_it_has_ended(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    await keep(context, *three_items())

    answer = await visitor.get(f"{EVAL}/events?run_id={RUN_ID}")
    gone = await visitor.get(f"{EVAL}/events?run_id=gone")

    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.text == "event: end\ndata: {}\n\n"
    assert gone.status_code == 404


async def test_events_have_the_words_of_the_page(hands: Hands) -> None:
    run: dict[str, Any] = {"status": "in_progress", "planned_rows": 40, "ended_at": None}
    await keep(hands.context, *three_items(), **run)

    async with asyncio.TaskGroup() as group:
        answer = group.create_task(hands.browser.get(f"{EVAL}/events?run_id={RUN_ID}"))
        while not hands.context.run_watch.streams:  # noqa: ASYNC110  nothing else tells of it
            await asyncio.sleep(0)
        await cancel_run(hands.context, DEFAULT_PROJECT, EVAL_ID, RUN_ID)
    first, *_, last = answer.result().text.strip().split("\n\n")

    told = json.loads(first.removeprefix("event: progress\ndata: "))
    assert told["state"] == "In progress: 3 rows of 40 done."
    assert (told["title"], told["percents"], told["errored"]) == ("7.5 % · One", "7.5 %", "1")
    assert (told["rate"], told["rated"]) == ("50.0 %", "(1 of 2 with a verdict; 95 %: 9.5–90.5)")
    assert last == "event: end\ndata: {}"


async def test_events_need_what_pages_need(context: Context) -> None:
    await keep(context, *three_items())

    async with browser(context, static_key=STATIC_KEY) as somebody:
        refused = await somebody.get(f"{EVAL}/events?run_id={RUN_ID}")
        await somebody.post("/sign-in", data={"key": STATIC_KEY})
        let_in = await somebody.get(f"{EVAL}/events?run_id={RUN_ID}")

    assert (refused.status_code, let_in.status_code) == (303, 200)


async def test_items_come_by_pages_whose_links_lead_through_all_of_them_and_back(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    await keep(context, *many_items(120))
    page = await page_at(visitor, RUN)
    forth = [lines(page)]
    while url := link(page, "Next items"):
        page = await page_at(visitor, url)
        forth.append(lines(page))
    back, url = [lines(page)], link(page, "Previous items")
    while url:
        page = await page_at(visitor, url)
        back.insert(0, lines(page))
        url = link(page, "Previous items")

    assert [row for each in forth for row in each] == list(range(120))
    assert back == forth


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("status=fail", [2, 5, 8, 11]),
        ("status=failed", [2, 5, 8, 11]),
        (f"criterion={CORRECT}&outcome=fail", [2, 5, 8, 11]),
        ("criterion=Right+category&outcome=failed", [2, 5, 8, 11]),
        (f"criterion={POLITE}&min_score=0.6&max_score=0.8", [1, 4, 8, 11]),
        (f"criterion={POLITE}&max_score=0.2&sort=score&order=desc", [6, 3, 10, 0]),
        ("text=answer+1", [1, 10, 11]),
        ("regex=answer+1%5B01%5D", [10, 11]),
        ("where=item.n+%3E+8&where=item.desk+%3D+b", [9, 11]),
        ("order=desc", list(range(11, -1, -1))),
    ],
)
async def test_items_are_filtered_and_ordered_by_the_address(
    visitor: httpx2.AsyncClient, context: Context, query: str, rows: list[int]
) -> None:
    await keep(context, *many_items(12, each=3))

    assert lines(await page_at(visitor, f"{RUN}&{query}")) == rows


async def test_a_filter_stands_in_the_form_that_changes_it(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    await keep(context, *many_items(12, each=3))

    text = await text_at(
        visitor,
        f"{RUN}&status=fail&criterion={POLITE}&min_score=0.5&text=answer&where=item.n+%3E+1",
    )

    assert "<hidden: status = fail>" in text
    assert "<search: text = answer>" in text
    assert "<select: criterion = Polite>" in text
    assert "<text: min_score = 0.5>" in text
    assert "<text: where = item.n > 1>" in text
    assert "searched 3 of 3" in text


async def test_groups_have_a_rate_each_and_lead_to_their_items(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    await keep(context, *many_items(12, each=3), item_of(12, said={"content": "x"}))

    page = await page_at(visitor, f"{RUN}&group_by=item.desk")
    of_a = await page_at(visitor, link(page, "a"))

    text = shown(page)
    assert "By item.desk, the largest first; of all 13 items" in text
    assert "66.7 % (4 of 6; 30.0–90.3)" in text
    assert "no such field" in text
    assert lines(of_a) == list(range(0, 12, 2))


async def test_groups_are_of_what_the_filter_finds_and_lead_to_it(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    """Items 1, 10 and 11 say so, of which the last one failed."""
    await keep(context, *many_items(12, each=3))

    page = await page_at(visitor, f"{RUN}&group_by=item.desk&text=answer+1&where=item.n+%3E+0")
    of_b = await page_at(visitor, link(page, "b"))
    nothing = await page_at(visitor, f"{RUN}&group_by=item.desk&text=nothing")

    text = shown(page)
    assert "By item.desk, the largest first; of the 3 items filtered" in text
    assert "50.0 % (1 of 2;" in text
    assert "100.0 % (1 of 1;" in text
    assert lines(of_b) == [1, 11]
    assert "item.n > 0" in shown(of_b)
    assert "No item is like that. [All items]" in shown(nothing)


@pytest.mark.parametrize(
    ("query", "items", "status", "sentence"),
    [
        ("", 0, "queued", "No item is done yet."),
        ("", 0, "failed", "This run ended before any item was done."),
        ("&status=error", 1, "completed", "No item errored: 1 item left out by the filter."),
        ("&text=nothing", 2, "completed", "No item is like that: 2 items left out by the filter."),
        ("&after=0~~0", 1, "completed", "There are no more. [The first ones]"),
        ("&status=pass&after=0~~0", 1, "completed", "There are no more of these. [The first ones]"),
    ],
)
async def test_having_nothing_to_show_is_told_with_its_reason(
    visitor: httpx2.AsyncClient,
    context: Context,
    query: str,
    items: int,
    status: str,
    sentence: str,
) -> None:
    await keep(context, *many_items(items), status=status)

    assert sentence in await text_at(visitor, RUN + query)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("color=red", "The parameter 'color' means nothing here and was ignored."),
        ("status=great", "'status' is 'great' and must be one of"),
        ("after=outputitem_gone", "'outputitem_gone' is no place to go on from"),
        ("before=x", "'x' is no place to go on from"),
        ("sort=score", "'criterion' says by which testing criterion."),
        ("criterion=gone&outcome=fail&sort=score", "This eval has no testing criterion 'gone'"),
        ("min_score=high&criterion=Polite", "'min_score' is 'high' and must be a number"),
        ("where=priority", "'priority' is no condition"),
        ("regex=(", "'(' is no regular expression"),
        ("group_by=desk", "'desk' is no field of an item"),
        ("item=99", "'99' is no item of this run."),
    ],
)
async def test_what_a_query_cannot_mean_is_named_and_all_items_are_shown(
    visitor: httpx2.AsyncClient, context: Context, query: str, sentence: str
) -> None:
    await keep(context, *three_items())

    page = await page_at(visitor, f"{RUN}&{query}")

    notices = [p.text for p in page.all("p") if p.attributes.get("class") == "notice"]
    assert len(notices) == 1
    assert sentence in notices[0]
    assert lines(page) == [0, 1, 2]


async def test_a_page_of_fifty_items_with_one_open_is_small(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    long = "My laptop does not start any more since I closed its lid yesterday. " * 400
    verdicts = [verdict(CORRECT, 1.0, passed=True), verdict(POLITE, 0.5, passed=True)]
    items = [
        item_of(row, item={"ticket": long}, said={"content": long}, verdicts=verdicts)
        for row in range(60)
    ]
    await keep(context, *items)

    assert len((await visitor.get(f"{RUN}&item=3")).content) < 100_000


async def test_csv_has_the_items_from_where_the_page_begins(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    await keep(context, *many_items(120, each=3))

    answer = await visitor.get(f"{EVAL}.csv?run_id={RUN_ID}&status=fail")
    rows = list(csv.DictReader(io.StringIO(answer.text)))

    assert len(rows) == 40 < CSV_ITEMS
    assert (rows[0]["row"], rows[0]["status"], rows[0]["output"]) == ("2", "fail", "answer 2")
    assert rows[0]["item"] == '{"n":2,"desk":"a"}'
    assert (rows[0]["Right category outcome"], rows[0]["Polite score"]) == ("fail", "0.4")


async def test_csv_of_groups_has_the_groups(visitor: httpx2.AsyncClient, context: Context) -> None:
    await keep(context, *many_items(12, each=3))

    answer = await visitor.get(f"{EVAL}.csv?run_id={RUN_ID}&group_by=item.desk")

    names, first, _ = csv.reader(io.StringIO(answer.text))
    assert names[:3] == ["item.desk", "items", "passed"]
    assert first[:3] == ["a", "6", "4"]


async def test_json_has_what_the_page_shows(visitor: httpx2.AsyncClient, context: Context) -> None:
    await keep(context, *three_items())

    page = (await visitor.get(f"{EVAL}.json?run_id={RUN_ID}&status=fail&item=1")).json()

    assert page["report"]["rate"]["graded"]["count"] == 1
    assert [each["row"] for each in page["items"]] == [1]
    assert page["item"]["item"]["row"] == 1
    assert page["errors"]["reasons"][0]["code"] == "rate_limit_exceeded"


async def test_a_run_is_saved_as_one_file_that_needs_nothing_else(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    await keep(context, *three_items())

    answer = await visitor.get(f"{EVAL}/save?run_id={RUN_ID}")
    page = read_html(answer.text.partition("<!doctype html>")[2])

    text = shown(page)
    assert answer.headers["content-disposition"] == f'attachment; filename="{RUN_ID}.html"'
    assert page.all("script", "a", "img") == []
    assert [each.attributes["href"] for each in page.all("link")] == ["data:,"]
    assert "--ink: light-dark(" in page.all("style")[0].text
    assert "50.0 % passed (1 of 2 with a verdict; 95 %: 9.5–90.5)" in text
    assert "All 3 items." in text
    assert "The driver crashes." in text


async def test_a_saved_file_says_of_which_run_it_is_who_saved_it_and_when(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    await keep(context, *three_items())

    answer = await visitor.get(f"{EVAL}/save?run_id={RUN_ID}")
    page = read_html(answer.text.partition("<!doctype html>")[2])

    text, ours = shown(page), f"evald {version('evald')}"
    assert f"Tickets · {RUN_ID}" in text
    assert f"{ours}, saved on 2025-06-15 15:06:40 UTC from http://evald.test/evaluations/" in text
    metas = {
        each.attributes.get("name"): each.attributes["content"]
        for each in page.all("meta")
        if "content" in each.attributes
    }
    assert metas["generator"] == ours
    assert "under way" not in text


async def test_a_file_saved_of_a_run_under_way_says_so(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    await keep(context, *three_items(), status="in_progress", ended_at=None, planned_rows=9)

    text = (await visitor.get(f"{EVAL}/save?run_id={RUN_ID}")).text

    assert "The run was under way when it was saved" in text


async def test_a_saved_file_says_which_items_it_leaves_out(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    await keep(context, *many_items(12, each=3))

    text = (
        await visitor.get(f"{EVAL}/save?run_id={RUN_ID}&status=fail&text=answer&after=5~~0")
    ).text

    assert re.search(r"All 4 items, of this filter: .*failed; with the words answer", text)
