"""`make bench-reports`: how long pages of a run of very many items take, filtered and through HTTP.

The items, of about 1 KB, are put into a store of their own; each question is then asked some times
and its median and worst time are shown. On SQLite a server is then started over the same store.
"""

import argparse
import asyncio
import hashlib
import json
import platform
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import psutil

from evald.adapters.clock import SystemClock
from evald.adapters.sql.store import SqlStore, open_shared_store, open_store
from evald.adapters.threads import ThreadCpu
from evald.domain.item_filters import TextFilter, read_condition
from evald.domain.item_verdicts import StoredVerdict
from evald.domain.tally import CriterionCount, Tally
from evald.ports.kept import StoredOutputItem
from evald.ports.verdicts import Place, RunToMatch, VerdictFilter
from evald.services.context import Context
from evald.services.item_groups import GroupsAsked, group_items
from evald.services.item_query import ItemQuery
from evald.services.item_search import search_items
from evald.services.keys import DEFAULT_PROJECT
from evald.wire.ids import IdPrefix
from evald.wire.output_items import OutputItemStatus
from tests.support.kept_runs import (
    CORRECT,
    EVAL_ID,
    POLITE,
    RUN_ID,
    eval_named,
    keep_eval,
    keep_run,
    run_named,
)
from tests.support.postgresql import new_database
from tests.support.running_server import running_server

BATCH = 2_000
TIMES = 5
LIMIT = 100
TICKET = "the printer on the third floor is out again, and somebody must come. "
ANSWER = "Somebody will come today and see to it; until then take the one on the second floor. "
CATEGORIES = ("network", "printer", "account", "phone", "other")


@dataclass(frozen=True, slots=True)
class Asked:
    """A filter, and what it is about."""

    what: str
    wanted: VerdictFilter
    after: Place | None = None


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    chosen = parser.parse_args()
    print(
        f"{platform.machine()}, {psutil.cpu_count()} cores, Python {platform.python_version()}; "
        f"{chosen.database}"
    )
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir(mode=0o700)
        asyncio.run(_measure_store(data, chosen))
        if chosen.database == "sqlite":
            _measure_server(data, chosen.items)


async def _measure_store(folder: Path, chosen: argparse.Namespace) -> None:
    async with _opened(folder, chosen.database) as store:
        await fill(store, chosen.items)
        print(f"{'':<44} {'found':>9} {'median ms':>10} {'worst ms':>9} {'CPU ms':>8}")
        for asked in _filters(chosen.items):
            await _timed(asked.what, partial(_page, store, asked))
        await _timed("count of a frequent verdict", partial(_count, store))
        await _timed("sums of both criteria", partial(_sums, store))
        await _timed("sums, and histograms of 20 bins, of both", partial(_histogram, store))
        await _timed("all items of the run, to be matched", partial(_matched, store))
        await _slices(store)


@asynccontextmanager
async def _opened(folder: Path, database: str) -> AsyncIterator[SqlStore]:
    if database == "sqlite":
        store = await open_store(folder / "evald.sqlite3")
    else:
        store = await open_shared_store(new_database(), connections=4)
    try:
        yield store
    finally:
        await store.close()


async def fill(store: SqlStore, count: int) -> None:
    """The store has a run of so many items."""
    chance = random.Random(1)
    began = time.monotonic()
    await keep_eval(store, eval_named("Tickets"))
    await keep_run(store, run_named("Many", status="in_progress", planned_rows=count))
    for first in range(0, count, BATCH):
        some = [_item(row, chance) for row in range(first, min(first + BATCH, count))]
        async with store.transaction() as tx:
            await tx.work.record(RUN_ID, some)
        sys.stderr.write(f"\r{first + len(some):,} ")
    async with store.transaction() as tx:
        await tx.runs.end(RUN_ID, "completed", None, now=int(time.time()))
    took = time.monotonic() - began
    print(f"{count:,} items kept in {took:.0f} s, {count / took:,.0f} a second", flush=True)


def _item(row: int, chance: random.Random) -> StoredOutputItem:
    """Three in four items pass, one in ten thousand is errored; scores are spread evenly."""
    passed, polite = chance.random() < 0.75, chance.random()
    is_errored = chance.random() < 0.0001
    status: OutputItemStatus = "error" if is_errored else "pass" if passed else "fail"
    item = {"ticket": f"Ticket {row}: " + TICKET * 4, "category": chance.choice(CATEGORIES)}
    sample = {
        "input": [{"role": "user", "content": item["ticket"]}],
        "output": [{"role": "assistant", "content": ANSWER * 2}],
    }
    results: list[dict[str, Any]] = [
        {"name": CORRECT, "sample": None, "passed": passed, "score": float(passed)},
        {"name": POLITE, "sample": None, "passed": polite > 0.5, "score": polite},
    ]
    polite_verdict = StoredVerdict(1, "pass" if polite > 0.5 else "fail", polite)
    if is_errored:
        results[1]["error"] = {"code": "timeout", "message": "It took too long."}
        polite_verdict = StoredVerdict(1, "error", None)
    text = json.dumps(item)
    return StoredOutputItem(
        id=f"{IdPrefix.OUTPUT_ITEM}{row:032x}",
        row=row,
        created_at=1_750_000_000,
        status=status,
        content_hash=hashlib.sha256(text.encode()).hexdigest(),
        item_json=text,
        results_json=json.dumps(results),
        sample_json=json.dumps(sample),
        tally=Tally(
            int(status == "pass"),
            int(status == "fail"),
            int(status == "error"),
            criteria={CORRECT: CriterionCount(int(passed), int(not passed), 0)},
        ),
        verdicts=(StoredVerdict(0, "pass" if passed else "fail", float(passed)), polite_verdict),
    )


def _filters(count: int) -> Iterator[Asked]:
    middle = Place(count // 2)
    yield Asked("everything", VerdictFilter())
    yield Asked("everything, from the middle", VerdictFilter(), middle)
    yield Asked("errored (1 in 10,000)", VerdictFilter(status="error"))
    yield Asked("failed, from the middle", VerdictFilter(status="fail"), middle)
    failed = VerdictFilter(criterion=0, outcome="fail")
    yield Asked("criterion 0 failed", failed)
    yield Asked("criterion 0 failed, from the middle", failed, middle)
    yield Asked("criterion 0 failed, last first", replace(failed, is_descending=True))
    yield Asked("criterion 1 errored", VerdictFilter(criterion=1, outcome="error"))
    yield Asked("criterion 0 passed, item errored", replace(failed, outcome="pass", status="error"))
    yield Asked(
        "criterion 0 passed, item failed: none", replace(failed, outcome="pass", status="fail")
    )
    between = VerdictFilter(criterion=1, low=0.4, high=0.6)
    yield Asked("criterion 1 from 0.4 to 0.6", between)
    yield Asked("criterion 1 from 0.4 to 0.6, from the middle", between, middle)
    rare = replace(between, low=0.50001, high=0.50002)
    yield Asked("criterion 1 from 0.50001 to 0.50002", rare)
    yield Asked("criterion 1 from 2 to 3: none", replace(between, low=2.0, high=3.0))
    worst = VerdictFilter(criterion=1, order="score")
    yield Asked("criterion 1, lowest score first", worst)
    yield Asked("criterion 1, lowest first, from the middle", worst, Place(0, 0.5))
    best = replace(worst, is_descending=True)
    yield Asked("criterion 1, highest score first", best)
    yield Asked("the same, of failed items", replace(best, status="fail"))
    yield Asked("the same, of errored items", replace(best, status="error"))
    yield Asked("criterion 1 failed, highest first", replace(best, outcome="fail"))


async def _timed(what: str, ask: Callable[[], Awaitable[int]]) -> None:
    took, cpu, found = [], [], 0
    for _ in range(TIMES):
        began, worked = time.monotonic(), time.process_time()
        found = await ask()
        took.append(1_000 * (time.monotonic() - began))
        cpu.append(1_000 * (time.process_time() - worked))
    shown = f"{statistics.median(took):>10.1f} {max(took):>9.1f} {statistics.median(cpu):>8.1f}"
    print(f"{what:<44} {found:>9,} {shown}", flush=True)


async def _page(store: SqlStore, asked: Asked) -> int:
    async with store.snapshot() as tx:
        page = await tx.verdicts.page(RUN_ID, asked.wanted, after=asked.after, limit=LIMIT)
    return len(page.rows)


async def _count(store: SqlStore) -> int:
    async with store.snapshot() as tx:
        asked = VerdictFilter(criterion=0, outcome="pass")
        return await tx.verdicts.count(RUN_ID, asked, most=10**9)


async def _sums(store: SqlStore) -> int:
    async with store.snapshot() as tx:
        return sum(each.count for each in await tx.verdicts.sums(RUN_ID))


async def _histogram(store: SqlStore) -> int:
    async with store.snapshot() as tx:
        return len(await tx.verdicts.histogram(RUN_ID, 20, of=await tx.verdicts.sums(RUN_ID)))


async def _matched(store: SqlStore) -> int:
    async with store.snapshot() as tx:
        pieces = tx.verdicts.to_match([RunToMatch(RUN_ID, [0, 1])])
        return sum([len(each.rows) async for each in pieces])


async def _slices(store: SqlStore) -> None:
    """How many items a second a request for what they say looks at."""
    unneeded: Any = None
    context = Context(
        **{name: unneeded for name in Context.__dataclass_fields__ if name != "group_memory"}
        | {"store": store, "clock": SystemClock(), "cpu": ThreadCpu()}
    )
    condition = read_condition("item.category = nowhere", param="where")
    for what, texts in (
        ("text", TextFilter(text="fourth floor")),
        ("regular expression", TextFilter(regex=r"fourth \w+ floor")),
        ("item field", TextFilter(conditions=(condition,))),
    ):
        began = time.monotonic()
        found = await search_items(context, DEFAULT_PROJECT, RUN_ID, ItemQuery(texts=texts))
        _rate(what, found.searched, time.monotonic() - began)
    began = time.monotonic()
    asked = GroupsAsked("item.category", most=100)
    groups = await group_items(context, DEFAULT_PROJECT, RUN_ID, asked)
    _rate("grouping by an item field", groups.searched, time.monotonic() - began)


def _rate(what: str, searched: int, took: float) -> None:
    print(f"{what:<36} {searched:>9,} items in {took:.2f} s, {searched / took:>9,.0f} a second")


def _measure_server(folder: Path, count: int) -> None:
    run = f"/v1/evals/{EVAL_ID}/runs/{RUN_ID}"
    middle = f"{IdPrefix.OUTPUT_ITEM}{count // 2:032x}"
    ours = f"/v1/evald/runs/{RUN_ID}"
    failed = f"{ours}/items?limit=100&criterion={CORRECT}"
    paths = {
        "the run": run,
        "100 output items": f"{run}/output_items?limit=100",
        "100 output items, from the middle": f"{run}/output_items?limit=100&after={middle}",
        "100 failed output items": f"{run}/output_items?limit=100&status=fail",
        "100 items that criterion 0 failed": f"{failed}&outcome=fail",
        "100 items by score": f"{ours}/items?limit=100&criterion={POLITE}&sort=score",
    }
    with (
        running_server(folder) as server,
        httpx2.Client(base_url=server.url, headers={"authorization": "Bearer sk-any"}) as http,
    ):
        for what, path in paths.items():
            took, size = [], 0
            for _ in range(4 * TIMES):
                began = time.monotonic()
                answer = http.get(path)
                took.append(1_000 * (time.monotonic() - began))
                assert answer.status_code == 200, answer.text
                size = len(answer.content) // 1_024
            median = statistics.median(took)
            print(f"GET {what:<41} {size:>6} KB {median:>10.1f} {max(took):>9.1f}", flush=True)


if __name__ == "__main__":
    main()
