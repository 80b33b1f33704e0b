"""Bodies, queries and headers as wire types. What they rest on: ours, where nothing is said."""

import asyncio
import codecs
import hashlib
from collections.abc import Iterable
from typing import Any

import pytest
from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from evald.domain.errors import (
    BodyStalled,
    BodyTooLarge,
    InvalidType,
    InvalidValue,
    MalformedJson,
    MissingParameter,
    UnsupportedContentType,
)
from evald.domain.validation import read_model
from evald.http.parsing import (
    MAX_OBJECT_BYTES,
    STALL_S,
    RequestBody,
    json_body,
    read_idempotency,
    read_json,
    read_query,
)
from evald.services.idempotency import Idempotency
from evald.wire.evals import CreateEvalRequest, UpdateEvalRequest
from evald.wire.pages import (
    ListEvalsQuery,
    ListFilesQuery,
    ListOutputItemsQuery,
    ListRunsQuery,
)
from tests.support.virtual_time import run_in_virtual_time
from tests.unit.http.asgi import request_of, scope_of

JSON = [("Content-Type", "application/json")]


def body_of(request: Request, *, max_bytes: int = 10_000) -> RequestBody:
    return RequestBody(request, max_bytes=max_bytes)


async def read(raw: bytes, headers: Iterable[tuple[str, str]] = JSON) -> dict[str, Any]:
    request = request_of([raw], headers=headers)
    return await read_json(request, body_of(request))


async def test_a_body_comes_as_it_was_sent_and_with_its_hash() -> None:
    body = body_of(request_of([b"ab", b"", b"c"]))

    assert [chunk async for chunk in body] == [b"ab", b"c"]
    assert body.sha256() == hashlib.sha256(b"abc").hexdigest()


async def test_looking_whether_there_is_a_body_takes_nothing_away() -> None:
    body = body_of(request_of([b"", b"ab", b"c"]))

    assert not await body.is_empty()
    assert not await body.is_empty()
    assert [chunk async for chunk in body] == [b"ab", b"c"]
    assert await body.is_empty()


async def test_a_body_that_says_it_is_too_large_is_refused_unread() -> None:
    request = request_of([b"x"], headers=[("Content-Length", "10001")])

    with pytest.raises(BodyTooLarge, match="10,000 bytes"):
        body_of(request)
    assert await request.body() == b"x"


async def test_a_body_that_is_too_large_is_refused_as_soon_as_it_is() -> None:
    body = body_of(request_of([b"x" * 6_000] * 3), max_bytes=12_000)

    assert len(await anext(body)) == 6_000
    assert len(await anext(body)) == 6_000
    with pytest.raises(BodyTooLarge):
        await anext(body)


@pytest.mark.parametrize("length", ["10000", "9" * 5_000, "²", "-1", "x", ""])
async def test_only_a_number_says_how_long_a_body_is(length: str) -> None:
    request = request_of([b"x"], headers=[("Content-Length", length)])

    if length == "9" * 5_000:
        with pytest.raises(BodyTooLarge):
            body_of(request)
    else:
        assert [chunk async for chunk in body_of(request)] == [b"x"]


@pytest.mark.parametrize(("pause_s", "is_refused"), [(STALL_S - 1, False), (STALL_S + 1, True)])
def test_a_body_that_stops_coming_is_given_up(pause_s: float, is_refused: bool) -> None:
    async def receive() -> Message:
        await asyncio.sleep(pause_s)
        return {"type": "http.request", "body": b"x", "more_body": False}

    async def scene() -> bytes:
        return await anext(body_of(Request(scope_of("POST"), receive)))

    if is_refused:
        with pytest.raises(BodyStalled):
            run_in_virtual_time(scene())
    else:
        assert run_in_virtual_time(scene()) == b"x"


def test_half_a_character_is_found_before_anything_else() -> None:
    """Pydantic raises where a sentence of ours quotes one."""
    with pytest.raises(InvalidValue, match="surrogate"):
        read_model(UpdateEvalRequest, {"metadata": {"\ud800": "x" * 513}})


async def test_a_client_that_goes_away_is_told_from_a_body_that_ends() -> None:
    request = request_of([b"x"])
    body = body_of(request)
    while (await request.receive())["type"] != "http.disconnect":
        pass

    with pytest.raises(ClientDisconnect):
        await anext(body)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        'Application/JSON;charset="UTF-8"',
        "application/problem+json",
        "application/json ; charset=us-ascii",
    ],
)
async def test_json_may_be_declared_in_several_ways(content_type: str) -> None:
    assert await read(b'{"a":1}', [("Content-Type", content_type)]) == {"a": 1}


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Content-Type", "")],
        [("Content-Type", "text/plain")],
        [("Content-Type", "application/x-www-form-urlencoded")],
        [("Content-Type", "multipart/form-data; boundary=x")],
        [("Content-Type", "application/jsonp")],
        [("Content-Type", "text/json")],
        [("Content-Type", "application/json; charset=utf-16")],
        [("Content-Type", "application/json; charset=latin-1")],
    ],
)
async def test_what_a_browser_sends_unasked_and_other_types_are_refused(headers: Any) -> None:
    with pytest.raises(UnsupportedContentType):
        await read(b'{"a":1}', headers)


@pytest.mark.parametrize("headers", [[], JSON, [("Content-Type", "text/plain")]])
async def test_no_body_is_an_empty_object_whatever_it_is_declared(headers: Any) -> None:
    assert await read(b"", headers) == {}


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b'{"a":1,}', "line 1 column 8"),
        (b'{\n "a": x\n}', "line 2 column 7"),
        (b"{", "line 1 column 2"),
        (b" ", "line 1"),
        (b'{"a":1} {', "Extra data"),
        (b'{"a":"\xff"}', "not UTF-8 (byte 6)"),
        ('{"a":1}'.encode("utf-16"), "UTF-8"),
        (b'{"a":NaN}', "NaN is not JSON"),
        (b'{"a":-Infinity}', "-Infinity is not JSON"),
        (b'{"a":' + b"[" * 300 + b"]" * 300 + b"}", "nested deeper than 256 levels"),
        (b'{"a":' * 50_000, "nested deeper than 256 levels"),
    ],
)
async def test_what_is_not_json_is_refused_with_its_place(raw: bytes, said: str) -> None:
    request = request_of([raw], headers=JSON)
    with pytest.raises(MalformedJson) as refused:
        await read_json(request, body_of(request, max_bytes=1_000_000))

    assert said in refused.value.message


@pytest.mark.parametrize(
    ("raw", "kind"), [(b"[]", "an array"), (b"5", "an integer"), (b'"x"', "a string")]
)
async def test_json_that_is_no_object_is_refused(raw: bytes, kind: str) -> None:
    with pytest.raises(InvalidType, match=f"must be a JSON object, not {kind}"):
        await read(raw)


async def test_numbers_keep_their_text_and_a_byte_order_mark_is_passed_over() -> None:
    read_body = await read(codecs.BOM_UTF8 + b'{"a":123456789012345678901,"b":1.0}')

    assert read_body["a"] == 123456789012345678901
    assert read_body["b"].text == "1.0"


def test_a_json_body_is_bounded_by_what_is_held_in_memory() -> None:
    request = request_of(headers=[("Content-Length", str(MAX_OBJECT_BYTES + 1))])

    with pytest.raises(BodyTooLarge):
        json_body(request, max_body_bytes=10**9)
    with pytest.raises(BodyTooLarge, match="5 bytes"):
        json_body(request_of(headers=[("Content-Length", "6")]), max_body_bytes=5)


def test_a_body_becomes_its_wire_type_or_a_refusal() -> None:
    assert read_model(UpdateEvalRequest, {"name": "n", "other": 1}).name == "n"
    with pytest.raises(MissingParameter):
        read_model(CreateEvalRequest, {})
    with pytest.raises(InvalidValue, match="surrogate"):
        read_model(UpdateEvalRequest, {"name": "\ud800"})


def test_an_empty_query_is_what_is_documented() -> None:
    assert read_query(ListEvalsQuery, QueryParams("")) == ListEvalsQuery(
        after=None, limit=20, order="asc", order_by="created_at"
    )
    files = read_query(ListFilesQuery, QueryParams(""), max_limit=10_000)
    assert (files.limit, files.order) == (10_000, "desc")


def test_a_query_is_read_and_unknown_parameters_are_ignored() -> None:
    query = read_query(
        ListRunsQuery, QueryParams("after=evalrun_1&limit=5&order=desc&status=canceled&x=y")
    )

    assert query == ListRunsQuery(after="evalrun_1", limit=5, order="desc", status="canceled")
    assert read_query(ListRunsQuery, QueryParams("after=")).after is None


@pytest.mark.parametrize(
    ("limit", "read"),
    [("1", 1), ("100", 100), ("101", 100), ("+7", 7), ("007", 7), ("9" * 5_000, 100)],
)
def test_a_limit_above_the_most_counts_as_the_most(limit: str, read: int) -> None:
    assert read_query(ListEvalsQuery, QueryParams({"limit": limit})).limit == read


@pytest.mark.parametrize("limit", ["0", "-1", "-" + "9" * 5_000])
def test_a_limit_below_one_is_refused(limit: str) -> None:
    with pytest.raises(InvalidValue, match=r"below minimum value\. Expected a value >= 1") as error:
        read_query(ListEvalsQuery, QueryParams({"limit": limit}))

    assert error.value.param == "limit"


@pytest.mark.parametrize("limit", ["", "x", "1.0", "1e2", " 5", "٥", "1_0", "0x10"])
def test_a_limit_that_is_no_integer_is_refused(limit: str) -> None:
    with pytest.raises(InvalidType) as error:
        read_query(ListEvalsQuery, QueryParams({"limit": limit}))

    assert error.value.param == "limit"


@pytest.mark.parametrize(
    ("query", "params", "param", "allowed"),
    [
        (ListEvalsQuery, "order=up", "order", "'asc' or 'desc'"),
        (ListEvalsQuery, "order=", "order", "'asc' or 'desc'"),
        (ListEvalsQuery, "order_by=name", "order_by", "'created_at' or 'updated_at'"),
        (ListRunsQuery, "status=stopped", "status", "'canceled'"),
        (ListOutputItemsQuery, "status=errored", "status", "'pass', 'fail' or 'error'"),
    ],
)
def test_a_word_that_is_none_of_those_allowed_is_refused(
    query: Any, params: str, param: str, allowed: str
) -> None:
    with pytest.raises(InvalidValue) as error:
        read_query(query, QueryParams(params))

    assert error.value.param == param
    assert allowed in error.value.message


def post(path: str, key: str | None) -> Request:
    headers = [] if key is None else [("Idempotency-Key", key)]
    return Request(scope_of("POST", path, headers=headers))


def test_an_idempotency_key_is_bound_to_path_and_content() -> None:
    keys = [
        read_idempotency(post("/v1/evals", "k"), "content"),
        read_idempotency(post("/v1/evals/eval_1/runs", "k"), "content"),
        read_idempotency(post("/v1/evals", "k"), "other content"),
    ]

    assert len({key.request_hash for key in keys if key}) == 3
    again = read_idempotency(post("/v1/evals", "k"), "content")
    assert again == keys[0]
    assert isinstance(again, Idempotency)
    assert again.key == "k"


@pytest.mark.parametrize("key", [None, ""])
def test_without_an_idempotency_key_there_is_none(key: str | None) -> None:
    assert read_idempotency(post("/v1/evals", key), "content") is None


def test_an_idempotency_key_is_bounded() -> None:
    assert read_idempotency(post("/v1/evals", "k" * 255), "content")
    with pytest.raises(InvalidValue, match="at most 255") as error:
        read_idempotency(post("/v1/evals", "k" * 256), "content")

    assert error.value.param == "Idempotency-Key"
