"""`make bench-logs`: how long the first page of a query over very many stored logs takes.

The logs, of about 1 KB, are put into a store of their own; each query is then asked some times and
its median and worst times are shown. At the end a run over 100,000 of them is planned, as a worker
plans it.
"""

import argparse
import asyncio
import platform
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import psutil

from evald.adapters.blobs.disk import DiskBlobs
from evald.adapters.blobs.in_database import DatabaseBlobs
from evald.adapters.clock import SystemClock
from evald.adapters.models.scripted import ScriptedModel
from evald.adapters.sql.store import SqlStore, open_shared_store, open_store
from evald.adapters.threads import ThreadCpu
from evald.domain.logs.filters import LogFilter
from evald.domain.logs.terms import metadata_terms, text_term
from evald.engine.context import EngineContext
from evald.engine.log_indexing import LogIndexing
from evald.engine.plan import plan_run
from evald.ports.blobs import Blobs
from evald.ports.kept import Page, Rows, StoredLog, StoredRun
from evald.wire.criteria import TestingCriterion
from evald.wire.evals import Eval
from evald.wire.graders import StringCheckGrader
from evald.wire.pages import ListQuery
from tests.support.grading import grader_tools
from tests.support.kept_logs import NOW, PROJECT, completion
from tests.support.postgresql import new_database

BATCH = 2_000
TIMES = 5
ANSWER = "The printer on the third floor is out again; somebody will come today. " * 8


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, and what it is about; its page begins after so many logs."""

    what: str
    wanted: LogFilter
    order: Literal["asc", "desc"] = "asc"
    after: int = 0


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logs", type=int, default=1_000_000)
    parser.add_argument("--planned", type=int, default=100_000)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    chosen = parser.parse_args()
    print(
        f"{platform.machine()}, {psutil.cpu_count()} cores, Python {platform.python_version()}; "
        f"{chosen.database}"
    )
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_measure(Path(folder), chosen))


async def _measure(folder: Path, chosen: argparse.Namespace) -> None:
    async with _opened(folder, chosen.database) as (store, blobs):
        began = time.monotonic()
        await _fill(store, chosen.logs)
        took = time.monotonic() - began
        print(f"{chosen.logs:,} logs kept in {took:.0f} s, {chosen.logs / took:,.0f} a second")
        await _index(store, chosen.logs)
        print(f"{'first page (20) of':<50} {'found':>6} {'median ms':>9} {'worst ms':>9}")
        for asked in _queries(chosen.logs):
            await _ask(store, asked)
        await _plan(store, blobs, chosen.planned)


@asynccontextmanager
async def _opened(folder: Path, database: str) -> AsyncIterator[tuple[SqlStore, Blobs]]:
    if database == "sqlite":
        store = await open_store(folder / "evald.sqlite3")
        blobs: Blobs = DiskBlobs(folder / "blobs")
    else:
        store = await open_shared_store(new_database(), connections=4)
        blobs = DatabaseBlobs(store, SystemClock())
    try:
        yield store, blobs
    finally:
        await store.close()


async def _fill(store: SqlStore, count: int) -> None:
    for first in range(0, count, BATCH):
        some = [_log(number, count) for number in range(first, min(first + BATCH, count))]
        async with store.transaction() as tx:
            await tx.logs.insert(some)
        sys.stderr.write(f"\r{first + len(some):,} ")


def _log(number: int, count: int) -> StoredLog:
    metadata = {
        "use": "chat" if number % 2 else "mail",
        "team": f"team {number % 7}",
        "side": "left" if number % 2 else "right",
        "shift": "night" if number % 2 == 0 or number % 5_001 == 0 else "day",
        "phase": "new" if number >= 0.9 * count else "old",
    }
    if number % 100_000 == 77:
        metadata["incident"] = "yes"
    model = "gpt-small" if number % 10 else "gpt-large"
    question = f"ticket {number}: what is wrong with the printer, and who mends it?"
    return completion(question, ANSWER, metadata=metadata, model=model, created=NOW + number // 10)


def _queries(count: int) -> Iterator[Asked]:
    def having(*, model: str | None = None, **metadata: str) -> LogFilter:
        models = () if model is None else (text_term("model", model),)
        return LogFilter((*metadata_terms(metadata), *models))

    middle = NOW + count // 20
    yield Asked("everything", LogFilter())
    yield Asked("everything, newest first", LogFilter(), "desc")
    yield Asked("a rare pair", having(incident="yes"))
    yield Asked("a frequent pair", having(use="chat"))
    yield Asked("a frequent pair, newest first", having(use="chat"), "desc")
    yield Asked("two frequent pairs", having(use="chat", team="team 3"))
    yield Asked("two frequent pairs, newest first", having(use="chat", team="team 3"), "desc")
    yield Asked("a rare and a frequent pair", having(incident="yes", use="chat"))
    yield Asked("a frequent pair and a model", having(model="gpt-small", use="mail"))
    yield Asked("a model", having(model="gpt-large"))
    yield Asked("a pair that no log has", having(use="voice"))
    yield Asked("a frequent pair and one that no log has", having(use="chat", team="none"))
    yield Asked("two frequent pairs that no log has both", having(use="chat", side="right"))
    none = having(use="chat", side="right")
    yield Asked("the same, newest first", none, "desc")
    yield Asked("the same, from the middle on", replace(none, created_after=middle))
    yield Asked("the same, and a model", having(model="gpt-small", use="chat", side="right"))
    yield Asked("three frequent pairs, no log all", having(phase="old", use="chat", side="right"))
    few = having(use="chat", shift="night")
    yield Asked("two frequent pairs that few logs have both", few)
    yield Asked("the same, newest first", few, "desc")
    yield Asked("the same, and a third", having(use="chat", shift="night", phase="old"))
    yield Asked("the same, after 30 of them", few, after=30)
    yield Asked("two frequent pairs, one of the last tenth", having(use="chat", phase="new"))
    old = having(use="chat", phase="old")
    yield Asked("two frequent pairs, one not of it, newest first", old, "desc")
    half = replace(having(use="chat", team="team 3"), created_after=middle)
    yield Asked("two frequent pairs, from the middle on", half)
    rare = (text_term("metadata.incident", "yes"), text_term("metadata.incident", "no"))
    yield Asked("any of two rare pairs", LogFilter((), (rare,)))
    late = (text_term("metadata.phase", "new"), text_term("metadata.phase", "none"))
    yield Asked("any of two pairs, one of the last tenth", LogFilter((), (late,)))
    either = (*metadata_terms({"team": "team 1"}), *metadata_terms({"team": "team 2"}))
    yield Asked("any of two frequent pairs", LogFilter((), (either,)))


async def _ask(store: SqlStore, asked: Asked) -> None:
    times: list[float] = []
    found, after = 0, None
    if asked.after:
        page = await _page(store, asked, ListQuery(limit=asked.after, order=asked.order))
        after = page.rows[-1].id
    query = ListQuery(after=after, limit=20, order=asked.order)
    for _ in range(TIMES):
        began = time.monotonic()
        page = await _page(store, asked, query)
        times.append(1_000 * (time.monotonic() - began))
        found = len(page.rows)
    middle = statistics.median(times)
    print(f"{asked.what:<50} {found:>6} {middle:>9.1f} {max(times):>9.1f}", flush=True)


async def _page(store: SqlStore, asked: Asked, query: ListQuery) -> Page[StoredLog]:
    async with store.snapshot() as tx:
        return await tx.logs.page(PROJECT, "chat_completion", wanted=asked.wanted, query=query)


async def _index(store: SqlStore, count: int) -> None:
    began = time.process_time()
    indexing = LogIndexing(_context(store, DiskBlobs(Path())))
    for _ in range(2):  # where others write too, what is there is settled at the second look
        await indexing.index()
    took = time.process_time() - began
    print(f"blocks made in {1_000_000 * took / count:.0f} us of CPU a log")


async def _plan(store: SqlStore, blobs: Blobs, count: int) -> None:
    context = _context(store, blobs)
    grader = StringCheckGrader(
        type="string_check", name="g", input="{{item.id}}", reference="1", operation="eq"
    )
    an_eval = Eval(
        id="eval_1",
        created_at=1,
        name="e",
        metadata={},
        data_source_config={"type": "logs", "metadata": {"use": "chat"}},
        testing_criteria=[TestingCriterion(id="g-1", grader=grader)],
    )
    run = StoredRun(
        id="evalrun_1",
        project_id=PROJECT,
        eval_id=an_eval.id,
        created_at=1,
        status="queued",
        name="r",
        model="",
        metadata={},
        data_source={
            "type": "completions",
            "source": {"type": "stored_completions", "limit": count},
        },
        rows=Rows("", inline=False, logged=True),
    )
    async with store.transaction() as tx:
        await tx.evals.insert(PROJECT, an_eval)
        await tx.runs.insert(run)
    before = _peak_mb()
    began = time.monotonic()
    shards = await plan_run(context, run.id)
    took = time.monotonic() - began
    grown = _peak_mb() - before
    print(
        f"a run over the newest {count:,} was planned in {took:.1f} s ({shards} shards); "
        f"the peak of memory grew by {grown:.0f} MB"
    )


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024


def _context(store: SqlStore, blobs: Blobs) -> EngineContext:
    clock = SystemClock()
    model = ScriptedModel(lambda _: "", clock)
    return EngineContext(
        store=store,
        blobs=blobs,
        clock=clock,
        cpu=ThreadCpu(),
        model=model,
        grader_tools=lambda deadline: replace(grader_tools(model=model), deadline=deadline),
        concurrency_of=lambda _: 4,
        item_timeout_s=10.0,
        max_row_bytes=20_000_000,
    )


if __name__ == "__main__":
    main()
