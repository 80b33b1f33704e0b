"""A killed server has kept every completion whose end it let out. Rests on: ours."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx2
import orjson
import pytest

from tests.support.postgresql import new_database
from tests.support.running_server import RunningServer, running_server
from tests.support.scripted_provider import Reply, ScriptedProvider, scripted_provider, stream_reply

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

STREAMS = 200
WORDS = 20
_numbers = count(1)


@pytest.fixture(scope="module")
def provider() -> Iterator[ScriptedProvider]:
    with scripted_provider() as scripted:
        scripted.replies["m"] = lambda _: told()
        yield scripted


def told() -> Reply:
    """A stream of twenty words, which takes a fifth of a second and has an id of its own."""
    head = {"id": f"c-{next(_numbers)}", "object": "chat.completion.chunk", "created": 1}
    chunks = [
        {**head, "choices": [{"index": 0, "delta": {"content": "word "}, "finish_reason": None}]}
        for _ in range(WORDS)
    ]
    chunks[-1]["choices"][0]["finish_reason"] = "stop"  # type: ignore[index]
    reply = stream_reply(*chunks)
    steps = [each for step in reply.steps for each in (step, 0.01)]
    return Reply(steps, 200, reply.headers)


@dataclass(slots=True)
class Streams:
    """The ids of the streams whose `[DONE]` came, and of those that were cut."""

    ended: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    are_half: asyncio.Event = field(default_factory=asyncio.Event)


async def stream(client: httpx2.AsyncClient, streams: Streams) -> None:
    body: Any = {"model": "m", "messages": [], "store": True, "stream": True}
    content = b""
    try:
        async with client.stream("POST", "/v1/chat/completions", json=body) as answer:
            async for piece in answer.aiter_raw():
                content += piece
    except httpx2.HTTPError:
        pass
    log_id = content.partition(b'"id": "')[2].partition(b'"')[0].decode()
    has_ended = b"data: [DONE]\n\n" in content
    (streams.ended if has_ended else streams.cut).append(log_id)
    if len(streams.ended) >= STREAMS // 2:
        streams.are_half.set()


async def streams_until_a_kill(server: RunningServer) -> Streams:
    streams = Streams()
    headers = {"authorization": "Bearer x"}
    limits = httpx2.Limits(max_connections=STREAMS)
    async with (
        httpx2.AsyncClient(
            base_url=server.url, headers=headers, limits=limits, timeout=30
        ) as client,
        asyncio.TaskGroup() as group,
    ):
        for number in range(STREAMS):
            await asyncio.sleep(0.002 if number % 10 else 0.01)
            group.create_task(stream(client, streams))
        await streams.are_half.wait()
        server.kill()
    return streams


@dataclass(frozen=True, slots=True)
class Aftermath:
    """A server that was killed and is up again, and the streams that it was killed in."""

    server: RunningServer
    streams: Streams


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def aftermath(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    provider: ScriptedProvider,
) -> Iterator[Aftermath]:
    """One kill on each database, which every test looks at."""
    more = {"EVALD_DATABASE_URL": new_database()} if request.param == "postgresql" else {}
    folder = tmp_path_factory.mktemp("gateway") / "data"
    with running_server(folder, EVALD_UPSTREAM_BASE_URL=provider.base_url, **more) as server:
        streams = asyncio.run(streams_until_a_kill(server))
        server.start()
        yield Aftermath(server, streams)


def listed(server: RunningServer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    with httpx2.Client(base_url=server.url, headers={"authorization": "Bearer x"}) as client:
        page: dict[str, Any] = {"has_more": True, "last_id": ""}
        while page["has_more"]:
            query = {"limit": "100", "after": page["last_id"]}
            page = orjson.loads(client.get("/v1/chat/completions", params=query).content)
            found += page["data"]
    return found


def test_every_stream_whose_end_came_is_there_after_a_kill(aftermath: Aftermath) -> None:
    streams = aftermath.streams

    assert len(streams.ended) + len(streams.cut) == STREAMS
    assert len(streams.ended) >= STREAMS // 2
    assert streams.cut, "all had ended before the kill"
    kept = {each["id"]: each for each in listed(aftermath.server)}
    assert set(streams.ended) - set(kept) == set()
    for each in kept.values():
        assert each["choices"][0]["message"]["content"] == "word " * WORDS


def test_usage_of_what_was_kept_is_kept_with_it(aftermath: Aftermath) -> None:
    headers = {"authorization": "Bearer x"}
    url = f"{aftermath.server.url}/v1/evald/usage"
    ledger = httpx2.get(url, headers=headers).json()["data"]

    assert sum(each["calls"] for each in ledger) >= len(aftermath.streams.ended)
