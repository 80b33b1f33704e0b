"""Lists over the wire: pages exact at their borders, both orders, cursors, limits, filters.

They ask the server with a key, on which nobody else makes evals or files.
"""

from collections.abc import Callable
from typing import Any

import httpx2
import openai
import pytest

from tests.wire.bodies import an_eval, inline, jsonl, said
from tests.wire.runs import ended, new_run

COUNT = 6


@pytest.fixture(scope="module")
def eval_ids(keyed_client: openai.OpenAI) -> list[str]:
    """All evals of the server, oldest first; the second was updated after all others were made."""
    ids = [keyed_client.evals.create(**an_eval(name=f"n{n}")).id for n in range(COUNT)]
    newest = ""
    while newest != ids[1]:  # until the clock is in another second than at the creation
        keyed_client.evals.update(ids[1], name="again")
        newest = [each.id for each in keyed_client.evals.list(order_by="updated_at")][-1]
    return ids


@pytest.fixture(scope="module")
def file_ids(keyed_client: openai.OpenAI) -> list[str]:
    """All files of the server, oldest first; those with an odd index are of another purpose."""
    purposes: list[Any] = ["evals", "user_data"]
    return [
        keyed_client.files.create(file=(f"{n}.jsonl", b"{}"), purpose=purposes[n % 2]).id
        for n in range(COUNT)
    ]


@pytest.fixture(scope="module")
def run_ids(keyed_client: openai.OpenAI, eval_ids: list[str]) -> list[str]:
    """All runs of the first eval, oldest first, completed."""
    good = jsonl(inline([said("x", prompt="p", expected="x")]))
    ids = [new_run(keyed_client, eval_ids[0], good) for _ in range(COUNT)]
    for run_id in ids:
        assert ended(keyed_client, eval_ids[0], run_id).status == "completed"
    return ids


@pytest.fixture(params=["evals", "runs", "files"])
def listed(request: pytest.FixtureRequest) -> tuple[str, list[str]]:
    """The path of a list and the ids that are in it, oldest first."""
    name: str = request.param
    ids: list[str] = request.getfixturevalue(f"{name.removesuffix('s')}_ids")
    if name == "runs":
        return f"/v1/evals/{request.getfixturevalue('eval_ids')[0]}/runs", ids
    return f"/v1/{name}", ids


Listed = tuple[str, list[str]]


def page(http: httpx2.Client, path: str, **params: Any) -> Any:
    answer = http.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids_of(a_page: Any) -> list[str]:
    return [each["id"] for each in a_page["data"]]


def test_a_page_has_the_shape_documented(keyed_http: httpx2.Client, listed: Listed) -> None:
    """Documented: `first_id`, `last_id`, `has_more`."""
    path, ids = listed

    found = page(keyed_http, path, order="asc", limit=2)

    assert list(found) == ["object", "data", "first_id", "last_id", "has_more"]
    assert found["object"] == "list"
    assert ids_of(found) == ids[:2]
    assert (found["first_id"], found["last_id"], found["has_more"]) == (ids[0], ids[1], True)


@pytest.mark.parametrize("size", [1, 2, 3, COUNT - 1, COUNT, COUNT + 1])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_are_exact_at_their_borders(
    keyed_http: httpx2.Client, listed: Listed, size: int, order: str
) -> None:
    """Documented: `after` is exclusive, and `has_more` false on the last page, full or not."""
    path, ids = listed
    left = ids if order == "asc" else ids[::-1]
    after: dict[str, str] = {}

    while left:
        found = page(keyed_http, path, order=order, limit=size, **after)
        assert ids_of(found) == left[:size]
        left = left[size:]
        assert found["has_more"] is bool(left)
        after = {"after": found["last_id"]}


def test_beyond_the_last_one_is_an_empty_page(keyed_http: httpx2.Client, listed: Listed) -> None:
    """Ours: nulls, where the document has strings."""
    path, ids = listed

    found = page(keyed_http, path, order="asc", after=ids[-1])

    assert found == {
        "object": "list",
        "data": [],
        "first_id": None,
        "last_id": None,
        "has_more": False,
    }


def test_the_default_order(keyed_http: httpx2.Client, listed: Listed) -> None:
    """Documented: ascending, but descending for files."""
    path, ids = listed

    assert ids_of(page(keyed_http, path)) == (ids[::-1] if path == "/v1/files" else ids)


def test_a_limit_above_the_most_is_clamped(keyed_http: httpx2.Client, listed: Listed) -> None:
    """Ours."""
    path, ids = listed

    for limit in ("101", "1000", "10001", "9" * 100):
        assert len(page(keyed_http, path, limit=limit)["data"]) == len(ids)


@pytest.mark.parametrize("limit", ["0", "-1", "ten", "1.5", ""])
def test_a_limit_that_is_none_is_refused(
    keyed_http: httpx2.Client, listed: Listed, limit: str
) -> None:
    """Ours."""
    answer = keyed_http.get(listed[0], params={"limit": limit})

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "limit"


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_an_unknown_cursor_is_refused(
    keyed_http: httpx2.Client, listed: Listed, order: str
) -> None:
    """Ours."""
    answer = keyed_http.get(listed[0], params={"after": "eval_nowhere", "order": order})

    error = answer.json()["error"]
    assert answer.status_code == 400
    assert (error["param"], error["code"]) == ("after", "invalid_cursor")
    assert "eval_nowhere" in error["message"]


@pytest.mark.parametrize("value", ["up", "ASC", ""])
def test_an_unknown_order_is_refused(keyed_http: httpx2.Client, listed: Listed, value: str) -> None:
    """Ours."""
    answer = keyed_http.get(listed[0], params={"order": value})

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "order"


def test_unknown_query_parameters_of_lists_are_ignored(
    keyed_http: httpx2.Client, listed: Listed
) -> None:
    """Ours; Azure's clients send `api-version`."""
    path, ids = listed

    found = page(keyed_http, path, **{"api-version": "preview", "colour": "red"})

    assert len(found["data"]) == len(ids)


def test_the_client_pages_by_itself(
    keyed_client: openai.OpenAI, eval_ids: list[str], run_ids: list[str], file_ids: list[str]
) -> None:
    """What the official client makes of `has_more` and the last id."""
    assert [each.id for each in keyed_client.evals.list(limit=2)] == eval_ids
    assert [each.id for each in keyed_client.evals.runs.list(eval_ids[0], limit=4)] == run_ids
    assert [each.id for each in keyed_client.files.list(limit=1, order="asc")] == file_ids


@pytest.mark.parametrize(
    ("order", "turned"), [("asc", lambda ids: ids), ("desc", lambda ids: ids[::-1])]
)
def test_evals_by_their_last_update(
    keyed_client: openai.OpenAI,
    eval_ids: list[str],
    order: Any,
    turned: Callable[[list[str]], list[str]],
) -> None:
    """`order_by` is documented; ties in the order of creation are ours."""
    by_update = [eval_ids[0], *eval_ids[2:], eval_ids[1]]

    found = keyed_client.evals.list(order_by="updated_at", order=order, limit=2)

    assert [each.id for each in found] == turned(by_update)


def test_an_unknown_order_by_is_refused(keyed_http: httpx2.Client) -> None:
    """Ours."""
    answer = keyed_http.get("/v1/evals", params={"order_by": "name"})

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "order_by"


@pytest.mark.parametrize(
    ("status", "kept"),
    [("completed", COUNT), ("queued", 0), ("in_progress", 0), ("failed", 0), ("canceled", 0)],
)
def test_runs_by_status(
    keyed_client: openai.OpenAI,
    eval_ids: list[str],
    run_ids: list[str],
    status: Any,
    kept: int,
) -> None:
    """Documented."""
    found = keyed_client.evals.runs.list(eval_ids[0], status=status, limit=4)

    assert [each.id for each in found] == run_ids[:kept]


def test_an_unknown_status_of_runs_is_refused(
    keyed_http: httpx2.Client, eval_ids: list[str]
) -> None:
    """Ours; `cancelled` with two l is unknown too."""
    answer = keyed_http.get(f"/v1/evals/{eval_ids[0]}/runs", params={"status": "cancelled"})

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "status"


def test_files_by_purpose(keyed_client: openai.OpenAI, file_ids: list[str]) -> None:
    """Documented."""
    found = keyed_client.files.list(purpose="user_data", order="asc", limit=2)

    assert [each.id for each in found] == file_ids[1::2]
    assert list(keyed_client.files.list(purpose="batch")) == []


def test_a_cursor_that_the_filter_leaves_out_will_do(
    keyed_client: openai.OpenAI, file_ids: list[str]
) -> None:
    """Ours."""
    found = keyed_client.files.list(purpose="user_data", order="asc", after=file_ids[2])

    assert [each.id for each in found] == file_ids[3::2]


def test_runs_of_an_eval_that_is_not_there_are_a_404(keyed_client: openai.OpenAI) -> None:
    """Ours; documented for deletion only."""
    with pytest.raises(openai.NotFoundError):
        keyed_client.evals.runs.list("eval_nowhere")


def test_lists_of_runs_echo_rows_in_full(
    keyed_client: openai.OpenAI, eval_ids: list[str], run_ids: list[str]
) -> None:
    """Documented for a run; lists have the same objects."""
    listed = next(iter(keyed_client.evals.runs.list(eval_ids[0], limit=2)))

    read = keyed_client.evals.runs.retrieve(listed.id, eval_id=eval_ids[0])
    assert listed.to_dict() == read.to_dict()
