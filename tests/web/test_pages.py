"""The pages as a browser gets them. What they say rests on nobody: the pages are ours."""

import re
from typing import Any

import httpx2
import pytest

from evald.ports.kept import StoredOutputItem
from evald.services.context import Context
from evald.services.keys import DEFAULT_PROJECT
from evald.wire.errors import ApiError
from tests.support.html_page import Element, read_html, shown
from tests.support.kept_runs import (
    CORRECT,
    EVAL_ID,
    NOW,
    POLITE,
    RUN_ID,
    completions_source,
    eval_named,
    item_of,
    keep_eval,
    keep_run,
    run_named,
    three_items,
    verdict,
)
from tests.web.conftest import browser

EVAL = f"/evaluations/{EVAL_ID}"
RUN = f"{EVAL}?run_id={RUN_ID}"
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}


async def keep(context: Context, *items: StoredOutputItem, **run: Any) -> None:
    await keep_eval(context.store, eval_named("Tickets"))
    values = {"status": "completed", "planned_rows": len(items), "ended_at": NOW + 5, **run}
    await keep_run(context.store, run_named("One", **values), items)


async def page_at(visitor: httpx2.AsyncClient, url: str, *, status: int = 200) -> Element:
    answer = await visitor.get(url)
    assert answer.status_code == status, answer.text
    return read_html(answer.text)


async def text_at(visitor: httpx2.AsyncClient, url: str) -> str:
    return shown(await page_at(visitor, url))


@pytest.mark.parametrize("url", ["/", EVAL, RUN, "/sign-in", "/nothing", "/evaluations/gone"])
async def test_every_answer_has_the_headers_that_keep_a_browser_safe(
    visitor: httpx2.AsyncClient, context: Context, url: str
) -> None:
    await keep(context, *three_items())

    answer = await visitor.get(url)

    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


@pytest.mark.parametrize(
    "url", ["/", EVAL, RUN, f"{RUN}&status=fail", f"{RUN}&foo=1&item=2", f"{RUN}&group_by=item.a"]
)
async def test_every_link_is_a_full_path_that_leads_to_a_page(
    visitor: httpx2.AsyncClient, context: Context, url: str
) -> None:
    await keep(context, *three_items(), *[item_of(row) for row in range(3, 6)])
    page = await page_at(visitor, url)
    links = {link.attributes["href"] for link in page.all("a")} - {"#main", "#help"}
    links |= {script.attributes["src"] for script in page.all("script")}
    links |= {link.attributes["href"] for link in page.all("link")} - {"data:,"}

    assert links
    for link in {each.partition("#")[0] for each in links}:
        assert link.startswith("/")
        assert (await visitor.get(link)).status_code == 200


@pytest.mark.parametrize("url", ["/", EVAL, RUN, f"{RUN}&item=1", "/nothing"])
async def test_no_page_holds_code_or_styles_or_breaks_its_paragraphs(
    visitor: httpx2.AsyncClient, context: Context, url: str
) -> None:
    await keep(context, *three_items())

    page = await page_at(visitor, url, status=404 if url == "/nothing" else 200)

    assert [script.inside for script in page.all("script")] == [[]]
    for element in page.all():
        assert element.tag not in {"style", "iframe", "object", "embed", "img"}
        assert not [name for name in element.attributes if name.startswith("on")]
        assert "style" not in element.attributes
    for paragraph in page.all("p"):
        assert not paragraph.all("p", "div", "details", "table", "ul", "dl")


HOSTILE = "<script>alert('HOSTILE')</script>\" onload=\"x {{ 7*7 }} &amp; \u202e\0"


async def test_foreign_text_stays_text_with_a_direction_of_its_own(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    error = ApiError(code=HOSTILE, message=HOSTILE)
    hostile_verdict = verdict(POLITE, 0.0, passed=False, error=error)
    item = item_of(
        0,
        item={HOSTILE: HOSTILE, "deep": [HOSTILE]},
        said={"content": HOSTILE, "refusal": HOSTILE, "tool_calls": [HOSTILE]},
        verdicts=[hostile_verdict, verdict(HOSTILE, 1.0, passed=True)],
    )
    unsampled = item_of(1, item=HOSTILE, error=error)
    named: dict[str, Any] = {"model": HOSTILE, "metadata": {HOSTILE: HOSTILE}, "error": error}
    named["data_source"] = completions_source(HOSTILE)
    run = run_named(HOSTILE, status="failed", **named)
    await keep_eval(context.store, eval_named(HOSTILE))
    await keep_run(context.store, run, [item, unsampled])

    for url in (
        "/",
        EVAL,
        RUN,
        f"{RUN}&<b>HOSTILE=1",
        f"{RUN}&status=<b>HOSTILE",
        f"{RUN}&item=0",
        f"{RUN}&item=0&markdown=on&spaces=on",
        f"{RUN}&item=1",
        f"{RUN}&group_by=item.deep",
        f"{RUN}&text=HOSTILE&regex=HOSTILE&where=item.a+%3D+HOSTILE&criterion=HOSTILE",
        f"{EVAL}/items/outputitem_{1:032x}?run_id={RUN_ID}",
    ):
        page = await page_at(visitor, url)
        found = [where for text, where in page.texts() if "HOSTILE" in text]
        assert found
        assert len(page.all("script")) == 1
        for where in found:
            around = where.ancestors()
            assert any(
                each.attributes.get("dir") == "auto" or each.tag == "title" for each in around
            ), shown(where)


async def test_hostile_text_is_shown_character_by_character(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    await keep(context, item_of(0, said={"content": HOSTILE}))

    page = await page_at(visitor, f"{RUN}&item=0")

    outputs = [each.text for each in page.all("span") if each.attributes.get("class") == "text"]
    assert HOSTILE.replace("\u202e\0", "\\u202e␀") in outputs


async def test_the_address_that_the_api_gives_opens_the_run(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    await keep(context, *three_items())

    text = await text_at(visitor, f"{EVAL}?project_id=proj_default&run_id={RUN_ID}")

    assert "# One" in text
    assert "ignored" not in text


@pytest.mark.parametrize("list_url", ["/", EVAL])
async def test_lists_come_newest_first_and_by_pages(
    visitor: httpx2.AsyncClient, context: Context, list_url: str
) -> None:
    async with context.store.transaction() as tx:
        for number in range(1, 53):
            await tx.evals.insert(DEFAULT_PROJECT, eval_named(f"Tickets {number}", number=number))
            await tx.runs.insert(run_named(f"Run {number}", id=f"evalrun_{number:032x}"))

    first = await page_at(visitor, list_url)
    older = next(a.attributes["href"] for a in first.all("a") if a.text.startswith("Older"))
    second = await page_at(visitor, older)

    def numbers(page: Element) -> list[int]:
        rows = [a for a in page.all("tbody")[0].all("a") if "data-open" in a.attributes]
        return [int(re.sub(r"\D", "", row.text)) for row in rows]

    assert numbers(first) == list(range(52, 2, -1))
    assert numbers(second) == [2, 1]


async def test_a_page_of_fifty_items_is_small(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    verdicts = [verdict(CORRECT, 1.0, passed=True), verdict(POLITE, 0.5, passed=True)]
    ticket = "My laptop does not start any more since I closed its lid yesterday. " * 4
    items = [
        item_of(
            row,
            item={"ticket": ticket, "label": "Hardware"},
            said={"content": "Hardware"},
            verdicts=verdicts,
        )
        for row in range(60)
    ]
    await keep(context, *items)

    answer = await visitor.get(RUN)

    assert len(answer.content) < 100_000


@pytest.mark.parametrize(
    ("url", "sentence", "step"),
    [
        ("/nothing", "No page is at '/nothing'.", "[All evals](/)"),
        ("/evaluations/", "No page is at '/evaluations/'.", "[All evals](/)"),
        ("/evaluations/gone", "No eval found with id 'gone'.", "[All evals](/)"),
        (f"{EVAL}?run_id=gone", "No run found with id 'gone'.", f"[The runs of this eval]({EVAL})"),
    ],
)
async def test_what_is_not_there_is_a_page_with_a_next_step(
    visitor: httpx2.AsyncClient, context: Context, url: str, sentence: str, step: str
) -> None:
    await keep(context)

    text = shown(await page_at(visitor, url, status=404))

    assert sentence in text
    assert step in text


async def test_a_method_that_means_nothing_is_a_page_too(visitor: httpx2.AsyncClient) -> None:
    answer = await visitor.post("/")

    assert answer.status_code == 405
    assert "The method POST means nothing at '/'." in shown(read_html(answer.text))


async def test_a_mistake_of_ours_is_a_page_without_a_trace(context: Context) -> None:
    await keep_eval(context.store, eval_named("Tickets"))
    await keep_run(context.store, run_named("One", data_source={"type": "odd"}))

    async with browser(context, raises=False) as visitor:
        answer = await visitor.get(RUN)

    assert answer.status_code == 500
    assert "its log has the trace" in answer.text
    assert "odd" not in answer.text


async def test_pages_work_under_a_path_of_their_own(context: Context) -> None:
    await keep(context, *three_items(), data_source=completions_source("Hm?"))

    async with browser(context, public_url="https://example.test/evals") as visitor:
        page = await page_at(visitor, RUN)

    links = [a.attributes["href"] for a in page.all("a")]
    assert links
    assert all(link.startswith(("/evals/", "#")) for link in links)
