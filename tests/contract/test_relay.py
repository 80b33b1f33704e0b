"""A relay passes on what was asked and what is answered, and little else."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest

from evald.adapters.clock import SystemClock
from evald.adapters.http1.connections import open_connections
from evald.adapters.models.provider import Provider
from evald.adapters.models.python_function import PythonFunctionModel
from evald.adapters.models.python_relay import PythonRelay
from evald.adapters.models.relay import KNOWN_HEADS, MAX_ERROR_BYTES, HttpRelay
from evald.ports.model import FailureKind, ModelFailure
from evald.ports.relay import Relay, RelayAnswer, RelayBroken, RelayRequest, RelaySilent
from tests.support.scripted_provider import (
    JSON,
    Reply,
    ScriptedProvider,
    json_reply,
    scripted_provider,
    stream_reply,
)

KEY = "sk-up/stream-0123456789"
CHAT = "chat/completions"
ANSWER = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "hi"},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}


@pytest.fixture(scope="module")
def provider() -> Iterator[ScriptedProvider]:
    with scripted_provider() as scripted:
        yield scripted


@asynccontextmanager
async def http_relay(provider: ScriptedProvider, **options: Any) -> AsyncIterator[HttpRelay]:
    base_url = options.pop("base_url", provider.base_url)
    configured = Provider(name="up", base_url=base_url, api_key=KEY)
    async with open_connections() as connections:
        yield HttpRelay(configured, connections, **options)


def python_relay(function: Any) -> PythonRelay:
    configured = Provider(name="own", kind="python", target="a:b", models=("m",), responses="none")
    clock = SystemClock()
    return PythonRelay(
        configured, PythonFunctionModel(configured, function, clock=clock), clock=clock
    )


def asked(model: str, headers: Mapping[str, str] | None = None, **body: Any) -> RelayRequest:
    content = json.dumps({"model": model, **body}).encode()
    return RelayRequest("POST", CHAT, content, headers=tuple((headers or {}).items()))


async def whole(relay: Relay, request: RelayRequest) -> tuple[RelayAnswer, bytes]:
    async with relay.open(request) as answer:
        assert isinstance(answer, RelayAnswer), answer
        return answer, b"".join([chunk async for chunk in answer.chunks])


async def failure(relay: Relay, request: RelayRequest) -> ModelFailure:
    async with relay.open(request) as answer:
        assert isinstance(answer, ModelFailure), answer
        return answer


@pytest.mark.parametrize("kind", ["http", "python"])
async def test_an_answer_comes_whole(provider: ScriptedProvider, kind: str) -> None:
    provider.replies["m"] = json_reply(ANSWER)
    async with http_relay(provider) as http:
        relay: Relay = http if kind == "http" else python_relay(lambda body: ANSWER)

        answer, body = await whole(relay, asked("m"))

    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert json.loads(body) == ANSWER


async def test_bytes_go_both_ways_as_they_are(provider: ScriptedProvider) -> None:
    provider.replies["m"] = Reply([b'{"a" : 1.50,\n "b":', b'"\\u00fc"}'])
    content = b'{ "model":"m", "temperature": 1.0,"seed":123456789012345678901234567890}'

    async with http_relay(provider) as relay:
        _, body = await whole(relay, RelayRequest("POST", CHAT, content))

    assert body == b'{"a" : 1.50,\n "b":"\\u00fc"}'
    assert provider.request_of("m").body == content


async def test_only_headers_of_a_list_go_along(provider: ScriptedProvider) -> None:
    provider.replies["m"] = json_reply(ANSWER)
    theirs = {
        "Authorization": "Bearer sk-client",
        "api-key": "sk-client",
        "Cookie": "a=b",
        "OpenAI-Organization": "org",
        "OpenAI-Project": "proj",
        "X-Forwarded-For": "10.0.0.1",
        "Host": "evald.test",
        "Content-Length": "5",
        "Transfer-Encoding": "chunked",
        "Accept-Encoding": "br",
        "User-Agent": "theirs",
    }
    passed = {
        "content-type": "application/json; charset=utf-8",
        "accept": "text/event-stream",
        "openai-beta": "x=v1",
        "idempotency-key": "k1",
    }

    async with http_relay(provider) as relay:
        await whole(relay, asked("m", {**theirs, **passed}))

    sent = provider.request_of("m").headers
    assert {name: sent.get(name) for name in passed} == passed
    assert sent["authorization"] == f"Bearer {KEY}"
    assert set(sent) == {
        *passed,
        "authorization",
        "accept-encoding",
        "content-length",
        "host",
        "user-agent",
    }
    assert (sent["accept-encoding"], sent["user-agent"]) == ("identity", "evald")


async def test_only_headers_of_a_list_come_back(provider: ScriptedProvider) -> None:
    passed = {
        "retry-after": "3",
        "retry-after-ms": "3000",
        "x-should-retry": "false",
        "x-ratelimit-remaining-tokens": "12",
    }
    others = {"set-cookie": "a=b", "openai-organization": "org-1", "x-key": KEY, "server": "s"}
    leaking = {"x-ratelimit-limit": f"of {KEY}"}
    headers = {**JSON, **passed, **others, **leaking, "X-Request-Id": "req_up"}
    provider.replies["m"] = Reply([b"{}"], 429, headers)

    async with http_relay(provider) as relay:
        answer, _ = await whole(relay, asked("m"))

    assert answer.status == 429
    assert answer.headers == {**JSON, **passed, "x-upstream-request-id": "req_up"}


@pytest.mark.parametrize(
    "told", [f'{{"error":"{KEY}"}}', json.dumps(KEY).replace("/", "\\/"), f"<b>{KEY}</b>"]
)
async def test_an_error_tells_no_key(provider: ScriptedProvider, told: str) -> None:
    provider.replies["m"] = Reply([told.encode()], 400, JSON)

    async with http_relay(provider) as relay:
        _, body = await whole(relay, asked("m"))

    assert b"0123456789" not in body
    assert b"***" in body


async def test_a_gigantic_error_is_told_in_short(provider: ScriptedProvider) -> None:
    error = {"error": {"message": "x" * MAX_ERROR_BYTES + KEY, "code": "long"}}
    provider.replies["m"] = Reply([json.dumps(error).encode(), b"x" * 2**20, "hang"], 400, JSON)

    async with http_relay(provider) as relay:
        answer, body = await whole(relay, asked("m"))

    assert (answer.status, answer.headers["content-type"]) == (400, "application/json")
    assert len(body) < 2_000
    assert set(json.loads(body)["error"]) == {"message", "type", "param", "code"}


async def test_a_redirect_is_not_followed(provider: ScriptedProvider) -> None:
    provider.replies["m"] = Reply([], 307, {"location": f"{provider.base_url}/elsewhere"})
    before = len(provider.seen)

    async with http_relay(provider) as relay:
        answer, _ = await whole(relay, asked("m"))

    assert (answer.status, dict(answer.headers), len(provider.seen) - before) == (307, {}, 1)


async def test_of_two_requests_that_differ_in_one_thing_each_goes_as_it_is(
    provider: ScriptedProvider,
) -> None:
    provider.replies[""] = provider.replies["a"] = json_reply({})
    one = RelayRequest("POST", "a", b'{"model":""}')
    others = [
        replace(one, method="DELETE"),
        replace(one, path="b"),
        replace(one, query=(("q", "1"),)),
        replace(one, headers=(("accept", "x/y"),)),
        replace(one, body=b'{"model":"","n":2}'),
        replace(one, body=None),
        *(replace(one, headers=(("idempotency-key", str(n)),)) for n in range(KNOWN_HEADS)),
    ]
    sent = []

    async with http_relay(provider) as relay:
        for each in [one, *others, one, *others]:
            await whole(relay, each)
            seen = provider.seen[-1]
            sent.append((seen.line, tuple(sorted(seen.headers.items())), seen.body))

    assert sent[: len(others) + 1] == sent[len(others) + 1 :]
    assert all(("content-type" in dict(headers)) == bool(body) for _, headers, body in sent)
    assert len(set(sent)) == len(others) + 1


@pytest.mark.parametrize("id_", ["..", ".", "..%2Ffiles", "a?b=c", "a#b", "%2e%2e", "ü"])
async def test_a_name_in_a_path_leads_nowhere_else(provider: ScriptedProvider, id_: str) -> None:
    provider.replies[""] = json_reply({})

    async with http_relay(provider) as relay:
        await whole(relay, RelayRequest("POST", f"responses/{id_}/cancel", b'{"model":""}'))

    path = provider.seen[-1].line.split()[1]
    segments = path.split("/")
    assert (segments[:3], segments[4:]) == (["", "v1", "responses"], ["cancel"])
    assert segments[3] not in ("", ".", "..")
    assert unquote(segments[3]) == id_


async def test_an_answer_comes_as_it_comes(provider: ScriptedProvider) -> None:
    provider.replies["m"] = stream_reply(b"data: 1\n\n", done=False, end=["hang"])

    async with http_relay(provider) as relay, relay.open(asked("m")) as answer:
        assert isinstance(answer, RelayAnswer)
        assert await anext(aiter(answer.chunks)) == b"data: 1\n\n"
        left = provider.left

    assert await asyncio.to_thread(provider.until, lambda seen: seen.left > left)


async def test_an_answer_that_is_not_waited_for_is_let_go_of_at_once(
    provider: ScriptedProvider,
) -> None:
    provider.replies["m"] = Reply(silent=True)
    left, opened = provider.left, provider.open

    async with http_relay(provider) as relay:
        asking = asyncio.create_task(whole(relay, asked("m")))
        assert await asyncio.to_thread(provider.until, lambda seen: seen.open > opened)
        asking.cancel()
        await asyncio.wait([asking])

        assert provider.until(lambda seen: seen.left > left, within_s=0.5)


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        ([b"{", "break"], RelayBroken),
        ([b"{", "hang"], RelaySilent),
        ([0.05, b"{", 0.05, b"}", "hang"], RelaySilent),
    ],
)
async def test_an_answer_that_does_not_end_is_broken(
    provider: ScriptedProvider, steps: list[Any], problem: type[Exception]
) -> None:
    provider.replies["m"] = Reply(steps)

    async with http_relay(provider, silence_s=0.2) as relay:
        with pytest.raises(RelayBroken) as raised:
            await whole(relay, asked("m"))

    assert type(raised.value) is problem
    assert KEY not in str(raised.value)


async def test_what_came_before_a_break_is_passed_on(provider: ScriptedProvider) -> None:
    """Also what came while the client took what was before it. Ours."""
    steps: list[Any] = [b"data: 1\n\n", 0.02, b"data: 2\n\n", b"data: 3\n\n", "break"]
    provider.replies["m"] = Reply(steps, 200, {"content-type": "text/event-stream"})
    came: list[bytes] = []

    async def take_slowly(chunks: AsyncIterator[bytes]) -> None:
        async for chunk in chunks:
            came.append(chunk)
            # The provider is gone before the next one is asked for.
            await asyncio.to_thread(provider.until, lambda seen: seen.open == 0)
            await asyncio.sleep(0.02)

    async with http_relay(provider) as relay, relay.open(asked("m")) as answer:
        assert isinstance(answer, RelayAnswer)
        with pytest.raises(RelayBroken):
            await take_slowly(answer.chunks)

    assert b"".join(came) == b"data: 1\n\ndata: 2\n\ndata: 3\n\n"


async def test_an_answer_that_never_stops_is_ended(provider: ScriptedProvider) -> None:
    provider.replies["m"] = Reply([each for _ in range(200) for each in (b"x", 0.01)])

    async with http_relay(provider, attempt_timeout_s=0.2) as relay:
        with pytest.raises(RelaySilent):
            await whole(relay, asked("m"))


async def test_an_answer_that_never_stops_is_ended_for_a_client_that_takes_slowly_too(
    provider: ScriptedProvider,
) -> None:
    provider.replies["m"] = Reply([each for _ in range(80) for each in (b"x", 0.005)])
    came = 0

    async def take_slowly(chunks: AsyncIterator[bytes]) -> None:
        nonlocal came
        async for _ in chunks:
            came += 1
            await asyncio.sleep(0.02)

    async with (
        http_relay(provider, attempt_timeout_s=0.1) as relay,
        relay.open(asked("m")) as answer,
    ):
        assert isinstance(answer, RelayAnswer)
        with pytest.raises(RelaySilent):
            await take_slowly(answer.chunks)

    assert came < 10


async def test_an_error_that_is_not_waited_for_is_let_go_of_at_once(
    provider: ScriptedProvider,
) -> None:
    provider.replies["m"] = Reply([b"{", "hang"], 500)
    left, seen = provider.left, len(provider.seen)

    async with http_relay(provider) as relay:
        asking = asyncio.create_task(whole(relay, asked("m")))
        assert await asyncio.to_thread(provider.until, lambda now: len(now.seen) > seen)
        await asyncio.sleep(0.05)
        asking.cancel()
        await asyncio.wait([asking])

        assert await asyncio.to_thread(provider.until, lambda now: now.left > left)


async def test_nothing_is_tried_again(provider: ScriptedProvider) -> None:
    provider.replies["m"] = Reply([], 500)
    before = len(provider.seen)

    async with http_relay(provider) as relay:
        await whole(relay, asked("m"))

    assert len(provider.seen) == before + 1


async def test_a_provider_that_is_not_there_is_a_failure(provider: ScriptedProvider) -> None:
    async with http_relay(provider, base_url="http://127.0.0.1:9/v1") as relay:
        told = await failure(relay, asked("m"))

    assert (told.kind, told.code) == (FailureKind.UNREACHABLE, "provider_unreachable")


async def test_a_provider_that_does_not_answer_is_a_failure(provider: ScriptedProvider) -> None:
    provider.replies["m"] = Reply(silent=True)

    async with http_relay(provider, attempt_timeout_s=0.1) as relay:
        told = await failure(relay, asked("m"))

    assert (told.kind, told.code) == (FailureKind.TIMEOUT, "provider_timeout")


async def test_without_its_key_openai_is_not_asked() -> None:
    configured = Provider(name="default", base_url="https://api.openai.com/v1")
    async with open_connections() as connections:
        told = await failure(HttpRelay(configured, connections), asked("m"))

    assert (told.kind, told.code) == (FailureKind.UNSERVED, "provider_key_missing")


async def test_a_function_tells_a_stream_in_chunks() -> None:
    relay = python_relay(lambda body: ANSWER)

    answer, body = await whole(
        relay, asked("m", stream=True, stream_options={"include_usage": True})
    )

    events = body.decode().split("\n\n")
    assert answer.headers["content-type"] == "text/event-stream"
    assert events[-2:] == ["data: [DONE]", ""]
    chunks = [json.loads(event.removeprefix("data: ")) for event in events[:-2]]
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": "hi"}
    assert chunks[-1]["usage"] == ANSWER["usage"]


async def test_a_function_speaks_chat_completions_alone() -> None:
    relay = python_relay(lambda body: ANSWER)

    told = await failure(relay, RelayRequest("POST", "embeddings", b'{"model":"m"}'))

    assert (told.kind, told.code) == (FailureKind.UNSERVED, "unsupported_api")


async def test_what_a_function_raises_is_a_failure() -> None:
    def raising(body: Any) -> Any:
        raise ZeroDivisionError

    told = await failure(python_relay(raising), asked("m"))

    assert told.kind == FailureKind.RAISED
