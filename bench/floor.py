"""What the same work costs by hand: aiohttp and SQLite in batches, nothing else.

It runs in a process of its own, so that no library of the measurer weighs on it.
"""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import aiohttp
import orjson

from bench.measured import Measured
from bench.usage import peak_mb

BATCH = 64
ROOT = Path(__file__).parents[1]


def measure_floor(lines: Path, base_url: str, concurrency: int) -> Measured:
    """What it took for the rows of this file."""
    command = [sys.executable, "-m", "bench.floor", str(lines), base_url, str(concurrency)]
    printed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return Measured(**json.loads(printed))


async def _measure(lines: Path, base_url: str, concurrency: int) -> Measured:
    items = [json.loads(line)["item"] for line in lines.read_text().splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite3.connect(Path(folder) / "floor.sqlite3")
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE results (row INTEGER, passed INTEGER, answer BLOB)")
        cpu, began = time.process_time(), time.perf_counter()
        connector = aiohttp.TCPConnector(limit=concurrency)
        async with aiohttp.ClientSession(connector=connector) as session:
            await _ask_all(items, session, f"{base_url}/chat/completions", database)
        seconds, cpu_s = time.perf_counter() - began, time.process_time() - cpu
        database.close()
    return Measured("floor: aiohttp + SQLite", len(items), seconds, cpu_s, peak_mb(os.getpid()))


async def _ask_all(
    items: list[dict[str, str]],
    session: aiohttp.ClientSession,
    url: str,
    database: sqlite3.Connection,
) -> None:
    waiting = iter(enumerate(items))
    done: list[tuple[int, bool, bytes]] = []

    async def work() -> None:
        for number, item in waiting:
            message = {"role": "user", "content": item["prompt"]}
            body = orjson.dumps({"model": "mock-model", "messages": [message]})
            async with session.post(url, data=body) as answer:
                content = await answer.read()
            text = orjson.loads(content)["choices"][0]["message"]["content"]
            done.append((number, text == item["expected"], content))
            if len(done) >= BATCH:
                _insert(database, done)

    async with asyncio.TaskGroup() as group:
        for _ in range(session.connector.limit if session.connector else 1):
            group.create_task(work())
    _insert(database, done)


def _insert(database: sqlite3.Connection, done: list[tuple[int, bool, bytes]]) -> None:
    with database:
        database.executemany("INSERT INTO results VALUES (?, ?, ?)", done)
    done.clear()


if __name__ == "__main__":
    _, path, url, at_once = sys.argv
    print(json.dumps(asdict(asyncio.run(_measure(Path(path), url, int(at_once))))))
