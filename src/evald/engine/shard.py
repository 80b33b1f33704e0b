"""One shard: the rows not yet recorded, worked on at once and recorded in batches."""

import asyncio
from dataclasses import dataclass

from evald.domain.jsonl import LineSplitter
from evald.engine.ends import note_end
from evald.engine.item import DEATHS_ALLOWED, SUSPECT_DEATHS, dead_row, work_row
from evald.engine.run_in_hand import RunInHand
from evald.ports.blobs import BlobNotFound
from evald.ports.kept import Shard, ShardState, StoredOutputItem
from evald.ports.traces import Attributes
from evald.wire.errors import ApiError

MARK_ROWS = 64
CAREFUL_ROWS = 8
"""How many rows are marked as started at a time: at first, and once a process died over some."""


@dataclass(frozen=True, slots=True)
class _RowText:
    """A row that is to be worked on: its position, its JSON, and how often a process died."""

    number: int
    text: bytes
    deaths: int


async def work_shard(run: RunInHand, number: int) -> bool:
    """Whether every row of the shard is recorded now; False where the run was stopped before.

    May run twice: rows that are recorded are passed over, and a shard that another worker has in
    hand is left to it. A run whose first rows were all refused
    alike is ended as `failed` here.
    """
    store = run.context.store
    async with store.transaction() as tx:
        state = await tx.work.begin_shard(run.id, number, worker_id=run.context.worker_id)
    if state is None:
        return not run.stopped.is_set()
    try:
        if not state.shard.done:
            with run.context.traces.within_run("shard", run.stored, _told(run, state)):
                await _work_rows(run, state, await _missing_rows(run, state))
                await run.recorder.write()
    except BlobNotFound:
        await _fail(run, _ROWS_GONE)
        return False
    verdict = run.model.verdict()
    if verdict is not None:
        await _fail(run, verdict)
    elif not run.stopped.is_set():
        async with store.transaction() as tx:
            await tx.work.end_shard(run.id, number, attempt=state.shard.attempts)
    return not run.stopped.is_set()


def _told(run: RunInHand, state: ShardState) -> Attributes:
    return {
        "evald.run.id": run.id,
        "evald.shard.number": state.shard.number,
        "evald.shard.attempt": state.shard.attempts,
        "evald.worker.id": run.context.worker_id,
    }


_ROWS_GONE = ApiError(code="invalid_data_source", message="The rows of the run are gone.")


async def _fail(run: RunInHand, error: ApiError) -> None:
    """The run has failed, unless it has ended or was taken up again since it is in hand."""
    now = run.context.clock.now()
    async with run.context.store.transaction() as tx:
        has_failed = await tx.work.fail(run.id, error, now=now, chance=run.chance)
    run.stop()
    if has_failed:
        await note_end(run.context, run.id, "failed")


async def _work_rows(run: RunInHand, state: ShardState, rows: list[_RowText]) -> None:
    """Works on the rows; those over which processes died twice come first, one at a time.

    So a row that takes the process down with it takes few others along, and is told apart.
    """
    marks = _Marks(run, state)
    async with asyncio.TaskGroup() as group:
        writing = group.create_task(run.recorder.keep_writing())
        for row in rows:
            if row.deaths >= SUSPECT_DEATHS:
                async with asyncio.TaskGroup() as alone:
                    await _begin(run, row, marks, alone)
                await run.recorder.write()
        async with asyncio.TaskGroup() as in_flight:
            for row in rows:
                if row.deaths < SUSPECT_DEATHS:
                    await _begin(run, row, marks, in_flight)
        writing.cancel()


async def _begin(run: RunInHand, row: _RowText, marks: "_Marks", group: asyncio.TaskGroup) -> None:
    await run.window.acquire()
    if run.stopped.is_set():
        run.window.release()
        return
    try:
        await marks.reach(row)
    except BaseException:
        run.window.release()
        raise
    run.track(group.create_task(_work(run, row)))


async def _work(run: RunInHand, row: _RowText) -> None:
    now = run.context.clock.monotonic
    began = now()
    try:
        item = await _item(run, row)
    finally:
        run.window.release()
    run.context.metrics.rows.time(now() - began, item.status)
    await run.recorder.put(item)
    if run.recorder.status != "in_progress" or run.model.verdict() is not None:
        run.stop()


async def _item(run: RunInHand, row: _RowText) -> StoredOutputItem:
    if row.deaths >= DEATHS_ALLOWED:
        return dead_row(run, row.number, row.text)
    return await work_row(run, row.number, row.text)


async def _missing_rows(run: RunInHand, state: ShardState) -> list[_RowText]:
    shard = state.shard
    splitter = LineSplitter(most_bytes=shard.size + 1, offset=shard.offset)
    lines = []
    blob_id = run.blob_id
    async for chunk in run.context.blobs.read(blob_id, start=shard.offset, size=shard.size):
        lines += splitter.feed(chunk)
    lines += splitter.end()
    numbered = enumerate(lines, start=shard.first_row)
    return [
        _RowText(number, line.text, state.deaths.get(number, 0))
        for number, line in numbered
        if number not in state.recorded
    ]


class _Marks:
    """Writes down which rows may be in flight, a few at a time, before they begin."""

    def __init__(self, run: RunInHand, state: ShardState) -> None:
        self._run = run
        self._shard: Shard = state.shard
        self._before = state.shard.first_row
        self._step = CAREFUL_ROWS if state.deaths else MARK_ROWS

    async def reach(self, row: _RowText) -> None:
        """The row, and the few after it, are marked as started."""
        if row.number < self._before:
            return
        step = 1 if row.deaths >= SUSPECT_DEATHS else self._step
        end = self._shard.first_row + self._shard.row_count
        self._before = min(row.number + step, end)
        async with self._run.context.store.transaction() as tx:
            await tx.work.mark_started(self._run.id, self._shard.number, before=self._before)
