"""`make bench-rows`: what a row costs the server, beside a floor measured in the same minute.

A mock provider answers in a process of its own; the server runs as an operator starts it. Rows are
of 1.1 KB, one chat completion and one exact match each, every result kept (SQLite, WAL,
synchronous=FULL, batches of 64 rows or 0.1 s).
"""

import argparse
import json
import platform
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import openai
import psutil

from bench.floor import measure_floor
from bench.measured import HEADING, Measured
from tests.engine.runs import create_eval
from tests.support.running_server import ROOT, RunningServer, running_server

POLL_S = 0.2
WORDS = """
the a and to of is not it in on for with printer screen mouse login ticket network account paper
again still opens prints fails asks shows waits says user office third floor laptop since today
morning update version error window please check reset password server share desk cable light
"""


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
        floor = measure_floor(lines, base_url, chosen.concurrency)
        print(floor.line())
        server = measure_server(lines, base_url, chosen.concurrency)
        print(server.line())
    print(f"CPU of the server over the floor: {server.cpu_s / floor.cpu_s:.1f} x")


def rows_file(path: Path, count: int) -> Path:
    """A JSONL file of rows of 1.1 KB, whose prompt the mock provider echoes; nine of ten expect it.

    A prompt has 95 words, which differ from row to row.
    """
    chance = random.Random(1)
    texts = [" ".join(chance.choices(WORDS.split(), k=95)) for _ in range(1_000)]
    with path.open("w") as file:
        for number in range(count):
            prompt = f"ticket {number}: {texts[number % len(texts)]}"
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
        time.sleep(POLL_S)
        run = client.evals.runs.retrieve(run.id, eval_id=eval_id)  # type: ignore[assignment]
    counts = run.result_counts
    assert run.status == "completed", run.error
    assert counts.errored == 0
    return counts.total


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _peak_rss_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1_024 if found else 0.0


if __name__ == "__main__":
    main()
