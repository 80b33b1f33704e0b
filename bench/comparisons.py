"""`make bench-comparisons`: how long it takes to compare runs of very many items, and to look on.

Runs over the same items, of about 1 KB, are put into a store of their own. A server is started over
it, which is asked for the comparison, for its page, for the tabs and for later pages of it; the
first answer matches the runs, and the others remember.
"""

import argparse
import asyncio
import hashlib
import json
import platform
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx2
import psutil

from evald.adapters.sql.store import SqlStore, open_store
from evald.domain.item_verdicts import StoredVerdict
from evald.domain.tally import CriterionCount, Tally
from evald.ports.kept import StoredOutputItem
from evald.wire.ids import IdPrefix
from evald.wire.output_items import OutputItemStatus
from tests.support.kept_runs import CORRECT, POLITE, eval_named, keep_eval, keep_run, run_named
from tests.support.running_server import running_server

BATCH = 2_000
TIMES = 9
TICKET = "the printer on the third floor is out again, and somebody must come. "
ANSWER = "Somebody will come today and see to it; until then take the one on the second floor. "


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=2)
    chosen = parser.parse_args()
    print(f"{platform.machine()}, {psutil.cpu_count()} cores, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir(mode=0o700)
        runs = [f"{IdPrefix.RUN}{number + 1:032x}" for number in range(chosen.runs)]
        asyncio.run(_fill(data, runs, chosen.items))
        _measure(data, runs, chosen.items)


async def _fill(folder: Path, runs: list[str], count: int) -> None:
    store = await open_store(folder / "evald.sqlite3")
    try:
        await keep_eval(store, eval_named("Tickets"))
        for number, run_id in enumerate(runs):
            await _keep(store, number, run_id, count)
    finally:
        await store.close()
    print(f"{len(runs)} runs of {count:,} items are kept", flush=True)


async def _keep(store: SqlStore, number: int, run_id: str, count: int) -> None:
    chance = random.Random(number)
    run = run_named(f"Run {number}", id=run_id, status="in_progress", planned_rows=count)
    await keep_run(store, run)
    for first in range(0, count, BATCH):
        rows = range(first, min(first + BATCH, count))
        async with store.transaction() as tx:
            await tx.work.record(run_id, [_item(number, row, chance) for row in rows])
    async with store.transaction() as tx:
        await tx.runs.end(run_id, "completed", None, now=int(time.time()))


def _item(number: int, row: int, chance: random.Random) -> StoredOutputItem:
    """Three in four items pass, each later run a little more often; scores are spread evenly."""
    passed, polite = chance.random() < 0.75 + 0.01 * number, round(chance.random(), 3)
    status: OutputItemStatus = "pass" if passed else "fail"
    item = json.dumps({"ticket": f"Ticket {row}: " + TICKET * 4})
    results = [
        {"name": CORRECT, "sample": None, "passed": passed, "score": float(passed)},
        {"name": POLITE, "sample": None, "passed": True, "score": polite},
    ]
    said = {"role": "assistant", "content": f"{ANSWER}{'Ok.' if passed else 'Wait.'}"}
    return StoredOutputItem(
        id=f"{IdPrefix.OUTPUT_ITEM}{number * 2**40 + row:032x}",
        row=row,
        created_at=1_750_000_000,
        status=status,
        content_hash=hashlib.sha256(item.encode()).hexdigest(),
        item_json=item,
        results_json=json.dumps(results),
        sample_json=json.dumps({"input": [], "output": [said]}),
        tally=Tally(
            int(passed), int(not passed), 0, {CORRECT: CriterionCount(int(passed), int(not passed))}
        ),
        verdicts=(StoredVerdict(0, status, float(passed)), StoredVerdict(1, "pass", polite)),
    )


def _measure(folder: Path, runs: list[str], count: int) -> None:
    named = f"runs={','.join(runs)}"
    middle = count // 2
    paths = {
        "the page": f"/compare?{named}",
        "the comparison as JSON": f"/v1/evald/compare?{named}",
        "another tab": f"/compare?{named}&change=improved",
        "changes by one criterion": f"/compare?{named}&change=disagreed&criterion={CORRECT}",
        "a page from the middle": f"/compare?{named}&after={middle}",
        "100 changed items as JSON": f"/v1/evald/compare/items?{named}&limit=100&after={middle}",
    }
    with (
        running_server(folder) as server,
        httpx2.Client(
            base_url=server.url, headers={"authorization": "Bearer sk-any"}, timeout=600
        ) as http,
    ):
        first, _ = _timed(http, paths["the page"])
        print(f"{'GET the page, for the first time':<45} {first:>16.0f} ms", flush=True)
        for what, path in paths.items():
            answers = [_timed(http, path) for _ in range(TIMES)]
            took = [each for each, _ in answers]
            size = answers[0][1] // 1_024
            print(f"GET {what:<41} {size:>6} KB {statistics.median(took):>6.0f} ms", flush=True)


def _timed(http: httpx2.Client, path: str) -> tuple[float, int]:
    began = time.monotonic()
    answer: Any = http.get(path)
    took = 1_000 * (time.monotonic() - began)
    assert answer.status_code == 200, answer.text
    return took, len(answer.content)


if __name__ == "__main__":
    main()
