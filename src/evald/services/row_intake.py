"""Rows of a new run on their way in: checked as far as time reaches, and staged as JSONL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from pydantic import JsonValue

from evald.domain.errors import InvalidRow, InvalidSchema
from evald.domain.item_schema import ItemSchema, SchemaInvalid, compile_item_schema
from evald.domain.jsonl import (
    LineSplitter,
    LineTooLong,
    describe,
    problem_of,
    row_of_text,
    row_of_value,
)
from evald.services.context import Context
from evald.services.evals import get_eval
from evald.services.staged_blob import StagedBlob, staged_blob
from evald.wire.data_source_configs import item_schema_of
from evald.wire.evals import Eval

CHECK_BUDGET_S = 0.3
"""How long rows are checked before the answer; the run checks the rest before it asks a model."""

CONTENT = "data_source.source.content"


@dataclass(frozen=True, slots=True)
class InlineRow:
    """One row of a request's content: its JSON text on one line, and its value to check.

    The text is what is kept; fractions in `value` may be plain floats.
    """

    text: str
    value: JsonValue


class RowIntake:
    """The rows of one request, in order."""

    def __init__(self, context: Context, an_eval: Eval, blob: StagedBlob) -> None:
        """Stages rows for a run of this eval.

        Raises:
            InvalidSchema: the eval was imported with a schema that cannot be used here.
        """
        self.eval = an_eval
        self.blob = blob
        self.schema = compiled_schema(an_eval)
        self.checked_bytes = 0
        self._clock = context.clock
        self._left_s = CHECK_BUDGET_S
        self._rows = 0
        self._bytes = 0

    async def add(self, rows: list[InlineRow]) -> None:
        """Checks the rows while there is time, and appends them.

        Raises:
            InvalidRow: a row is no object with an `item` that fits the eval's schema.
        """
        began = self._clock.monotonic()
        lines = []
        for row in rows:
            line = row.text.encode() + b"\n"
            if self._left_s > 0:
                self._check(row.value)
                self._left_s -= self._clock.monotonic() - began
                began = self._clock.monotonic()
                self.checked_bytes = self._bytes + len(line)
            self._rows += 1
            self._bytes += len(line)
            lines.append(line)
        await self.blob.write(b"".join(lines))

    def _check(self, value: JsonValue) -> None:
        problem = problem_of(row_of_value(value), self.schema)
        if problem is not None:
            sentence = describe(problem, where=f"Row {self._rows} of the content")
            raise InvalidRow(sentence, param=f"{CONTENT}[{self._rows}]")


@asynccontextmanager
async def open_intake(context: Context, project_id: str, eval_id: str) -> AsyncIterator[RowIntake]:
    """A place for the rows of a new run; what no `create_run` kept is gone after the block.

    Raises:
        EvalNotFound: there is no such eval.
        InvalidSchema: the eval was imported with a schema that cannot be used here.
    """
    an_eval = await get_eval(context, project_id, eval_id)
    async with staged_blob(context) as blob:
        yield RowIntake(context, an_eval, blob)


def compiled_schema(an_eval: Eval) -> ItemSchema:
    """What the eval's items must fit.

    Raises:
        InvalidSchema: the eval was imported with a schema that cannot be used here.
    """
    try:
        return compile_item_schema(item_schema_of(an_eval.data_source_config))
    except SchemaInvalid as problem:
        raise InvalidSchema(
            f"The eval was imported with an item schema that cannot be used here: {problem.reason}."
        ) from None


async def check_file(context: Context, blob_id: str, schema: ItemSchema) -> int:
    """Checks a file's rows from its beginning while there is time; returns the bytes checked.

    Raises:
        InvalidRow: a line is no row that fits the schema; the sentence names the line.
    """
    checker = _FileChecker(context, schema)
    async for chunk in context.blobs.read(blob_id):
        if not await context.cpu.run(partial(checker.check, chunk)):
            return checker.checked_bytes
    await context.cpu.run(checker.check_rest)
    return checker.checked_bytes


class _FileChecker:
    """Goes through a file's lines until its time is up."""

    def __init__(self, context: Context, schema: ItemSchema) -> None:
        self.checked_bytes = 0
        self._splitter = LineSplitter(most_bytes=context.max_row_bytes)
        self._schema = schema
        self._clock = context.clock
        self._until = context.clock.monotonic() + CHECK_BUDGET_S

    def check(self, chunk: bytes) -> bool:
        """Whether there was time for every line of the chunk."""
        try:
            lines = self._splitter.feed(chunk)
        except LineTooLong as error:
            message = f"Of the file, {error}, which is the most a row may have."
            raise InvalidRow(message, param="data_source.source.id") from None
        for line in lines:
            self._check_line(line.number, line.text)
            self.checked_bytes = line.offset + len(line.text)
            if self._clock.monotonic() > self._until:
                return False
        return True

    def check_rest(self) -> None:
        """Checks a last line that has no newline."""
        for line in self._splitter.end():
            self._check_line(line.number, line.text)
            self.checked_bytes = line.offset + len(line.text)

    def _check_line(self, number: int, text: bytes) -> None:
        problem = problem_of(row_of_text(text), self._schema)
        if problem is not None:
            sentence = describe(problem, where=f"Line {number} of the file")
            raise InvalidRow(sentence, param="data_source.source.id")
