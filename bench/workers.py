"""`make bench-workers`: what a second worker adds, on one PostgreSQL.

A mock provider answers after 100 ms in a process of its own; a server only answers requests. The
same run is carried out by one worker and by two, each with 64 calls in flight, over rows of about
1 KB, exact match, every result kept. PostgreSQL runs beside them, its commits synced.
"""

import argparse
import platform
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.rows import mock_provider, rows_file, run_file, run_file_id
from tests.engine.runs import create_eval
from tests.support.postgresql import new_database
from tests.support.running_server import running_server
from tests.support.running_worker import running_worker

IN_FLIGHT = 64
LATENCY_MS = 100.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One line of the table."""

    workers: int
    rows: int
    seconds: float
    cpu_s: float

    @property
    def per_second(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds

    def line(self) -> str:
        """The line, its figures aligned."""
        ideal = self.workers * IN_FLIGHT / (LATENCY_MS / 1_000)
        return (
            f"{self.workers:>7} {self.rows:>8,} {self.seconds:>8.2f} {self.per_second:>8,.0f}"
            f" {self.per_second / ideal:>13.2f} {1_000 * self.cpu_s / self.rows:>12.3f}"
        )


HEADING = (
    f"{'workers':>7} {'rows':>8} {'seconds':>8} {'rows/s':>8}"
    f" {'of the ideal':>13} {'CPU ms/row':>12}"
)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    chosen = parser.parse_args()
    print(
        f"{platform.machine()}, {psutil.cpu_count()} cores, Python {platform.python_version()}; "
        f"latency {LATENCY_MS:g} ms, {IN_FLIGHT} in flight each"
    )
    print(HEADING)
    measured = []
    for workers in (1, 2):
        measured.append(measure(workers, chosen.rows * workers))
        print(measured[-1].line())
    print(f"two against one: {measured[1].per_second / measured[0].per_second:.2f} x")


def measure(workers: int, rows: int) -> Measured:
    """One run of so many rows by so many workers, after a small one to warm them."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        base_url = stack.enter_context(mock_provider(LATENCY_MS))
        settings = {
            "EVALD_DATABASE_URL": new_database(),
            "EVALD_UPSTREAM_BASE_URL": base_url,
            "EVALD_MAX_CONCURRENCY": str(IN_FLIGHT * workers),
            "EVALD_SECRET_KEY": "bench",
        }
        server = stack.enter_context(
            running_server(folder / "server", **settings, EVALD_WORK="false")
        )
        processes = [
            psutil.Process(
                stack.enter_context(
                    running_worker(folder / f"worker{number}", **settings)
                ).process.pid
            )
            for number in range(workers)
        ]
        client = server.client()
        eval_id = create_eval(client)
        # Long enough for each to know that it is not alone.
        for _ in range(3):
            run_file(client, eval_id, rows_file(folder / "warm.jsonl", 1_000 * workers))
        file = client.files.create(file=rows_file(folder / "rows.jsonl", rows), purpose="evals")
        cpu, began = cpu_s(processes), time.perf_counter()
        done = run_file_id(client, eval_id, file.id)
        seconds = time.perf_counter() - began
        return Measured(workers, done, seconds, cpu_s(processes) - cpu)


def cpu_s(processes: Sequence[psutil.Process]) -> float:
    """Seconds of CPU that the workers have had."""
    times = [each.cpu_times() for each in processes]
    return float(sum(each.user + each.system for each in times))


if __name__ == "__main__":
    main()
