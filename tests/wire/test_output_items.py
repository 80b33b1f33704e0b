"""Output items over the wire: their shape, their order, their pages and filters."""

import hashlib
import json
import re
from typing import Any

import httpx2
import openai
import pytest
from openai.types.evals import RunRetrieveResponse

from tests.wire.bodies import (
    Json,
    an_eval,
    completions,
    free_eval,
    inline,
    jsonl,
    row,
    rows,
    said,
    string_check,
)
from tests.wire.mirror import SNAPSHOT
from tests.wire.runs import ended_run, graded, items_of

PAGED = 230
"""More rows than two pages hold."""


@pytest.fixture(scope="module")
def paged(client: openai.OpenAI) -> RunRetrieveResponse:
    """A run of many rows, of which every third failed and every tenth has no verdict."""
    content = [
        said("good" if n % 3 else "bad", n=n, **({} if n % 10 == 9 else {"expected": "good"}))
        for n in range(PAGED)
    ]
    return ended_run(client, free_eval(), jsonl(inline(content)))


@pytest.fixture(scope="module")
def place(paged: RunRetrieveResponse) -> Json:
    return {"eval_id": paged.eval_id, "run_id": paged.id}


def expected_status(n: int) -> str:
    return "error" if n % 10 == 9 else "pass" if n % 3 else "fail"


def test_an_output_item_has_the_shape_captured(client: openai.OpenAI, http: httpx2.Client) -> None:
    """Observed 2025-07: these keys, the item without its wrapper, both nulls, 4096 and 1.0.

    The singular of the token limit is documented only; the hash is of canonical JSON, and `seconds`
    stands at the end (both ours).
    """
    run = ended_run(client, an_eval(), completions(inline([row("a", "b")]), model="mirror"))
    path = f"/v1/evals/{run.eval_id}/runs/{run.id}/output_items"

    (listed,) = http.get(path).json()["data"]
    item = http.get(f"{path}/{listed['id']}").json()

    assert item == listed
    assert list(item) == [
        "object",
        "id",
        "created_at",
        "run_id",
        "eval_id",
        "status",
        "datasource_item_id",
        "datasource_item",
        "_datasource_item_content_hash",
        "results",
        "sample",
    ]
    assert item["object"] == "eval.run.output_item"
    assert re.fullmatch("outputitem_[0-9a-f]{32}", item["id"])
    assert (item["run_id"], item["eval_id"]) == (run.id, run.eval_id)
    assert (item["status"], item["datasource_item_id"]) == ("fail", 0)
    assert item["datasource_item"] == {"prompt": "a", "expected": "b"}
    (criterion,) = client.evals.retrieve(run.eval_id).testing_criteria
    (result,) = item["results"]
    assert list(result) == ["name", "sample", "passed", "score"]
    assert result == {
        "name": dict(criterion)["id"],
        "sample": None,
        "passed": False,
        "score": 0.0,
    }
    sample = item["sample"]
    output = sample.pop("output")
    assert [message["role"] for message in output] == ["assistant"]
    name, seconds = sample.popitem()
    assert name == "seconds"
    assert 0.0 <= seconds < 60.0
    assert sample == {
        "input": [{"role": "user", "content": "a"}],
        "finish_reason": "stop",
        "model": SNAPSHOT,
        "usage": {
            "total_tokens": 9,
            "completion_tokens": 2,
            "prompt_tokens": 7,
            "cached_tokens": 3,
        },
        "error": None,
        "seed": None,
        "temperature": 1.0,
        "top_p": 1.0,
        "max_completion_tokens": 4096,
        "max_completions_tokens": 4096,
    }


def test_a_score_is_a_decimal_number(client: openai.OpenAI, http: httpx2.Client) -> None:
    """Documented in an example that looks captured: `1.0`, not `1`."""
    run = ended_run(client, free_eval(), jsonl(inline([said("x", expected="x")])))

    text = http.get(f"/v1/evals/{run.eval_id}/runs/{run.id}/output_items").text

    assert '"passed":true,"score":1.0}' in text


def test_the_hash_is_that_of_the_canonical_json(client: openai.OpenAI) -> None:
    """The field was observed 2025-07; what is hashed is ours."""
    item = {"z": [1, {"y": None, "x": True}], "a": 'ü"\n𝄞', "expected": "", "10": 2, "9": 1}

    (graded_item,) = graded(client, free_eval(), jsonl(inline([said("x", **item)])))

    canonical = json.dumps(item, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    kept = graded_item.to_dict()
    assert kept["_datasource_item_content_hash"] == hashlib.sha256(canonical.encode()).hexdigest()


def test_equal_items_have_equal_hashes_whatever_the_order_of_keys(client: openai.OpenAI) -> None:
    """Ours: by it, rows of two runs are joined."""
    content = [{"item": {"a": 1, "expected": "x"}}, {"item": {"expected": "x", "a": 1}}]

    first, second = graded(client, free_eval(), jsonl(inline(content)))

    key = "_datasource_item_content_hash"
    assert first.to_dict()[key] == second.to_dict()[key]


def test_results_stand_in_the_order_of_the_criteria(client: openai.OpenAI) -> None:
    """Inferred."""
    names = ["zeta", "alpha", "alpha", "mid"]
    body = free_eval(*(string_check(name) for name in names))

    run = ended_run(client, body, jsonl(inline([said("x", expected="x")])))

    (item,) = items_of(client, run)
    ids = [dict(each)["id"] for each in client.evals.retrieve(run.eval_id).testing_criteria]
    assert [result.name for result in item.results] == ids
    assert [str(each)[:-37] for each in ids] == names


def test_an_item_passes_only_if_every_criterion_passes(client: openai.OpenAI) -> None:
    """Inferred from runs with two criteria, observed 2025."""
    body = free_eval(string_check("a"), string_check("b", reference="{{ item.other }}"))
    content = [said("x", expected="x", other="x"), said("x", expected="x", other="y")]

    items = graded(client, body, jsonl(inline(content)))

    assert [item.status for item in items] == ["pass", "fail"]
    assert [[result.passed for result in item.results] for item in items] == [
        [True, True],
        [True, False],
    ]


def test_auto_paging_yields_each_row_once(
    client: openai.OpenAI, paged: RunRetrieveResponse, place: Json
) -> None:
    """Ids from 0 are inferred; the order of rows is ours (order of completion was observed)."""
    pages = client.evals.runs.output_items.list(**place)

    items = list(pages)

    assert paged.result_counts.total == PAGED
    assert [item.datasource_item_id for item in items] == list(range(PAGED))
    assert [item.datasource_item["n"] for item in items] == list(range(PAGED))
    assert [item.status for item in items] == [expected_status(n) for n in range(PAGED)]


def test_descending_is_ascending_backwards(client: openai.OpenAI, place: Json) -> None:
    """Documented."""
    pages = client.evals.runs.output_items.list(**place, order="desc", limit=100)

    assert [item.datasource_item_id for item in pages] == list(reversed(range(PAGED)))


@pytest.mark.parametrize("status", ["pass", "fail"])
def test_a_status_filter_yields_only_that_status(
    client: openai.OpenAI, place: Json, status: Any
) -> None:
    """Documented."""
    pages = client.evals.runs.output_items.list(**place, status=status, limit=7)

    assert [item.datasource_item_id for item in pages] == [
        n for n in range(PAGED) if expected_status(n) == status
    ]


@pytest.mark.parametrize(("asked", "status"), [("error", "error"), ("failed", "fail")])
def test_statuses_beyond_the_enum(
    http: httpx2.Client, place: Json, asked: str, status: str
) -> None:
    """`error` is ours; the document's prose says `failed` where its enum says `fail`."""
    path = f"/v1/evals/{place['eval_id']}/runs/{place['run_id']}/output_items"

    page = http.get(path, params={"status": asked, "limit": 100}).json()

    wanted = [n for n in range(PAGED) if expected_status(n) == status]
    assert [item["datasource_item_id"] for item in page["data"]] == wanted[:100]
    assert {item["status"] for item in page["data"]} == {status}


def test_an_unknown_status_is_refused(client: openai.OpenAI, place: Json) -> None:
    """Ours."""
    status: Any = "perfect"

    with pytest.raises(openai.BadRequestError) as refused:
        client.evals.runs.output_items.list(**place, status=status)

    assert refused.value.param == "status"


def test_the_default_page_has_twenty_and_the_largest_a_hundred(
    http: httpx2.Client, place: Json
) -> None:
    """The default is documented; that more than 100 is clamped is ours."""
    path = f"/v1/evals/{place['eval_id']}/runs/{place['run_id']}/output_items"

    assert len(http.get(path).json()["data"]) == 20
    assert len(http.get(path, params={"limit": 1000}).json()["data"]) == 100


def test_an_item_of_another_run_is_not_there(client: openai.OpenAI, place: Json) -> None:
    """Ours."""
    other = ended_run(client, free_eval(), jsonl(inline(rows(1))))
    (item,) = items_of(client, other)

    with pytest.raises(openai.NotFoundError, match=item.id):
        client.evals.runs.output_items.retrieve(item.id, **place)
    with pytest.raises(openai.NotFoundError, match="outputitem_nowhere"):
        client.evals.runs.output_items.retrieve("outputitem_nowhere", **place)
