"""The plan of a run: its rows, checked and cut into shards, written once."""

from dataclasses import replace
from functools import partial

from pydantic import JsonValue

from evald.domain.item_schema import ItemSchema, compile_item_schema
from evald.domain.jsonl import (
    Line,
    LineSplitter,
    LineTooLong,
    Row,
    RowProblem,
    describe,
    problem_of,
    row_of_text,
)
from evald.domain.run_status import has_ended
from evald.engine.context import EngineContext
from evald.engine.ends import note_end
from evald.engine.fixed_rows import fix_rows
from evald.engine.no_rows import NoRows
from evald.ports.blobs import BlobNotFound
from evald.ports.kept import Shard, StoredRun
from evald.wire.data_source_configs import item_schema_of, takes_any_item
from evald.wire.data_sources import EvaldRunSource, read_data_source
from evald.wire.errors import ApiError

SHARD_ROWS = 256
SHARD_BYTES = 8 * 1_048_576
"""A shard's rows are read into memory together, so a shard of large rows has fewer of them."""


class _BadRow(Exception):
    """A row that ends the run before it asked for anything."""


async def plan_run(context: EngineContext, run_id: str) -> int | None:
    """How many shards the run has, which is in progress now; None where it has ended.

    Every row is checked before any model is asked, so that a bad one in the last line costs
    nothing but time; rows that were checked before the answer are not checked again. A bad row
    ends the run as `failed`, naming the row or line. The rows of a run over logs are written down
    first. May run twice: a plan that is there stays.
    """
    async with context.store.transaction() as tx:
        now = context.clock.now()
        if not await tx.work.start(run_id, now=now, worker_id=context.worker_id):
            return None
        # Looked at after it was begun: another worker may have planned it a moment ago.
        run = await tx.work.find(run_id)
        if run is None:
            return None
        shards = await tx.work.shards(run_id)
        an_eval = await tx.evals.get(run.project_id, run.eval_id)
    if run.planned_rows is not None:
        return len(shards)
    config = {} if an_eval is None else an_eval.data_source_config
    try:
        with context.traces.within_run("plan", run, {"evald.run.id": run.id}):
            return await _planned(context, run, config)
    except NoRows as problem:
        error = problem.error
    except (_BadRow, BlobNotFound) as problem:
        error = ApiError(code="invalid_data_source", message=str(problem))
    async with context.store.transaction() as tx:
        has_failed = await tx.runs.end(run.id, "failed", error, now=context.clock.now())
    if has_failed:
        await note_end(context, run.id, "failed")
    return None


async def _planned(
    context: EngineContext, run: StoredRun, config: dict[str, JsonValue]
) -> int | None:
    fixed = await fix_rows(context, run, config)
    if fixed is None:
        return None
    if fixed.rows.logged and takes_any_item(config):
        size = await context.blobs.size(fixed.rows.blob_id)
        fixed = replace(fixed, rows=replace(fixed.rows, checked_bytes=size))
    shards = await _cut(context, fixed, compile_item_schema(item_schema_of(config)))
    if shards is None:
        return None
    async with context.store.transaction() as tx:
        await tx.work.save_plan(run.id, shards)
    return len(shards)


async def _is_over(context: EngineContext, run_id: str) -> bool:
    async with context.store.snapshot() as tx:
        run = await tx.work.find(run_id)
    return run is None or has_ended(run.status)


async def _cut(context: EngineContext, run: StoredRun, schema: ItemSchema) -> list[Shard] | None:
    """The run's shards; None where it was canceled or deleted meanwhile."""
    cutter = _Cutter(run, schema, max_row_bytes=context.max_row_bytes)
    async for chunk in context.blobs.read(run.rows.blob_id):
        if await _is_over(context, run.id):
            return None
        await context.cpu.run(partial(cutter.feed, chunk))
    await context.cpu.run(cutter.end)
    return cutter.shards


class _Cutter:
    """Goes through the lines of a run's rows, checks them and cuts them into shards."""

    def __init__(self, run: StoredRun, schema: ItemSchema, *, max_row_bytes: int) -> None:
        self.shards: list[Shard] = []
        self._splitter = LineSplitter(most_bytes=max_row_bytes)
        self._schema = schema
        self._checked_bytes = run.rows.checked_bytes
        self._origin = run.rows
        self._source = read_data_source(run.data_source).source
        self._rows = 0
        self._open: list[Line] = []
        self._open_bytes = 0

    def feed(self, chunk: bytes) -> None:
        """Takes the next bytes."""
        try:
            lines = self._splitter.feed(chunk)
        except LineTooLong as error:
            message = f"The data source cannot be read: {error}."
            raise _BadRow(message) from None
        for line in lines:
            self._take(line)

    def end(self) -> None:
        """Takes what is left."""
        for line in self._splitter.end():
            self._take(line)
        self._close()

    def _take(self, line: Line) -> None:
        if line.offset >= self._checked_bytes:
            self._check(line)
        if len(self._open) == SHARD_ROWS or self._open_bytes + len(line.text) > SHARD_BYTES:
            self._close()
        self._open.append(line)
        self._open_bytes += len(line.text)
        self._rows += 1

    def _check(self, line: Line) -> None:
        row = row_of_text(line.text)
        problem = problem_of(row, self._schema)
        if problem is not None:
            raise _BadRow(describe(problem, where=self._where(line, row)))

    def _where(self, line: Line, row: Row | RowProblem) -> str:
        if self._origin.inline:
            return f"Row {self._rows} of the content"
        if isinstance(self._source, EvaldRunSource):
            return f"Item {self._rows} of run '{self._source.run_id}'"
        if not self._origin.logged:
            return f"Line {line.number} of the file"
        if isinstance(row, Row) and isinstance(row.item, dict):
            return f"The row of log '{row.item.get('id')}'"
        return f"Row {self._rows} of the logs"

    def _close(self) -> None:
        if not self._open:
            return
        first, last = self._open[0], self._open[-1]
        self.shards.append(
            Shard(
                number=len(self.shards),
                first_row=self._rows - len(self._open),
                row_count=len(self._open),
                offset=first.offset,
                size=last.offset + len(last.text) - first.offset,
            )
        )
        self._open, self._open_bytes = [], 0
