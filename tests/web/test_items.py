"""An item beside the list, and on a page of its own. All of it is ours."""

import json

import httpx2
import pytest
from pydantic import JsonValue

from evald.ports.kept import StoredOutputItem
from evald.services.context import Context
from tests.support.html_page import Element, read_html, shown
from tests.support.kept_runs import (
    CORRECT,
    EVAL_ID,
    LIMITED,
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

EVAL = f"/evaluations/{EVAL_ID}"
RUN = f"{EVAL}?run_id={RUN_ID}"


def item_url(row: int) -> str:
    return f"{EVAL}/items/outputitem_{row + 1:032x}?run_id={RUN_ID}"


async def keep(context: Context, *items: StoredOutputItem) -> None:
    await keep_eval(context.store, eval_named("Tickets"))
    run = run_named("One", status="completed", planned_rows=len(items))
    await keep_run(context.store, run, items)


async def page_at(visitor: httpx2.AsyncClient, url: str) -> Element:
    answer = await visitor.get(url)
    assert answer.status_code == 200, answer.text
    return read_html(answer.text)


def judged() -> StoredOutputItem:
    steps = [{"description": "Tone", "conclusion": "Friendly."}]
    sample: JsonValue = {
        "input": [{"role": "user", "content": "How polite?"}],
        "output": [{"role": "assistant", "content": json.dumps({"steps": steps})}],
        "model": "judge-x",
        "usage": {"prompt_tokens": 30, "completion_tokens": 6},
        "seconds": 4.2,
    }
    code = {**verdict(CORRECT, 0.0, passed=False), "stdout": "two words", "failure": "KeyError"}
    code["seconds"] = 0.042
    polite = {**verdict(POLITE, 0.5, passed=True), "sample": sample}
    said: dict[str, JsonValue] = {
        "content": "It is Hard ware",
        "tool_calls": [{"id": "call_1"}],
    }
    return item_of(0, item={"label": "It is Hardware"}, said=said, verdicts=[code, polite])


@pytest.mark.parametrize("url", [f"{RUN}&item=0", item_url(0)])
async def test_all_that_is_known_of_an_item_is_told_verdicts_first(
    visitor: httpx2.AsyncClient, context: Context, url: str
) -> None:
    await keep(context, judged())

    text = shown(await page_at(visitor, url))

    told = [
        "Item 0 ✕ failed",
        "Verdicts",
        "✕ failed Right category took 42 ms",
        "KeyError",
        "printed two words",
        "✓ passed Polite score 0.500 took 4.20 s",
        "Tone: Friendly.",
        "What its model was told, and said (judge-x, 36 tokens)",
        "How polite?",
        "Input",
        "label It is Hardware",
        "Output",
        "It is Hard ware",
        'tool calls [ { "id": "call_1" } ]',
        "Reference",
        "{{ item.label }}",
        "Reference against output",
        "All of it as JSON",
        '"object": "eval.run.output_item"',
    ]
    at = 0
    for each in told:
        assert each in text[at:], each
        at = text.index(each, at)


async def test_words_that_differ_from_the_reference_are_marked(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    await keep(context, judged())

    page = await page_at(visitor, f"{RUN}&item=0")

    assert [each.text for each in page.all("del")] == ["only in the reference", "Hardware"]
    assert [each.text for each in page.all("ins")] == ["only in the output", "Hard ware"]


async def test_an_output_like_its_reference_is_said_to_be_the_same(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    await keep(context, three_items()[0])

    assert "They are the same, sign for sign." in shown(await page_at(visitor, item_url(0)))


async def test_texts_too_long_for_a_comparison_stand_beside_one_another(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    said = {"content": "x " * 20_000}
    await keep(context, item_of(0, item={"label": "y"}, said=said))

    text = shown(await page_at(visitor, item_url(0)))

    assert "They are too long to be compared word by word." in text
    assert "▸ show 36,000 more characters" in text


async def test_an_item_without_a_sample_says_why(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    await keep(context, item_of(0, error=LIMITED))

    assert "No sample: rate_limit_exceeded: Too many requests." in shown(
        await page_at(visitor, item_url(0))
    )


async def test_a_long_text_is_folded_with_its_true_size_and_a_huge_one_cut_with_its_place(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    await keep(context, item_of(0, said={"content": "x" * 1_000}, item={"a": "y" * 999_999}))

    beside = shown(await page_at(visitor, f"{RUN}&item=0"))
    alone = shown(await page_at(visitor, item_url(0)))

    assert "▸ show 400 more characters" in beside
    assert "▸ show 999,399 more characters" in beside
    assert "993,399 more characters not on this page; all of it is at GET /v1/evals/" in beside
    assert "▸ show 995,999 more characters" in alone


async def test_spaces_are_shown_on_request(visitor: httpx2.AsyncClient, context: Context) -> None:
    said = {"content": "a b\tc\u00a0\n"}
    await keep(context, item_of(0, item={"label": "a b"}, said=said))

    page = await page_at(visitor, f"{RUN}&item=0&spaces=on")

    texts = [each.text for each in page.all("span") if each.attributes.get("class") == "text"]
    assert "a·b→\tc⍽⏎\n" in texts
    assert "Hide spaces" in shown(page)


async def test_markdown_is_shown_on_request_and_can_do_no_harm(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    said = {"content": "# Big\n**bold** ![x](https://evil.test/x) <b onclick=x>"}
    await keep(context, item_of(0, said=said))

    plain = await page_at(visitor, f"{RUN}&item=0")
    page = await page_at(visitor, f"{RUN}&item=0&markdown=on")

    assert plain.all("strong") == []
    assert [each.text for each in page.all("strong")] == ["bold"]
    assert page.all("img") == []
    assert "<b onclick=x>" in page.text


async def test_the_open_item_is_marked_and_opens_as_a_page_next(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    await keep(context, *three_items())

    page = await page_at(visitor, f"{RUN}&status=fail&item=1")

    (opened,) = [a for a in page.all("a") if "data-open" in a.attributes]
    assert opened.attributes["aria-current"] == "true"
    assert opened.attributes["href"] == f"{item_url(1)}&status=fail"


async def test_ways_lead_to_the_items_beside_and_to_the_failures(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    await keep(context, *three_items())

    page = await page_at(visitor, f"{RUN}&item=1")
    alone = await page_at(visitor, item_url(1))

    def ways(page: Element) -> dict[str, str]:
        return {a.text: a.attributes["href"] for a in page.all("main")[0].all("a")}

    beside = ways(page)
    assert beside["Previous"] == f"{RUN}&item=0#items"
    assert beside["Next"] == beside["Next failure"] == f"{RUN}&item=2#items"
    assert "Previous failure" not in beside
    assert beside["Open as a page"] == item_url(1)
    assert beside["Close"] == f"{RUN}#items"
    assert ways(alone)["Next failure"] == item_url(2)
    assert ways(alone)["Back to the items"] == f"{RUN}#items"


async def test_an_item_that_is_not_there_is_told(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    await keep(context, *three_items())

    answer = await visitor.get(f"{EVAL}/items/outputitem_gone?run_id={RUN_ID}")

    assert answer.status_code == 404
    assert "outputitem_gone" in answer.text
