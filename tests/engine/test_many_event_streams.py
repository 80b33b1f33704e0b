"""A thousand clients that follow one run: all see its end, and cost the store one. Rests on: ours.

What they cost in memory is stated here, since each holds a connection for as long as a run goes on.
"""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import aiohttp
import httpx2
import psutil
import pytest
from sqlalchemy import create_engine, text

from evald.adapters.sql.postgresql import read_url
from tests.engine.runs import create_eval, create_run, rows
from tests.support.mock_provider import MockProvider
from tests.support.postgresql import new_database
from tests.support.running_provider import running_provider
from tests.support.running_server import running_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

STREAMS = 1_000
STREAM_BYTES = 100_000
"""What a stream may cost the server in memory, its connection and its task included."""

MORE_PER_S = 20
"""So many transactions a second may come and go; a thousand who look for themselves make 2,000."""

COUNT_S = 4.0
SETTLE_S = 2.0
"""PostgreSQL tells of what was done a second later."""


async def test_a_thousand_streams_of_a_run_see_its_end_and_cost_the_store_one(
    tmp_path: Path,
) -> None:
    url = new_database()
    with (
        running_provider(MockProvider(latency_s=0.5)) as provider,
        running_server(
            tmp_path / "data",
            EVALD_DATABASE_URL=url,
            EVALD_UPSTREAM_BASE_URL=provider.base_url,
            EVALD_MAX_CONCURRENCY="2",
        ) as server,
    ):
        client = server.client()
        eval_id = create_eval(client)
        run_id = create_run(client, eval_id, rows(400))
        process = psutil.Process(server.process.pid)
        url_of_events = f"{server.url}/v1/evald/runs/{run_id}/events"
        async with many_connections() as session, asyncio.TaskGroup() as group:
            first = group.create_task(followed(session, url_of_events, asyncio.Event()))
            for_one = await transactions_per_s(url)
            before = process.memory_info().rss
            begun = [asyncio.Event() for _ in range(STREAMS - 1)]
            others = [group.create_task(followed(session, url_of_events, each)) for each in begun]
            for each in begun:
                await each.wait()
            refused = await asyncio.to_thread(one_more, url_of_events)
            for_all = await transactions_per_s(url)
            grown = process.memory_info().rss - before
            client.evals.runs.cancel(run_id, eval_id=eval_id)
            ended = time.monotonic()
        took_s = time.monotonic() - ended
        ends = [first.result(), *(task.result() for task in others)]

    print(
        f"memory a stream {grown / STREAMS / 1_000:.1f} KB, transactions {for_one:.1f} "
        f"and {for_all:.1f} /s, "
        f"all told {took_s:.2f} s after the end"
    )
    assert refused == 503
    assert {(name, data["id"], data["status"]) for name, data in ends} == {
        ("end", run_id, "canceled")
    }
    assert grown < STREAMS * STREAM_BYTES
    assert for_all < for_one + MORE_PER_S
    assert took_s < 30


def one_more(url: str) -> int:
    """The status that one more gets."""
    return httpx2.get(url, headers={"authorization": "Bearer sk-any"}, timeout=10).status_code


def many_connections() -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=None)
    return aiohttp.ClientSession(connector=connector, timeout=timeout, read_bufsize=2**22)


async def followed(
    session: aiohttp.ClientSession, url: str, begun: asyncio.Event
) -> tuple[str, Any]:
    """The last event, by its name and data; `begun` is set once the first has come."""
    name, data = "", b""
    async with session.get(url, headers={"authorization": "Bearer sk-any"}) as answer:
        assert answer.status == 200
        async for line in answer.content:
            if line.startswith(b"event: "):
                name = line[7:].strip().decode()
                begun.set()
            elif line.startswith(b"data: "):
                data = line[6:]
    return name, json.loads(data)


async def transactions_per_s(url: str) -> float:
    await asyncio.sleep(SETTLE_S)
    before = await asyncio.to_thread(transactions, url)
    await asyncio.sleep(COUNT_S)
    return (await asyncio.to_thread(transactions, url) - before) / COUNT_S


def transactions(url: str) -> int:
    engine = create_engine(read_url(url))
    with engine.connect() as connection:
        asked = (
            "SELECT xact_commit + xact_rollback FROM pg_stat_database"
            " WHERE datname = current_database()"
        )
        count = connection.execute(text(asked)).scalar_one()
    engine.dispose()
    return int(count)
