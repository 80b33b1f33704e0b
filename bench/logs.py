"""`make bench-logs`: how long the first page of a query over very many stored logs takes.

The logs, of about 1 KB, are put into a store of their own; each query is then asked some times and
its worst time is shown. At the end a run over 100,000 of them is planned, as a worker plans it.
"""

import argparse
import asyncio
import platform
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

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
from evald.engine.plan import plan_run
from evald.ports.blobs import Blobs
from evald.ports.kept import Rows, StoredLog, StoredRun
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
    """A query, and what it is about."""

    what: str
    wanted: LogFilter
    order: str = "asc"


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
        print(f"{'first page (20) of':<44} {'found':>6} {'worst ms':>9}")
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
        some = [_log(number) for number in range(first, min(first + BATCH, count))]
        async with store.transaction() as tx:
            await tx.logs.insert(some)
        sys.stderr.write(f"\r{first + len(some):,} ")


def _log(number: int) -> StoredLog:
    metadata = {
        "use": "chat" if number % 2 else "mail",
        "team": f"team {number % 7}",
        "side": "left" if number % 2 else "right",
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
    half = replace(having(use="chat", team="team 3"), created_after=middle)
    yield Asked("two frequent pairs, from the middle on", half)
    rare = (text_term("metadata.incident", "yes"), text_term("metadata.incident", "no"))
    yield Asked("any of two rare pairs", LogFilter((), (rare,)))
    either = (*metadata_terms({"team": "team 1"}), *metadata_terms({"team": "team 2"}))
    yield Asked("any of two frequent pairs", LogFilter((), (either,)))


async def _ask(store: SqlStore, asked: Asked) -> None:
    worst, found = 0.0, 0
    for _ in range(TIMES):
        began = time.monotonic()
        async with store.snapshot() as tx:
            query = ListQuery(limit=20, order=asked.order)  # type: ignore[arg-type]
            page = await tx.logs.page(PROJECT, "chat_completion", wanted=asked.wanted, query=query)
        worst, found = max(worst, time.monotonic() - began), len(page.rows)
    print(f"{asked.what:<44} {found:>6} {1_000 * worst:>9.1f}", flush=True)


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
