"""Bodies that cannot be read, or are too large: a 400 or 413 that says so; all ours."""

import json

import httpx2
import pytest

from tests.wire.bodies import an_eval, inline, jsonl
from tests.wire.conftest import SMALL_BODY, SMALL_ROW, error_of

JSON = {"content-type": "application/json"}
BODIES = ["/v1/evals", "RUNS"]


@pytest.fixture(scope="module")
def runs_path(http: httpx2.Client) -> str:
    made = http.post("/v1/evals", json=an_eval())
    return f"/v1/evals/{made.json()['id']}/runs"


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"name": "x"',
        b'{"name": "x",}',
        b"{'name': 1}",
        b'{"name" 1}',
        b'{"name": NaN}',
        b'{"name": -Infinity}',
        b'{"name": 1} x',
        b'{"name": "\xff"}',
        b'{"name": "a\nb"}',
        b'{"name": ' + b"[" * 300 + b"]" * 300 + b"}",
        "{}".encode("utf-16"),
    ],
)
def test_what_is_no_json_is_a_400(
    http: httpx2.Client, runs_path: str, path: str, body: bytes
) -> None:
    """Ours; NaN and infinities are no JSON either."""
    answer = http.post(runs_path if path == "RUNS" else path, content=body, headers=JSON)

    error = error_of(answer)
    assert answer.status_code == 400
    assert (error["param"], error["code"]) == (None, "invalid_json")


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("body", [b"[]", b"7", b'"x"', b"null", b"true"])
def test_json_that_is_no_object_is_a_400(
    http: httpx2.Client, runs_path: str, path: str, body: bytes
) -> None:
    """Ours."""
    answer = http.post(runs_path if path == "RUNS" else path, content=body, headers=JSON)

    assert answer.status_code == 400
    assert error_of(answer)["code"] == "invalid_type"


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize(
    "content_type",
    [None, "text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"],
)
def test_only_json_is_read(
    http: httpx2.Client, runs_path: str, path: str, content_type: str | None
) -> None:
    """Ours: a browser may send other types across origins without asking."""
    headers = {"content-type": content_type} if content_type else {}

    answer = http.post(runs_path if path == "RUNS" else path, content=b"{}", headers=headers)

    assert answer.status_code == 400
    assert error_of(answer)["code"] == "unsupported_content_type"


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON; charset=UTF-8", "application/vnd.api+json"],
)
def test_json_may_be_declared_in_several_ways(http: httpx2.Client, content_type: str) -> None:
    """Ours; a byte order mark is passed over."""
    body = b"\xef\xbb\xbf" + json.dumps(an_eval()).encode()

    answer = http.post("/v1/evals", content=body, headers={"content-type": content_type})

    assert answer.status_code == 201


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
def test_files_come_as_forms_only(http: httpx2.Client, content_type: str) -> None:
    """Documented; the 400 is ours."""
    answer = http.post("/v1/files", content=b"{}", headers={"content-type": content_type})

    assert answer.status_code == 400
    assert error_of(answer)["code"] == "unsupported_content_type"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"x"),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="f'),
        ("multipart/form-data; boundary=b", b""),
    ],
)
def test_a_form_that_cannot_be_read_is_a_400(
    http: httpx2.Client, content_type: str, body: bytes
) -> None:
    """Ours."""
    answer = http.post("/v1/files", content=body, headers={"content-type": content_type})

    assert answer.status_code == 400
    assert error_of(answer)["code"] == "invalid_multipart"


@pytest.mark.parametrize(
    ("again", "param"),
    [
        (b',"content":[]}}}', "data_source.source.content"),
        (b'},"source":{"type":"file_id","id":"file-x"}}}', "data_source.source"),
        (b'}},"data_source":{"type":"jsonl"}}', "data_source"),
    ],
)
def test_rows_given_twice_are_a_400(
    http: httpx2.Client, runs_path: str, again: bytes, param: str
) -> None:
    """Ours: nothing is silently dropped."""
    once = b'{"data_source":{"type":"jsonl","source":{"type":"file_content","content":[]'

    answer = http.post(runs_path, content=once + again, headers=JSON)

    error = error_of(answer)
    assert answer.status_code == 400
    assert (error["param"], error["code"]) == (param, "invalid_value")


@pytest.mark.parametrize(
    "rows",
    [
        b'[{"item":{"n":NaN}}]',
        b'[{"item":{"n":1}},]',
        b'[{"item":{"n":1}} {"item":{"n":2}}]',
        b'[{"item":{"n":01}}]',
        b"[{}}]",
    ],
)
def test_rows_that_are_no_json_are_a_400(http: httpx2.Client, runs_path: str, rows: bytes) -> None:
    """Ours: rows are read as they come, and to the same rules as the rest."""
    body = b'{"data_source":{"type":"jsonl","source":{"content":%b,"type":"file_content"}}}' % rows

    answer = http.post(runs_path, content=body, headers=JSON)

    assert answer.status_code == 400
    assert error_of(answer)["code"] == "invalid_json"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b'{"name": "\\ud83d"}', "name"),
        (b'{"metadata": {"\\udc00": "x"}}', "metadata"),
    ],
)
def test_half_a_character_is_a_400(
    http: httpx2.Client, runs_path: str, body: bytes, param: str
) -> None:
    """Ours: no store and no model takes it."""
    answer = http.post(runs_path.removesuffix("/runs"), content=body, headers=JSON)

    assert answer.status_code == 400
    assert error_of(answer)["param"] == param


def test_a_missing_body_is_an_empty_object(http: httpx2.Client, runs_path: str) -> None:
    """Ours."""
    eval_path = runs_path.removesuffix("/runs")

    assert http.post(eval_path).status_code == 200
    assert error_of(http.post(runs_path))["param"] == "data_source"


@pytest.mark.parametrize("is_streamed", [False, True])
def test_a_body_that_is_too_large_is_a_413(keyed_http: httpx2.Client, is_streamed: bool) -> None:
    """Ours, whether the body says how long it is or not."""
    body = json.dumps(an_eval(name="x" * SMALL_BODY)).encode()
    content = iter([body[:1_000], body[1_000:]]) if is_streamed else body

    answer = keyed_http.post("/v1/evals", content=content, headers=JSON)

    assert answer.status_code == 413
    assert error_of(answer)["code"] == "request_too_large"
    assert f"{SMALL_BODY:,}" in answer.text


def test_a_row_that_is_too_large_is_a_413(keyed_http: httpx2.Client) -> None:
    """Ours; the row is named."""
    eval_path = f"/v1/evals/{keyed_http.post('/v1/evals', json=an_eval()).json()['id']}"
    rows = [{"item": {"prompt": "a", "expected": "a" * size}} for size in (1, SMALL_ROW)]

    answer = keyed_http.post(f"{eval_path}/runs", json={"data_source": jsonl(inline(rows))})
    keyed_http.delete(eval_path)

    assert answer.status_code == 413
    assert error_of(answer)["param"] == "data_source.source.content[1]"
