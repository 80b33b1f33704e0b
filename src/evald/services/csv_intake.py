"""Rows of a CSV file on their way into a run: checked, and staged as JSONL."""

from collections.abc import Iterable
from functools import partial

from evald.domain import exact_json
from evald.domain.csv_rows import CsvProblem, CsvReader, CsvRow
from evald.domain.errors import InvalidRow
from evald.domain.item_schema import ItemSchema
from evald.domain.jsonl import Row, describe, problem_of
from evald.ports.kept import Rows
from evald.services.context import Context
from evald.services.row_intake import RowIntake
from evald.wire.data_source_configs import item_schema_of

PARAM = "data_source.source.id"


async def stage_csv(context: Context, blob_id: str, intake: RowIntake) -> Rows:
    """The rows of this CSV file, written to the intake's blob; every one of them is checked.

    Raises:
        InvalidRow: the file is no CSV with a header, or a row does not fit the item schema; the
            sentence names the line.
    """
    config = intake.eval.data_source_config
    reader = CsvReader(item_schema_of(config), most_bytes=context.max_row_bytes)
    size = 0
    async for chunk in context.blobs.read(blob_id):
        text = await context.cpu.run(partial(_text, reader, chunk, intake.schema))
        size += len(text)
        await intake.blob.write(text)
    last = await context.cpu.run(partial(_text, reader, None, intake.schema))
    await intake.blob.write(last)
    # Kept with the run: of the file there may be nothing left when the run gets a second chance.
    return Rows(intake.blob.id, inline=False, checked_bytes=size + len(last), logged=True)


def _text(reader: CsvReader, chunk: bytes | None, schema: ItemSchema) -> bytes:
    try:
        rows = reader.end() if chunk is None else reader.feed(chunk)
    except CsvProblem as problem:
        raise InvalidRow(str(problem), param=PARAM) from None
    return b"".join(_lines(rows, schema))


def _lines(rows: Iterable[CsvRow], schema: ItemSchema) -> Iterable[bytes]:
    for row in rows:
        problem = problem_of(Row(row.item), schema)
        if problem is not None:
            raise InvalidRow(describe(problem, where=f"Line {row.line} of the file"), param=PARAM)
        yield exact_json.dump({"item": row.item}).encode() + b"\n"
