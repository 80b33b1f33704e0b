"""Providers and clients of the gateway that behave badly. Rests on: ours."""

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from evald.services.chat_keeping import MAX_KEPT_BYTES
from tests.support.running_server import RunningServer, running_server
from tests.support.scripted_provider import (
    EVENTS,
    JSON,
    Reply,
    ScriptedProvider,
    json_reply,
    scripted_provider,
    stream_reply,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

UPSTREAM_KEY = "sk-up-LEAKEDKEY0123456789"
CLIENT_KEY = "sk-client-0123456789abcdef"
MIB = 1_048_576
USAGE = b'"}],"usage":{"prompt_tokens":3,"completion_tokens":4}}'
MAX_GROWTH_KIB = 200 * 1_024


@pytest.fixture(scope="module")
def provider() -> Iterator[ScriptedProvider]:
    with scripted_provider() as scripted:
        yield scripted


@pytest.fixture(scope="module")
def gateway(
    tmp_path_factory: pytest.TempPathFactory, provider: ScriptedProvider
) -> Iterator[RunningServer]:
    with running_server(
        tmp_path_factory.mktemp("gateway") / "data",
        EVALD_API_KEY=CLIENT_KEY,
        EVALD_UPSTREAM_BASE_URL=provider.base_url,
        EVALD_UPSTREAM_API_KEY=UPSTREAM_KEY,
    ) as running:
        yield running
        assert "request_crashed" not in running.log.read_text()
        assert UPSTREAM_KEY not in running.log.read_text()
        assert "Traceback" not in running.log.read_text()


@pytest.fixture(scope="module")
def http(gateway: RunningServer) -> Iterator[httpx2.Client]:
    headers = {"authorization": f"Bearer {CLIENT_KEY}"}
    with httpx2.Client(base_url=f"{gateway.url}/v1", headers=headers, timeout=60) as plain:
        yield plain


def ask(http: httpx2.Client, model: str, **body: Any) -> httpx2.Response:
    return http.post("/chat/completions", json={"model": model, "messages": [], **body})


def peak_kib(gateway: RunningServer) -> int:
    status = Path(f"/proc/{gateway.process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def chunk(content: str, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": None}
    return {"id": "c-large", "object": "chat.completion.chunk", "choices": [choice], **more}


@pytest.mark.parametrize("status", [400, 401, 403, 429, 500])
def test_no_error_tells_our_key(
    http: httpx2.Client, provider: ScriptedProvider, status: int
) -> None:
    error = {"error": {"message": f"Incorrect API key provided: {UPSTREAM_KEY}."}}
    provider.replies["leaky"] = json_reply(error, status=status, x_request_id=UPSTREAM_KEY)

    got = ask(http, "leaky", store=True)

    assert "LEAKEDKEY" not in got.text + str(got.headers)


def test_the_client_s_key_goes_nowhere(http: httpx2.Client, provider: ScriptedProvider) -> None:
    provider.replies["m"] = json_reply({"choices": []})

    http.post(
        "/chat/completions",
        json={"model": "m"},
        headers={"api-key": CLIENT_KEY, "cookie": f"a={CLIENT_KEY}", "x-odd": CLIENT_KEY},
    )

    sent = provider.request_of("m")
    assert CLIENT_KEY not in str(sent.headers)
    assert sent.headers["authorization"] == f"Bearer {UPSTREAM_KEY}"


def test_a_gigantic_error_takes_no_memory(
    gateway: RunningServer, http: httpx2.Client, provider: ScriptedProvider
) -> None:
    provider.replies["error"] = Reply([b"x" * MIB] * 300, 500, JSON)
    before = peak_kib(gateway)

    got = ask(http, "error")

    assert (got.status_code, len(got.content) < 5_000) == (500, True)
    assert peak_kib(gateway) - before < 32 * 1_024


def test_events_of_ten_million_bytes_are_passed_on_and_kept(
    http: httpx2.Client, provider: ScriptedProvider
) -> None:
    told = [chunk("x" * 10_000_000), chunk("y" * 10_000_000)]
    told[1]["choices"][0]["finish_reason"] = "stop"
    provider.replies["large"] = stream_reply(*told)

    got = ask(http, "large", store=True, stream=True)

    assert got.content == b"".join(
        [*(f"data: {json.dumps(each)}\n\n".encode() for each in told), b"data: [DONE]\n\n"]
    )
    kept = http.get("/chat/completions/c-large").json()
    assert len(kept["choices"][0]["message"]["content"]) == 20_000_000
    assert http.delete("/chat/completions/c-large").status_code == 200


def test_an_event_that_never_ends_is_not_waited_for(
    gateway: RunningServer, http: httpx2.Client, provider: ScriptedProvider
) -> None:
    provider.replies["endless"] = Reply([b"data: ", *[b"x" * MIB] * 400], 200, EVENTS)
    before = peak_kib(gateway)

    got = ask(http, "endless", stream=True, store=True)

    assert json.loads(got.content.removeprefix(b"data: "))["error"]["code"] == "provider_broken"
    assert peak_kib(gateway) - before < MAX_GROWTH_KIB


@pytest.mark.parametrize("is_stream", [True, False])
def test_what_is_too_large_to_be_kept_is_passed_on_and_says_so(
    gateway: RunningServer, http: httpx2.Client, provider: ScriptedProvider, is_stream: bool
) -> None:
    size = MAX_KEPT_BYTES // MIB + 10
    piece = "x" * MIB
    if is_stream:
        provider.replies["huge"] = stream_reply(*[chunk(piece)] * size)
    else:
        provider.replies["huge"] = Reply([b'{"choices":[{"x":"', *[piece.encode()] * size, USAGE])
    before = peak_kib(gateway)

    got = ask(http, "huge", stream=is_stream, store=True)

    assert len(got.content) > MAX_KEPT_BYTES + 9 * MIB
    if is_stream:
        assert got.content.endswith(b" bytes\n\ndata: [DONE]\n\n")
        assert b"\n\n: not stored: it is larger" in got.content[-200:]
    else:
        assert got.headers["x-evald-stored"] == "false"
        assert got.content.endswith(USAGE)
    assert http.get("/chat/completions", params={"model": "huge"}).json()["data"] == []
    assert peak_kib(gateway) - before < MAX_GROWTH_KIB * 2


def test_a_stream_without_end_is_passed_on_until_its_reader_leaves(
    gateway: RunningServer, http: httpx2.Client, provider: ScriptedProvider
) -> None:
    events = [f"data: {json.dumps(chunk('x' * 1_000))}\n\n".encode() * 100] * 3_000
    provider.replies["stream"] = Reply(events, 200, EVENTS)
    before, left, read = peak_kib(gateway), provider.left, 0

    with http.stream(
        "POST", "/chat/completions", json={"model": "stream", "stream": True}
    ) as stream:
        for piece in stream.iter_raw():
            read += len(piece)
            if read > 50 * MIB:
                break

    assert provider.until(lambda seen: seen.left > left)
    assert peak_kib(gateway) - before < 32 * 1_024


def test_a_reader_that_stops_reading_stops_the_provider(
    gateway: RunningServer, provider: ScriptedProvider
) -> None:
    """What nobody takes is not held here."""
    provider.replies["slow"] = Reply([b"data: " + b"x" * MIB + b"\n\n"] * 400, 200, EVENTS)
    before, left = peak_kib(gateway), provider.left

    with socket.create_connection(("127.0.0.1", gateway.port)) as stuck:
        stuck.sendall(request(gateway, b'{"model":"slow","stream":true}'))
        stuck.recv(1_000)
        threading.Event().wait(1)
        assert peak_kib(gateway) - before < 64 * 1_024

    assert provider.until(lambda seen: seen.left > left)


def request(gateway: RunningServer, body: bytes, *, length: int | None = None) -> bytes:
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:{gateway.port}\r\n"
        f"authorization: Bearer {CLIENT_KEY}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body) if length is None else length}\r\n\r\n"
    )
    return head.encode() + body


def test_a_client_that_is_cut_off_in_its_body_asks_nobody(
    gateway: RunningServer, provider: ScriptedProvider
) -> None:
    seen = len(provider.seen)

    with socket.create_connection(("127.0.0.1", gateway.port)) as cut:
        cut.sendall(request(gateway, b'{"model":"m"}', length=1_000))

    assert not provider.until(lambda it: len(it.seen) > seen, within_s=0.3)


@pytest.mark.parametrize(
    "value", ["a\r\nx-injected: 1", "a\nx-injected: 1", "a\x00b", "ü", "x" * 5_000]
)
def test_no_header_of_a_provider_makes_another(
    http: httpx2.Client, provider: ScriptedProvider, value: str
) -> None:
    headers = {**JSON, "x-ratelimit-odd": value, "x-request-id": value}
    provider.replies["inject"] = Reply([b'{"choices":[]}'], 200, headers)

    got = ask(http, "inject")

    assert got.status_code in (200, 502)
    assert (
        not {"x-injected", "x-upstream-request-id"} & set(got.headers)
        or got.headers["x-upstream-request-id"] == "a"
    )


@pytest.mark.parametrize("status", [204, 205, 304, 599, 600, 999])
def test_odd_statuses(http: httpx2.Client, provider: ScriptedProvider, status: int) -> None:
    provider.replies["odd"] = Reply([], status, JSON)

    got = ask(http, "odd", store=True)

    assert got.status_code == (status if status in (204, 205, 599) else 502)


def test_odd_ids_and_names_do_no_harm(http: httpx2.Client, provider: ScriptedProvider) -> None:
    odd = "a\u0000b" + "x" * 10_000
    answer = {"id": odd, "model": odd, "created": 10**40, "choices": []}
    provider.replies[odd] = json_reply(answer)

    made = ask(http, odd, store=True, metadata={"a\u0000": odd[:500]})

    assert made.json()["id"].startswith("chatcmpl-")
    kept = http.get(f"/chat/completions/{made.json()['id']}").json()
    assert kept["metadata"] == {"a\u0000": odd[:500]}
