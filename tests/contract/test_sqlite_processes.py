"""A SQLite file in the hands of several processes, one of which may be killed. Ours."""

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

import evald
from evald.adapters.sql.store import open_store
from evald.domain.tally import Tally
from evald.wire.pages import ListOutputItemsQuery
from tests.contract.kept import PROJECT, keep_run, new_key, tally_of
from tests.contract.writing_process import BATCH

ROOT = Path(__file__).parents[2]
SOURCES = Path(evald.__file__).parents[1]

Process = subprocess.Popen[str]

pytestmark = pytest.mark.slow


def start(stack: ExitStack, path: Path, *arguments: str) -> Process:
    """The process, waiting for a line."""
    command = [sys.executable, "-m", "tests.contract.writing_process", str(path), *arguments]
    return stack.enter_context(
        subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{SOURCES}{os.pathsep}{ROOT}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    )


def go(process: Process, name: str = "") -> None:
    assert process.stdin is not None
    process.stdin.write(f"{name}\n")
    process.stdin.flush()


def next_line(process: Process) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


async def rows_kept(path: Path, run_id: str) -> int:
    """How many rows the run has; none is missing in between, and its tally counts them all."""
    store = await open_store(path)
    try:
        async with store.snapshot() as tx:
            page = await tx.output_items.page(run_id, ListOutputItemsQuery(limit=1_000_000))
            run = await tx.work.find(run_id)
    finally:
        await store.close()
    rows = [item.row for item in page.rows]
    assert rows == list(range(len(rows)))
    assert run is not None
    assert run.tally == sum((tally_of("pass") for _ in rows), Tally())
    return len(rows)


async def test_a_killed_process_loses_nothing_that_was_committed(tmp_path: Path) -> None:
    """Killed again and again, in the middle of some transaction, with the same file."""
    path = tmp_path / "evald.sqlite3"
    store = await open_store(path)
    run = await keep_run(store)
    await store.close()

    for commits in (1, 7, 40):
        with ExitStack() as stack:
            process = start(stack, path, "items", run.id)
            go(process)
            told = [next_line(process) for _ in range(commits)][-1]
            process.kill()
        kept = await rows_kept(path, run.id)
        assert kept >= told
        assert kept % BATCH == 0


async def test_processes_write_side_by_side(tmp_path: Path) -> None:
    path, each = tmp_path / "evald.sqlite3", 25
    store = await open_store(path)
    with ExitStack() as stack:
        processes = [start(stack, path, "keys", str(each)) for _ in range(2)]
        for number, process in enumerate(processes):
            go(process, f"process {number}")
        for number in range(each):
            async with store.transaction() as tx:
                await tx.keys.insert(new_key(), secret_hash=str(number))
        assert [process.wait() for process in processes] == [0, 0]

    async with store.snapshot() as tx:
        assert len(await tx.keys.all(PROJECT)) == 3 * each
    await store.close()


async def test_processes_may_make_the_file_at_the_same_moment(tmp_path: Path) -> None:
    """As when `evald keys create` runs while the server starts for the first time."""
    path = tmp_path / "evald.sqlite3"
    with ExitStack() as stack:
        processes = [start(stack, path, "keys", "1") for _ in range(3)]
        for number, process in enumerate(processes):
            go(process, f"process {number}")
        assert [process.wait() for process in processes] == [0, 0, 0]

    store = await open_store(path)
    async with store.snapshot() as tx:
        assert len(await tx.keys.all(PROJECT)) == 3
    await store.close()
