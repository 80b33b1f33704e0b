"""Items are searched for and grouped over HTTP. All of it is ours; the run is a real one."""

from typing import Any

import httpx2
import openai
import pytest

from tests.wire.bodies import an_eval, jsonl, said, string_check
from tests.wire.bodies import inline as content_of
from tests.wire.conftest import error_of
from tests.wire.runs import ended, new_eval, new_run

Json = dict[str, Any]
WORDS = ["Apple", "pear", "plum", "quince", "Fig"]


@pytest.fixture(scope="module")
def run_id(client: openai.OpenAI) -> str:
    """A run of five items; of the second and fourth, something else was said."""
    an_id = new_eval(client, an_eval(string_check("same")))
    rows = [
        said(word if place % 2 == 0 else "no idea", prompt=word, expected=word)
        for place, word in enumerate(WORDS)
    ]
    return ended(client, an_id, new_run(client, an_id, jsonl(content_of(rows)))).id


def ask(http: httpx2.Client, run_id: str, what: str, params: Any) -> httpx2.Response:
    return http.get(f"/v1/evald/runs/{run_id}/{what}", params=params)


def search(http: httpx2.Client, run_id: str, *params: tuple[str, str]) -> Json:
    answer = ask(http, run_id, "items", params)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def rows_of(found: Json) -> list[int]:
    return [each["datasource_item_id"] for each in found["data"]]


@pytest.mark.parametrize(
    ("params", "rows"),
    [
        ([], [0, 1, 2, 3, 4]),
        ([("status", "fail")], [1, 3]),
        ([("criterion", "same"), ("outcome", "pass")], [0, 2, 4]),
        ([("criterion", "same"), ("max_score", "0.5"), ("order", "desc")], [3, 1]),
        ([("criterion", "same"), ("sort", "score")], [1, 3, 0, 2, 4]),
        ([("text", "NO IDEA")], [1, 3]),
        ([("regex", "^p.*[mr]$")], [1, 2]),
        ([("where", 'item.prompt > "pl"'), ("where", "item.expected has u")], [2, 3]),
    ],
)
def test_items_are_found(
    http: httpx2.Client, run_id: str, params: list[tuple[str, str]], rows: list[int]
) -> None:
    found = search(http, run_id, *params)

    assert rows_of(found) == rows
    assert (found["object"], found["has_more"], found["next"]) == ("list", False, None)
    assert found["searched"] == found["total"]
    assert found["has_verdicts"] is True
    assert found["first_id"] == found["data"][0]["id"]


def test_items_found_are_those_of_the_api(
    http: httpx2.Client, client: openai.OpenAI, run_id: str
) -> None:
    found = search(http, run_id, ("text", "quince"))["data"]
    eval_id = found[0]["eval_id"]

    assert found == [
        http.get(f"/v1/evals/{eval_id}/runs/{run_id}/output_items/{found[0]['id']}").json()
    ]


@pytest.mark.parametrize("more", [(), (("text", "e"),)])
def test_a_search_goes_on_after_its_next(
    http: httpx2.Client, run_id: str, more: tuple[tuple[str, str], ...]
) -> None:
    by_score = (("criterion", "same"), ("sort", "score"), ("limit", "2"), *more)
    pages = [search(http, run_id, *by_score)]
    while pages[-1]["has_more"]:
        pages.append(search(http, run_id, *by_score, ("after", pages[-1]["next"])))

    assert [row for page in pages for row in rows_of(page)] == [
        row for row in (1, 3, 0, 2, 4) if not more or row in (0, 1, 3)
    ]


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"regex": "a(?=b)"}, "regex"),
        ({"where": "prompt = x"}, "where"),
        ({"outcome": "fail"}, "criterion"),
        ({"criterion": "other"}, "criterion"),
        ({"after": "outputitem_1"}, "after"),
    ],
)
def test_what_cannot_be_searched_for_is_a_400(
    http: httpx2.Client, run_id: str, params: dict[str, str], param: str
) -> None:
    answer = ask(http, run_id, "items", params)

    assert answer.status_code == 400
    assert error_of(answer)["param"] == param


def test_items_are_grouped_by_a_field(http: httpx2.Client, run_id: str) -> None:
    answer = ask(http, run_id, "groups", {"by": "item.expected", "limit": "2"}).json()

    assert (answer["by"], answer["group_count"], answer["has_more"]) == ("item.expected", 5, False)
    assert (answer["searched"], answer["total"]) == (5, 5)
    (first, second) = answer["groups"]
    assert (first["value"], first["items"], first["passed"]) == ("Apple", 1, 1)
    assert (second["value"], second["failed"]) == ("pear", 1)
    (criterion,) = first["criteria"]
    assert (criterion["name"], criterion["passed"], criterion["total"]) == ("same", 1, 1.0)


@pytest.mark.parametrize("params", [{}, {"by": "expected"}])
def test_what_cannot_be_grouped_by_is_a_400(
    http: httpx2.Client, run_id: str, params: dict[str, str]
) -> None:
    answer = ask(http, run_id, "groups", params)

    assert answer.status_code == 400
    assert error_of(answer)["param"] == "by"


@pytest.mark.parametrize("what", ["items", "groups?by=item.a"])
def test_a_run_that_is_not_there_is_a_404(http: httpx2.Client, what: str) -> None:
    assert http.get(f"/v1/evald/runs/evalrun_none/{what}").status_code == 404
