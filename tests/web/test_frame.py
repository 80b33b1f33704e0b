"""What is the same on every page: theme, other forms, the hosted dashboard's addresses. Ours."""

import csv
import io

import httpx2
import pytest

from evald.services.context import Context
from evald.services.keys import DEFAULT_PROJECT
from tests.support.html_page import read_html, shown
from tests.support.kept_runs import (
    EVAL_ID,
    RUN_ID,
    eval_named,
    keep_eval,
    keep_run,
    run_named,
    three_items,
)

EVAL = f"/evaluations/{EVAL_ID}"


async def keep(context: Context, name: str = "Tickets") -> None:
    await keep_eval(context.store, eval_named(name))
    await keep_run(context.store, run_named("One", status="completed"), three_items())


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_a_chosen_theme_is_the_one_of_every_page(
    visitor: httpx2.AsyncClient, theme: str
) -> None:
    chosen = await visitor.post("/theme", data={"theme": theme, "next": "/files"})

    page = read_html((await visitor.get("/")).text)

    assert (chosen.status_code, chosen.headers["location"]) == (303, "/files")
    assert page.all("html")[0].attributes["data-theme"] == theme
    pressed = [b.text for b in page.all("button") if b.attributes.get("aria-pressed") == "true"]
    assert pressed == [theme]


@pytest.mark.parametrize("cookie", ["evald_theme=system", 'evald_theme="><script>', ""])
async def test_otherwise_a_page_has_the_theme_of_its_browser(
    visitor: httpx2.AsyncClient, cookie: str
) -> None:
    page = read_html((await visitor.get("/", headers={"Cookie": cookie})).text)

    assert "data-theme" not in page.all("html")[0].attributes


async def test_choosing_a_theme_leads_nowhere_else(visitor: httpx2.AsyncClient) -> None:
    away = await visitor.post("/theme", data={"theme": "dark", "next": "https://evil.test"})
    foreign = await visitor.post(
        "/theme", data={"theme": "dark"}, headers={"Origin": "https://evil.test"}
    )

    assert away.headers["location"] == foreign.headers["location"] == "/"
    assert "set-cookie" not in foreign.headers


@pytest.mark.parametrize(
    ("url", "leads_to"),
    [
        ("/evaluation?tab=evals", "/"),
        ("/evaluation", "/"),
        ("/evaluation?tab=datasets", "/files"),
    ],
)
async def test_tabs_of_the_hosted_dashboard_lead_to_the_right_page(
    visitor: httpx2.AsyncClient, url: str, leads_to: str
) -> None:
    answer = await visitor.get(url)

    assert (answer.status_code, answer.headers["location"]) == (303, leads_to)


async def test_the_hosted_addresses_open_the_list_an_eval_and_a_run(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    await keep(context)

    pages = [
        shown(read_html((await visitor.get(url)).text))
        for url in ("/evaluations?project_id=proj_1", EVAL, f"{EVAL}?run_id={RUN_ID}")
    ]

    assert ["# Evals" in pages[0], "# Tickets" in pages[1], "# One" in pages[2]] == [True] * 3
    assert "ignored" not in pages[0]


@pytest.mark.parametrize(
    ("url", "keys"),
    [
        ("/evaluations.json", {"search", "evals", "first", "next", "is_first"}),
        (f"{EVAL}.json", {"id", "name", "runs", "criteria", "item_schema", "metadata"}),
        (f"{EVAL}.json?run_id={RUN_ID}", {"run", "report", "items", "item"}),
        (f"{EVAL}/items/outputitem_{1:032x}.json?run_id={RUN_ID}", {"item", "verdicts", "raw"}),
        (f"{EVAL}/new-run.json?run_id={RUN_ID}", {"form", "base"}),
        ("/files.json", {"files", "purpose"}),
        ("/logs.json", {"logs", "kind"}),
    ],
)
async def test_a_page_is_there_as_json(
    visitor: httpx2.AsyncClient, context: Context, url: str, keys: set[str]
) -> None:
    await keep(context)

    answer = await visitor.get(url)

    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert keys <= set(answer.json())


async def test_json_and_page_say_the_same(visitor: httpx2.AsyncClient, context: Context) -> None:
    await keep(context)

    run = (await visitor.get(f"{EVAL}.json")).json()["runs"][0]
    text = shown(read_html((await visitor.get(EVAL)).text))

    assert (run["rate"]["passed"], run["rate"]["graded"], run["rate"]["errored"]) == (1, 2, 1)
    assert "50.0 % (1 of 2; 9.5–90.5)" in text
    assert (round(run["rate"]["low"], 3), round(run["rate"]["high"], 3)) == (0.095, 0.905)


async def test_a_table_is_there_as_csv_and_runs_nothing_in_a_spreadsheet(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    await keep(context, name='=HYPERLINK("https://evil.test")')

    answer = await visitor.get("/evaluations.csv")
    names, row = csv.reader(io.StringIO(answer.text))

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert dict(zip(names, row, strict=True))["name"] == '\'=HYPERLINK("https://evil.test")'
    assert dict(zip(names, row, strict=True))["last_rate"] == "0.5"


async def test_csv_has_all_rows_and_not_one_page_of_them(
    visitor: httpx2.AsyncClient, context: Context
) -> None:
    async with context.store.transaction() as tx:
        for number in range(1, 61):
            await tx.evals.insert(DEFAULT_PROJECT, eval_named(f"E {number}", number=number))

    assert len((await visitor.get("/evaluations.csv")).text.splitlines()) == 61


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("/evaluations/gone.json", 404),
        (f"{EVAL}.json?run_id=gone", 404),
        (f"{EVAL}/items/gone.json?run_id={RUN_ID}", 404),
        ("/nothing.json", 404),
        ("/files/gone.json", 404),
    ],
)
async def test_what_is_not_there_is_told_to_programs_as_json(
    visitor: httpx2.AsyncClient, context: Context, url: str, status: int
) -> None:
    await keep(context)

    answer = await visitor.get(url)

    assert answer.status_code == status
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize("url", ["/evaluations.json", "/evaluations.csv"])
async def test_programs_without_a_key_are_not_led_to_a_form(
    stranger: httpx2.AsyncClient, url: str
) -> None:
    missing = await stranger.get(url)
    wrong = await stranger.get(url, headers={"Authorization": "Bearer sk-wrong"})

    assert (missing.status_code, wrong.status_code) == (401, 401)
    assert missing.headers["www-authenticate"] == 'Bearer realm="evald"'
    assert "Authorization" in missing.json()["error"]["message"]
    assert wrong.json()["error"]["message"]


async def test_the_script_is_small_and_kept_under_the_name_of_its_content(
    visitor: httpx2.AsyncClient,
) -> None:
    page = read_html((await visitor.get("/")).text)
    script = page.all("script")[0].attributes

    answer = await visitor.get(script["src"])

    assert script["type"] == "module"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert len(answer.content) < 25_000


async def test_an_eval_is_found_by_its_name(visitor: httpx2.AsyncClient, context: Context) -> None:
    await keep_eval(context.store, eval_named("Tickets"))
    await keep_eval(context.store, eval_named("Letters", number=2))

    found = shown(read_html((await visitor.get("/?search=TICK")).text))
    none = shown(read_html((await visitor.get("/?search=invoice")).text))

    assert "[Tickets]" in found
    assert "[Letters]" not in found
    assert "No eval has invoice in its name or as its id. [All evals](/)" in none
