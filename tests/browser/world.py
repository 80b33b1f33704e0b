"""What there is to look at in a browser: evals, runs, files and logs, some of them hostile."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

from pydantic import JsonValue

from evald.adapters.blobs.disk import DiskBlobs
from evald.adapters.sql.store import open_store
from evald.domain.tally import CriterionCount, Tally, Usage
from evald.ports.kept import StoredFile, StoredLog, StoredRun
from evald.ports.store import Store
from evald.services.keys import DEFAULT_PROJECT
from evald.wire.data_source_configs import LogsConfig, config_json
from evald.wire.files import File
from evald.wire.ids import FILE_PREFIX, IdPrefix
from tests.browser.item_world import keep_items_run
from tests.support.compared_runs import keep_compared_runs
from tests.support.kept_logs import completion
from tests.support.kept_runs import (
    CORRECT,
    NOW,
    POLITE,
    completions_source,
    eval_named,
    keep_eval,
    keep_run,
    run_named,
    three_items,
)

HOSTILE = "<script>document.title='HOSTILE'</script><img src=x onerror=alert(1)>\"'\u202e gnirts \0"
EVALS = 60
TICKETS = f"{IdPrefix.EVAL}{EVALS:032x}"
HOSTILE_EVAL = f"{IdPrefix.EVAL}{EVALS - 1:032x}"
LOGS_EVAL = f"{IdPrefix.EVAL}{EVALS - 2:032x}"
COMPARED_EVAL = f"{IdPrefix.EVAL}{EVALS - 3:032x}"
RUNS = 14
SHOWN_RUN = f"{IdPrefix.RUN}{RUNS:032x}"
ROWS_RUN = f"{IdPrefix.RUN}{RUNS + 1:032x}"
FILE = f"{FILE_PREFIX}{3:022}"
LONG_FILE = f"{FILE_PREFIX}{4:022}"
LOG = "chatcmpl-kept-1"


def fill(folder: Path) -> None:
    """The data folder of a server has it all, before the server is started."""
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(_fill(folder))


async def _fill(folder: Path) -> None:
    store = await open_store(folder / "evald.sqlite3")
    try:
        await _keep_evals(store)
        await _keep_runs(store)
        await keep_items_run(store, TICKETS, HOSTILE)
        await keep_compared_runs(store, eval_id=COMPARED_EVAL, hostile=HOSTILE)
        await _keep_files(store, DiskBlobs(folder / "blobs"))
        await _keep_logs(store)
    finally:
        await store.close()


async def _keep_evals(store: Store) -> None:
    for number in range(1, EVALS + 1):
        an_eval = eval_named(f"Old eval {number}", number=number)
        if an_eval.id == TICKETS:
            an_eval = an_eval.model_copy(update={"name": "IT tickets: which desk takes it"})
        if an_eval.id == HOSTILE_EVAL:
            an_eval = an_eval.model_copy(update={"name": HOSTILE, "metadata": {HOSTILE: HOSTILE}})
        if an_eval.id == LOGS_EVAL:
            config = config_json(LogsConfig(type="logs", metadata={"use": "chat"}))
            changes = {"name": "Chats of the help desk", "data_source_config": config}
            an_eval = an_eval.model_copy(update=changes)
        await keep_eval(store, an_eval)


async def _keep_runs(store: Store) -> None:
    for number in range(1, RUNS):
        await keep_run(store, _run(number))
    shown = run_named(
        "Candidate, prompt 3",
        id=SHOWN_RUN,
        eval_id=TICKETS,
        created_at=NOW + 90_000,
        status="completed",
        planned_rows=3,
        started_at=NOW + 90_001,
        ended_at=NOW + 90_076,
    )
    await keep_run(store, shown, three_items())
    hostile = replace(_run(1), id=f"{IdPrefix.RUN}{99:032x}", eval_id=HOSTILE_EVAL, name=HOSTILE)
    await keep_run(store, replace(hostile, model=HOSTILE, data_source=completions_source(HOSTILE)))
    rows: dict[str, JsonValue] = {"type": "jsonl", "source": {"type": "file_id", "id": FILE}}
    graded = replace(_run(2), id=ROWS_RUN, name="Rows as they are", model="", data_source=rows)
    await keep_run(store, graded)


def _run(number: int) -> StoredRun:
    passed, errored = 120 + 5 * (number % 7), 3 if number % 5 == 0 else 0
    failed = 200 - passed - errored
    count = CriterionCount(passed, failed, errored)
    usage = Usage(200, prompt_tokens=240_000 + 999 * number, completion_tokens=8_000)
    usage = replace(usage, total_tokens=usage.prompt_tokens + usage.completion_tokens)
    status = "failed" if number == 6 else "canceled" if number == 7 else "completed"
    began = NOW + 3_600 * number
    return run_named(
        f"Candidate {number}",
        id=f"{IdPrefix.RUN}{number:032x}",
        eval_id=TICKETS,
        created_at=began,
        started_at=began + 1,
        ended_at=began + 300 + 7 * number,
        status=status,
        planned_rows=200,
        model="gpt-4o-mini-2024-07-18" if number % 2 else "demo-keywords",
        tally=Tally(passed, failed, errored, {CORRECT: count, POLITE: count}, {"m": usage}),
    )


async def _keep_files(store: Store, blobs: DiskBlobs) -> None:
    rows = [
        {"item": {"ticket": f"My mouse {n} is dead.", "label": "Hardware", "priority": n}}
        for n in range(40)
    ]
    rows[1]["item"]["ticket"] = HOSTILE
    await _keep_file(store, blobs, FILE, "tickets.jsonl", rows)
    await _keep_file(store, blobs, LONG_FILE, HOSTILE, [{"item": {"long": "x" * 10_000_000}}])


async def _keep_file(
    store: Store,
    blobs: DiskBlobs,
    file_id: str,
    name: str,
    rows: list[dict[str, dict[str, object]]],
) -> None:
    content = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    async with blobs.writing(f"blob_{file_id}") as writer:
        await writer.write(content)
    file = File(
        id=file_id,
        purpose="evals",
        filename=name,
        bytes=len(content),
        created_at=NOW,
        expires_at=None,
    )
    async with store.transaction() as tx:
        await tx.files.insert(DEFAULT_PROJECT, StoredFile(file, f"blob_{file_id}"))


async def _keep_logs(store: Store) -> None:
    async with store.transaction() as tx:
        await tx.logs.insert([_log(number) for number in range(1, 8)])


def _log(number: int) -> StoredLog:
    metadata = {"use": "chat" if number % 2 else "mail", "team": "support"}
    question = HOSTILE if number == 2 else f"Why is my mouse number {number} dead?"
    answer = f"{question} Change its battery."
    kept = completion(question, answer, metadata=metadata, model="gpt-4o-mini")
    return replace(kept, id=f"chatcmpl-kept-{number}", created=NOW + number)
