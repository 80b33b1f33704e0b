"""`make bench-pages`: times and sizes of the pages of a run of very many items."""

import argparse
import asyncio
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx2
import psutil

from bench.reports import fill
from evald.adapters.sql.store import open_store
from evald.wire.ids import IdPrefix
from tests.support.kept_runs import CORRECT, EVAL_ID, POLITE, RUN_ID
from tests.support.running_server import running_server

TIMES = 9
MOST_MS = 200.0
MOST_KB = 100.0


def main() -> None:
    """Prints the table; ends with 1 where a page is slower or larger than it may be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    items = parser.parse_args().items
    print(f"{platform.machine()}, {psutil.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir(mode=0o700)
        asyncio.run(_fill(data, items))
        with (
            running_server(data) as server,
            httpx2.Client(base_url=server.url, timeout=60) as browser,
        ):
            print(f"{'':<44} {'KB':>6} {'first ms':>9} {'median ms':>10} {'worst ms':>9}")
            are_good = [_timed(browser, what, url) for what, url in _pages(items).items()]
    sys.exit(0 if all(are_good) else 1)


async def _fill(folder: Path, items: int) -> None:
    store = await open_store(folder / "evald.sqlite3")
    try:
        await fill(store, items)
    finally:
        await store.close()


def _pages(items: int) -> dict[str, str]:
    path = f"/evaluations/{EVAL_ID}"
    run = f"{path}?run_id={RUN_ID}"
    middle = items // 2
    return {
        "the run": run,
        "an item of the middle open": f"{run}&item={middle}",
        "an item's page": f"{path}/items/{IdPrefix.OUTPUT_ITEM}{middle:032x}?run_id={RUN_ID}",
        "failed items": f"{run}&status=fail",
        "from the middle": f"{run}&after={middle}~~0",
        "up to the middle": f"{run}&before={middle}~~0",
        "one criterion failed, one open": f"{run}&criterion={CORRECT}&outcome=fail&item=9",
        "scores from 0.4 to 0.6": f"{run}&criterion={POLITE}&min_score=0.4&max_score=0.6",
        "lowest score first": f"{run}&criterion={POLITE}&sort=score",
        "the page as JSON": f"{path}.json?run_id={RUN_ID}",
    }


def _timed(browser: httpx2.Client, what: str, url: str) -> bool:
    """The first answer counts as everybody's first; the page of the run comes first of all."""
    took, size = [], 0.0
    for _ in range(TIMES):
        began = time.monotonic()
        answer = browser.get(url)
        took.append(1_000 * (time.monotonic() - began))
        assert answer.status_code == 200, answer.text
        size = len(answer.content) / 1_000
    median = statistics.median(took)
    print(f"{what:<44} {size:>6.0f} {took[0]:>9.1f} {median:>10.1f} {max(took):>9.1f}", flush=True)
    return median <= MOST_MS and size <= MOST_KB


if __name__ == "__main__":
    main()
