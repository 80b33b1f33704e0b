"""What every hosted API promises, and what the one over HTTP does; ours, but for HTTP."""

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from evald.adapters.clock import SystemClock
from evald.adapters.hosted.credentials import Credentials
from evald.adapters.hosted.http import HostedHttp
from evald.adapters.http_session import open_session
from evald.ports.archive import CannotKeep
from evald.ports.hosted import Fetched, HostedApi, HostedRequest, Refused, Trouble
from tests.support.fake_hosted import (
    KEY,
    Reply,
    World,
    WorldApi,
    refusal,
    serving_world,
    small_world,
)
from tests.support.raw_server import Connection, Request, raw_server

EVALS = HostedRequest(("evals",), (("limit", "1"),))
CONTENT = HostedRequest(("files", "file-Rows1", "content"))


@asynccontextmanager
async def http_api(
    base_url: str, *, key: str = KEY, **options: object
) -> AsyncIterator[HostedHttp]:
    credentials = Credentials(api_key=key, base_url=base_url)
    async with open_session() as session:
        yield HostedHttp(credentials, session, clock=SystemClock(), **options)  # type: ignore[arg-type]


@pytest.fixture
def world() -> World:
    return small_world()


@pytest.fixture(params=["http", "world"])
async def api(request: pytest.FixtureRequest, world: World) -> AsyncIterator[HostedApi]:
    if request.param == "world":
        yield WorldApi(world)
        return
    async with serving_world(world) as base_url, http_api(base_url) as over_http:
        yield over_http


class Gathering:
    """A sink that holds what it is given."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def begin(self) -> None:
        self.bodies.append(b"")

    async def write(self, chunk: bytes) -> None:
        self.bodies[-1] += chunk


async def test_a_page_comes_byte_for_byte(api: HostedApi, world: World) -> None:
    outcome = await api.get(EVALS)

    assert outcome == Fetched(world.replies[0][1].body)
    assert world.asked[0].query == {"limit": "1"}


async def test_a_body_may_go_into_a_sink(api: HostedApi, world: World) -> None:
    sink = Gathering()

    outcome = await api.get(CONTENT, sink)

    assert outcome == Fetched(b"")
    assert sink.bodies == [world.contents["file-Rows1"]]


async def test_a_refusal_does_not_go_into_the_sink(api: HostedApi, world: World) -> None:
    world.contents.clear()
    sink = Gathering()

    outcome = await api.get(CONTENT, sink)

    assert isinstance(outcome, Refused)
    assert sink.bodies == []


async def test_a_refusal_says_what_the_server_says(api: HostedApi, world: World) -> None:
    world.faults.append(
        lambda _: refusal(429, "Slow down.", "rate_limit_exceeded", retry_after="7")
    )

    assert await api.get(EVALS) == Refused(
        Trouble.REFUSED, "Slow down.", "rate_limit_exceeded", 429, 7.0
    )


async def test_a_connection_that_breaks_is_told(api: HostedApi, world: World) -> None:
    world.faults.append(lambda _: Reply(drop=True))

    outcome = await api.get(EVALS)

    assert isinstance(outcome, Refused)
    assert outcome.trouble is Trouble.BROKEN


async def seen_by_server(
    request: HostedRequest, *, base_url_end: str = "", **rights: object
) -> Request:
    seen: list[Request] = []

    async def serve(connection: Connection) -> None:
        seen.append(await connection.read_request())
        await connection.send(200, b"{}")

    async with raw_server(serve) as base_url, open_session() as session:
        credentials = Credentials(api_key=KEY, base_url=base_url + base_url_end, **rights)  # type: ignore[arg-type]
        await HostedHttp(credentials, session, clock=SystemClock()).get(request)
    return seen[0]


async def test_ids_are_sent_so_that_they_cannot_be_taken_for_a_path() -> None:
    request = HostedRequest(("evals", "a/b?c#d e%2Fü", "runs"), (("after", "x&y=z+ü"),))

    seen = await seen_by_server(request)

    assert seen.line == (
        "GET /v1/evals/a%2Fb%3Fc%23d%20e%252F%C3%BC/runs?after=x%26y%3Dz%2B%C3%BC HTTP/1.1"
    )


async def test_the_key_goes_out_as_a_bearer_token_with_whose_the_request_is() -> None:
    seen = await seen_by_server(EVALS, organization="org-1", project="proj_1")

    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert seen.headers["openai-organization"] == "org-1"
    assert seen.headers["openai-project"] == "proj_1"


async def test_azure_gets_the_key_and_its_version_in_its_own_way() -> None:
    seen = await seen_by_server(EVALS, azure=True, api_version="preview")

    assert seen.line == "GET /v1/evals?api-version=preview&limit=1 HTTP/1.1"
    assert seen.headers["api-key"] == KEY
    assert "authorization" not in seen.headers


async def test_a_query_of_the_base_url_stays() -> None:
    seen = await seen_by_server(EVALS, base_url_end="/?api-version=v1")

    assert seen.line == "GET /v1/evals?api-version=v1&limit=1 HTTP/1.1"


async def answered(*pieces: bytes, request: HostedRequest = EVALS, **options: object) -> object:
    """What becomes of a request to a server that sends just this, and then closes."""

    async def serve(connection: Connection) -> None:
        await connection.read_request()
        for piece in pieces:
            await connection.send_bytes(piece)

    async with raw_server(serve) as base_url, http_api(base_url, **options) as api:  # type: ignore[arg-type]
        return await api.get(request)


async def test_a_body_that_ends_too_early_is_no_body() -> None:
    outcome = await answered(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}")

    assert isinstance(outcome, Refused)
    assert outcome.trouble is Trouble.BROKEN


async def test_what_is_not_http_is_told() -> None:
    outcome = await answered(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")

    assert isinstance(outcome, Refused)
    assert outcome.trouble is Trouble.BROKEN


async def test_a_packed_body_comes_unpacked() -> None:
    packed = gzip.compress(b'{"data": []}')
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)

    assert await answered(head + packed) == Fetched(b'{"data": []}')


async def test_a_page_that_is_too_large_is_told_and_a_single_object_taken() -> None:
    body = b"x" * 5_000
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + body
    page = HostedRequest(("evals",), may_shrink=True)

    refused = await answered(reply, request=page, most_bytes=4_000)
    taken = await answered(reply, most_bytes=4_000)

    assert isinstance(refused, Refused)
    assert refused.trouble is Trouble.TOO_LARGE
    assert taken == Fetched(body)


async def test_a_redirect_is_not_followed_with_the_key() -> None:
    async def elsewhere(connection: Connection) -> None:
        raise AssertionError("the key went out")

    async with raw_server(elsewhere) as other:
        outcome = await answered(
            f"HTTP/1.1 307 Moved\r\nLocation: {other}\r\nContent-Length: 0\r\n\r\n".encode()
        )

    assert isinstance(outcome, Refused)
    assert outcome.status == 307


async def test_a_server_that_echoes_the_key_does_not_put_it_into_messages() -> None:
    body = f'{{"error": {{"message": "bad key {KEY}", "code": "invalid_api_key"}}}}'.encode()
    head = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: %d\r\n\r\n" % len(body)

    outcome = await answered(head + body)

    assert isinstance(outcome, Refused)
    assert (outcome.status, outcome.code) == (401, "invalid_api_key")
    assert KEY not in outcome.message


async def test_silence_ends_after_the_time_that_was_given() -> None:
    async def serve(connection: Connection) -> None:
        await connection.read_to_end()

    async with raw_server(serve) as base_url, http_api(base_url, timeout_s=0.1) as api:
        page = await api.get(EVALS)
        content = await api.get(CONTENT, Gathering())

    assert isinstance(page, Refused)
    assert isinstance(content, Refused)
    assert {page.trouble, content.trouble} == {Trouble.TIMED_OUT}
    assert "did not answer within 0.1 s" in page.message


async def test_nobody_there_is_told() -> None:
    async def serve(connection: Connection) -> None:
        pass

    async with raw_server(serve) as base_url:
        pass
    async with http_api(base_url) as api:
        outcome = await api.get(EVALS)

    assert isinstance(outcome, Refused)
    assert outcome.trouble is Trouble.UNREACHABLE


async def test_a_sink_that_takes_nothing_more_is_not_the_servers_fault(world: World) -> None:
    class Full(Gathering):
        async def write(self, chunk: bytes) -> None:
            raise CannotKeep("the disk is full")

    async with serving_world(world) as base_url, http_api(base_url) as api:
        with pytest.raises(CannotKeep):
            await api.get(CONTENT, Full())


async def test_a_proxy_of_the_environment_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines: list[str] = []

    async def proxy(connection: Connection) -> None:
        lines.append((await connection.read_request()).line)
        await connection.send(200, b"{}")

    async with raw_server(proxy) as proxy_url:
        monkeypatch.setenv("http_proxy", proxy_url.removesuffix("/v1"))
        monkeypatch.setenv("no_proxy", "inside.example")
        async with http_api("http://hosted.example/v1") as api:
            outcome = await api.get(EVALS)

    assert outcome == Fetched(b"{}")
    assert lines == ["GET http://hosted.example/v1/evals?limit=1 HTTP/1.1"]
