"""Runs of a version that kept no verdicts by criterion: their pages say so. All of it is ours."""

import sqlite3
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from evald.services.context import Context
from tests.support.compared_runs import COMPARED, keep_compared_runs
from tests.support.html_page import read_html, shown
from tests.support.kept_runs import EVAL_ID, eval_named, keep_eval

RUN = f"/evaluations/{EVAL_ID}?run_id={COMPARED[0]}"
NOTICE = (
    "This run was made by an older version, and its verdicts are still being gathered: scores, "
    "and filters by criterion, do not have all items yet."
)
OF_COMPARISONS = (
    "Verdicts of an older run are still being gathered, so that criteria know of a part of its "
    "items only. What is said of all items is right."
)
WITHOUT_VERDICTS = (
    "DELETE FROM item_verdicts WHERE run_seq = (SELECT seq FROM runs WHERE id = :run)",
    "UPDATE runs SET tally = json_remove(tally, '$.verdicts') WHERE id = :run",
    "UPDATE runs SET verdicts_chance = NULL WHERE id = :run",
)
"""A run is as the migration leaves one that a version before it has recorded."""


@pytest.fixture
async def compared(context: Context, tmp_path: Path) -> Context:
    """A world with runs to compare, of which the first is an older one."""
    await keep_eval(context.store, eval_named("Tickets"))
    await keep_compared_runs(context.store)
    with closing(sqlite3.connect(tmp_path / "evald.sqlite3")) as database, database:
        for statement in WITHOUT_VERDICTS:
            database.execute(statement, {"run": COMPARED[0]})
    return context


async def text_of(visitor: httpx2.AsyncClient, path: str) -> str:
    answer = await visitor.get(path)
    assert answer.status_code == 200, answer.text
    return shown(read_html(answer.text.partition("<!doctype html>")[2]))


@pytest.mark.usefixtures("compared")
@pytest.mark.parametrize("path", [RUN, RUN.replace("?", "/save?")])
async def test_the_page_of_an_older_run_says_what_it_lacks(
    visitor: httpx2.AsyncClient, path: str
) -> None:
    text = await text_of(visitor, path)

    assert NOTICE in text
    assert "80.0 % passed (32 of 40 with a verdict" in text


@pytest.mark.usefixtures("compared")
async def test_items_of_an_older_run_are_shown_and_found_by_their_status(
    visitor: httpx2.AsyncClient,
) -> None:
    page = (await visitor.get(f"{RUN.replace('?', '.json?')}&status=fail")).json()

    assert page["total"] == 8
    assert [each["outcome"] for each in page["items"]] == ["fail"] * 8


@pytest.mark.usefixtures("compared")
async def test_a_comparison_with_an_older_run_says_what_it_lacks(
    visitor: httpx2.AsyncClient,
) -> None:
    older = await text_of(visitor, f"/compare?runs={COMPARED[0]},{COMPARED[1]}")
    newer = await text_of(visitor, f"/compare?runs={COMPARED[1]},{COMPARED[2]}")

    assert OF_COMPARISONS in older
    assert "regressed B against A" in older
    assert OF_COMPARISONS not in newer


@pytest.mark.usefixtures("compared")
async def test_the_page_of_a_newer_run_lacks_nothing(visitor: httpx2.AsyncClient) -> None:
    assert NOTICE not in await text_of(visitor, RUN.replace(COMPARED[0], COMPARED[1]))
