"""What the HTTP client sends and makes of answers; ours, but for HTTP and OpenAI's envelope."""

import asyncio
import json
from pathlib import Path

import pytest
from pydantic import JsonValue

from evald.adapters.http1.answer import MAX_ANSWER_BYTES
from evald.adapters.http1.connections import open_connections
from evald.adapters.models.openai_http import OpenAiHttp
from evald.adapters.models.provider import Provider
from evald.domain.exact_json import parse
from evald.ports.model import (
    AnyApi,
    FailureKind,
    ModelAnswer,
    ModelFailure,
    ModelRequest,
)
from tests.support.raw_server import Connection, Request, raw_server
from tests.support.toy_provider import (
    ANSWER,
    CLOCK,
    KEY,
    answering,
    client_of,
    failure_of,
    outcome_of,
    toy_request,
)


async def seen_by_server(asked: ModelRequest, *, api_key: str | None = KEY) -> Request:
    seen: list[Request] = []

    async def serve(connection: Connection) -> None:
        seen.append(await connection.read_request())
        await connection.send(200, ANSWER)

    async with raw_server(serve) as base_url, client_of(base_url, api_key=api_key) as client:
        await client.ask(asked)
    return seen[0]


@pytest.mark.parametrize(
    ("api", "line"),
    [
        ("chat_completions", "POST /v1/chat/completions HTTP/1.1"),
        ("responses", "POST /v1/responses HTTP/1.1"),
        ("embeddings", "POST /v1/embeddings HTTP/1.1"),
    ],
)
async def test_each_api_has_its_path_below_the_base_url(api: AnyApi, line: str) -> None:
    seen = await seen_by_server(toy_request(api=api))

    assert seen.line == line


async def test_a_query_of_the_base_url_stays_behind_the_path() -> None:
    lines: list[str] = []

    async def serve(connection: Connection) -> None:
        lines.append((await connection.read_request()).line)
        await connection.send(200, ANSWER)

    async with (
        raw_server(serve) as base_url,
        client_of(f"{base_url}/a%2Fb/?api-version=preview") as client,
    ):
        await client.ask(toy_request())

    assert lines == ["POST /v1/a%2Fb/chat/completions?api-version=preview HTTP/1.1"]


async def test_the_key_goes_out_as_a_bearer_token() -> None:
    seen = await seen_by_server(toy_request())

    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert seen.headers["content-type"] == "application/json"


@pytest.mark.parametrize("no_key", [None, ""])
async def test_without_a_key_no_authorization_is_sent(no_key: str | None) -> None:
    seen = await seen_by_server(toy_request(), api_key=no_key)

    assert "authorization" not in seen.headers


async def test_a_password_file_of_the_machine_is_not_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password secret\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))

    seen = await seen_by_server(toy_request(), api_key=None)

    assert "authorization" not in seen.headers


@pytest.mark.parametrize(
    "text",
    [
        '{"model":"m","temperature":0.10,"seed":15.0}',  # numbers as given, not as floats print
        '{"model":"m","seed":123456789012345678901234567890}',  # more than 64 bits
        '{"model":"m","user":"half an emoji: \\ud83d"}',
        '{"model":"m","user":"ü"}',
    ],
)
async def test_the_body_goes_out_as_it_was_given(text: str) -> None:
    body = parse(text)
    assert isinstance(body, dict)

    seen = await seen_by_server(toy_request(body))

    assert seen.body.decode() == text


async def test_an_answer_in_pieces_is_put_together() -> None:
    async def serve(connection: Connection) -> None:
        await connection.read_request()
        await connection.send_bytes(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in (ANSWER[:1], ANSWER[1:6], ANSWER[6:]):
            await connection.send_bytes(b"%x\r\n%b\r\n" % (len(piece), piece))
            await asyncio.sleep(0)
        await connection.send_bytes(b"0\r\n\r\n")

    outcome = await outcome_of(serve)

    assert isinstance(outcome, ModelAnswer)
    assert outcome.body == {"choices": []}


@pytest.mark.parametrize(
    ("content", "body"),
    [
        (b'{"text":"\\ud83d"}', {"text": "\ud83d"}),  # half an emoji, which orjson refuses
        (b'\xef\xbb\xbf{"text":1}', {"text": 1}),  # a byte order mark
        (b' \r\n{"text":"\\u0000"}\r\n', {"text": "\0"}),
    ],
)
async def test_every_json_object_is_read(content: bytes, body: JsonValue) -> None:
    outcome = await outcome_of(answering(200, content))

    assert isinstance(outcome, ModelAnswer)
    assert outcome.body == body


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'"text"',
        b"<html>It works!</html>",
        b'{"cut": ',
        b'{"n": NaN}',
        b'{"t": "\xff"}',
        b'{"deep":' + b"[" * 300 + b"]" * 300 + b"}",
    ],
)
async def test_a_success_that_is_no_json_object_is_malformed(content: bytes) -> None:
    failure = await failure_of(answering(200, content))

    assert failure.kind == FailureKind.MALFORMED
    assert failure.code == "malformed_answer"
    assert failure.message.startswith("Provider 'toy' at http://127.0.0.1:")


async def test_an_answer_without_end_is_cut_off() -> None:
    sent = 0

    async def serve(connection: Connection) -> None:
        nonlocal sent
        await connection.read_request()
        await connection.send_bytes(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            await connection.send_bytes(b" " * 1_000_000)
            sent += 1_000_000

    failure = await failure_of(serve)

    assert failure.kind == FailureKind.MALFORMED
    assert failure.code == "answer_too_large"
    assert sent < 2 * MAX_ANSWER_BYTES


async def test_a_refusal_has_the_providers_status_code_message_and_wish() -> None:
    error = {"error": {"message": "Slow down.", "type": "requests", "code": "rate_limit_exceeded"}}

    failure = await failure_of(
        answering(429, json.dumps(error).encode(), {"Retry-After": "7", "Retry-After-Ms": "250"})
    )

    assert failure == ModelFailure(
        FailureKind.REFUSED,
        "rate_limit_exceeded",
        "Slow down.",
        status=429,
        retry_after_s=0.25,
    )


async def test_a_redirect_is_a_refusal_and_is_not_followed() -> None:
    headers = {"Location": "http://127.0.0.1:1/elsewhere"}

    failure = await failure_of(answering(307, b"", headers))

    assert (failure.kind, failure.status, failure.code) == (FailureKind.REFUSED, 307, "http_307")


async def test_no_cookie_comes_back() -> None:
    seen: list[Request] = []

    async def serve(connection: Connection) -> None:
        for _ in range(2):
            seen.append(await connection.read_request())
            await connection.send(200, ANSWER, headers={"Set-Cookie": "a=1; Path=/"})

    # A name, not an address: of addresses no client keeps cookies anyway.
    async with (
        raw_server(serve) as base_url,
        client_of(base_url.replace("127.0.0.1", "localhost")) as client,
    ):
        await client.ask(toy_request())
        await client.ask(toy_request())

    assert [("cookie" in each.headers) for each in seen] == [False, False]


async def test_the_list_is_read_leniently_and_in_its_order() -> None:
    entries = [
        {"id": "b", "object": "model", "created": 7, "owned_by": "them"},
        {"id": "a", "created": "yesterday"},
        {"name": "no id"},
        "no object",
    ]

    async with (
        raw_server(answering(200, json.dumps({"data": entries}).encode())) as base_url,
        client_of(base_url) as client,
    ):
        models = await client.list_models()

    assert [(model.id, model.created, model.owned_by) for model in models] == [
        ("b", 7, "them"),
        ("a", 0, "toy"),
    ]


@pytest.mark.parametrize(
    ("status", "content"), [(500, b"{}"), (200, b'{"data":{}}'), (200, b"[]"), (404, b"")]
)
async def test_a_list_that_cannot_be_had_is_empty(status: int, content: bytes) -> None:
    async with raw_server(answering(status, content)) as base_url, client_of(base_url) as client:
        assert await client.list_models() == []


@pytest.mark.parametrize(
    ("patterns", "remedy"),
    [
        ((), "set EVALD_UPSTREAM_API_KEY or OPENAI_API_KEY."),  # the default provider
        (("gpt-*",), "name the variable that holds it as its api_key_env."),
    ],
)
async def test_openai_is_not_asked_without_a_key(patterns: tuple[str, ...], remedy: str) -> None:
    provider = Provider(name="toy", base_url="https://api.openai.com/v1", models=patterns)

    async with open_connections() as connections:
        client = OpenAiHttp(provider, connections, clock=CLOCK)
        outcome = await client.ask(toy_request())
        models = await client.list_models()

    assert outcome == ModelFailure(
        FailureKind.UNSERVED,
        "provider_key_missing",
        f"Provider 'toy' at https://api.openai.com/v1 has no API key: {remedy}",
    )
    assert models == []


async def test_a_key_that_comes_back_is_blotted_out() -> None:
    error = {"error": {"message": f"Incorrect key {KEY}.", "code": f"bad_{KEY}"}}

    failure = await failure_of(answering(401, json.dumps(error).encode()))

    assert failure.message == "Incorrect key ***."
    assert failure.code == "bad_***"
