"""`make bench`: what a row costs the server, beside a floor measured in the same minute.

A mock provider answers in a process of its own; the server runs as an operator starts it. Rows are
of about 1 KB, one chat completion and one exact match each, every result kept (SQLite, WAL,
synchronous=FULL, batches of 64 rows or 0.1 s).
"""

import argparse
import asyncio
import json
import platform
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import openai
import orjson
import psutil

from tests.engine.runs import create_eval
from tests.support.running_server import ROOT, RunningServer, running_server

FLOOR_BATCH = 64


@dataclass(frozen=True, slots=True)
class Measured:
    """One line of the table."""

    what: str
    rows: int
    seconds: float
    cpu_s: float
    peak_rss_mb: float

    def line(self) -> str:
        """The line, its figures aligned."""
        return (
            f"{self.what:<34} {self.rows:>9,} {self.seconds:>9.2f}"
            f" {self.rows / self.seconds:>9,.0f}"
            f" {1_000 * self.cpu_s / self.rows:>11.3f} {self.peak_rss_mb:>9.0f}"
        )


HEADING = f"{'':<34} {'rows':>9} {'seconds':>9} {'rows/s':>9} {'CPU ms/row':>11} {'peak MB':>9}"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--concurrency", type=int, default=64)
    chosen = parser.parse_args()
    print(
        f"{platform.machine()}, {psutil.cpu_count()} cores, Python {platform.python_version()}; "
        f"latency {chosen.latency_ms:g} ms, {chosen.concurrency} in flight"
    )
    print(HEADING)
    with tempfile.TemporaryDirectory() as folder, mock_provider(chosen.latency_ms) as base_url:
        lines = rows_file(Path(folder) / "rows.jsonl", chosen.rows)
        floor = asyncio.run(measure_floor(lines, base_url, chosen.concurrency))
        print(floor.line())
        server = measure_server(lines, base_url, chosen.concurrency)
        print(server.line())
    print(f"CPU of the server over the floor: {server.cpu_s / floor.cpu_s:.1f} x")


def rows_file(path: Path, count: int) -> Path:
    """A JSONL file of rows of about 1 KB, whose prompt the mock provider echoes."""
    with path.open("w") as file:
        for number in range(count):
            prompt = f"ticket {number}: " + "the printer on the third floor is out again. " * 20
            item = {"prompt": prompt, "expected": prompt if number % 10 else "other"}
            file.write(json.dumps({"item": item}) + "\n")
    return path


@contextmanager
def mock_provider(latency_ms: float) -> Iterator[str]:
    """The base URL of a mock provider in another process."""
    command = [sys.executable, "-m", "tests.support.mock_provider"]
    command += ["--latency-ms", str(latency_ms)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    found = re.search(r"http://\S+", process.stdout.readline())
    assert found is not None
    try:
        yield found[0]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def measure_server(lines: Path, base_url: str, concurrency: int) -> Measured:
    """One run through the server, from POST to completed, after a small one to warm it."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            "EVALD_UPSTREAM_BASE_URL": base_url,
            "EVALD_MAX_CONCURRENCY": str(concurrency),
        }
        with running_server(Path(folder) / "data", **environment) as server:
            client = server.client()
            eval_id = create_eval(client)
            run_file(client, eval_id, rows_file(Path(folder) / "warm.jsonl", 200))
            return _measured(server, eval_id, lines)


def _measured(server: RunningServer, eval_id: str, lines: Path) -> Measured:
    process = psutil.Process(server.process.pid)
    file_id = server.client().files.create(file=lines, purpose="evals").id
    cpu, began = _cpu_s(process), time.perf_counter()
    count = run_file_id(server.client(), eval_id, file_id)
    seconds = time.perf_counter() - began
    cpu_s = _cpu_s(process) - cpu
    return Measured("evald", count, seconds, cpu_s, _peak_rss_mb(process.pid))


def run_file(client: openai.OpenAI, eval_id: str, path: Path) -> int:
    """How many rows the run over this file had, once it is completed."""
    return run_file_id(client, eval_id, client.files.create(file=path, purpose="evals").id)


def run_file_id(client: openai.OpenAI, eval_id: str, file_id: str) -> int:
    """How many rows the run over this uploaded file had, once it is completed."""
    run = client.evals.runs.create(
        eval_id,
        data_source={
            "type": "completions",
            "model": "mock-model",
            "input_messages": {
                "type": "template",
                "template": [{"role": "user", "content": "{{ item.prompt }}"}],
            },
            "source": {"type": "file_id", "id": file_id},
        },
    )
    while run.status in ("queued", "in_progress"):
        time.sleep(0.05)
        run = client.evals.runs.retrieve(run.id, eval_id=eval_id)  # type: ignore[assignment]
    counts = run.result_counts
    assert run.status == "completed", run.error
    assert counts.errored == 0
    return counts.total


async def measure_floor(lines: Path, base_url: str, concurrency: int) -> Measured:
    """The same work by hand: aiohttp and SQLite in batches, nothing else."""
    process = psutil.Process()
    items = [json.loads(line)["item"] for line in lines.read_text().splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite3.connect(Path(folder) / "floor.sqlite3")
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE results (row INTEGER, passed INTEGER, answer BLOB)")
        cpu, began = _cpu_s(process), time.perf_counter()
        connector = aiohttp.TCPConnector(limit=concurrency)
        async with aiohttp.ClientSession(connector=connector) as session:
            await _ask_all(items, session, f"{base_url}/chat/completions", database)
        seconds = time.perf_counter() - began
        database.close()
    cpu_s = _cpu_s(process) - cpu
    return Measured(
        "floor: aiohttp + SQLite", len(items), seconds, cpu_s, _peak_rss_mb(process.pid)
    )


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
            if len(done) >= FLOOR_BATCH:
                _insert(database, done)

    async with asyncio.TaskGroup() as group:
        for _ in range(session.connector.limit if session.connector else 1):
            group.create_task(work())
    _insert(database, done)


def _insert(database: sqlite3.Connection, done: list[tuple[int, bool, bytes]]) -> None:
    with database:
        database.executemany("INSERT INTO results VALUES (?, ?, ?)", done)
    done.clear()


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _peak_rss_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1_024 if found else 0.0


if __name__ == "__main__":
    main()
