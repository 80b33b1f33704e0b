"""CSV: bytes to rows, each an item of its columns, with line numbers in errors."""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from evald.domain import exact_json

BOM = "\ufeff"

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_INTEGER = re.compile(r"-?(?:0|[1-9]\d*)")
_BOOLEANS = {"true": True, "false": False}


class CsvProblem(Exception):
    """The bytes are no CSV with a header; the message says where, and what is wrong."""


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One row: the 1-based line it begins on, and its item by column."""

    line: int
    item: dict[str, JsonValue]


class CsvReader:
    """Turns chunks of bytes, however they are cut, into rows.

    The first line that is not blank is the header. Cells are texts; a column that the item schema
    calls a number, an integer or a boolean is read as one where its cell is written as one. Blank
    lines are passed over; quotes may hold commas, quotes (doubled) and line breaks. Separated by
    commas only.

    Source: RFC 4180; that cells are texts is ours (Azure's `csv` source does not say).
    """

    def __init__(self, item_schema: JsonValue, *, most_bytes: int) -> None:
        """No row may have more bytes than that."""
        self._types = _types(item_schema)
        self._most_bytes = most_bytes
        self._header: list[str] | None = None
        self._rest = b""
        self._record: list[bytes] = []
        self._record_size = 0
        self._is_quoted = False
        self._line = 1
        self._record_line = 1

    def feed(self, chunk: bytes) -> list[CsvRow]:
        """The rows that end in this chunk.

        Raises:
            CsvProblem: the header or a row cannot be used.
        """
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        rows = [row for line in lines for row in self._take(line)]
        if len(self._rest) > self._most_bytes:
            raise CsvProblem(self._too_long())
        return rows

    def end(self) -> list[CsvRow]:
        """The last row, if its line had no end.

        Raises:
            CsvProblem: it cannot be used, or a quote was never closed.
        """
        rows = list(self._take(self._rest)) if self._rest else []
        if self._record:
            raise CsvProblem(f"Line {self._record_line} has a quote that is never closed.")
        if self._header is None:
            raise CsvProblem("The file is empty; its first line must name the columns.")
        return rows

    def _take(self, line: bytes) -> Iterator[CsvRow]:
        self._record.append(line)
        self._record_size += len(line) + 1
        if self._record_size > self._most_bytes + 1:
            raise CsvProblem(self._too_long())
        self._is_quoted ^= line.count(b'"') % 2 == 1
        self._line += 1
        if self._is_quoted:
            return
        record, at = b"\n".join(self._record), self._record_line
        self._record, self._record_size, self._record_line = [], 0, self._line
        cells = _cells(record, at)
        if not cells:
            return
        if self._header is None:
            self._header = _header(cells, at)
        else:
            yield CsvRow(at, self._item(cells, at))

    def _item(self, cells: list[str], line: int) -> dict[str, JsonValue]:
        header = self._header or []
        if len(cells) != len(header):
            raise CsvProblem(
                f"Line {line} has {len(cells)} cells, and the header has {len(header)}."
            )
        return {
            name: _value(cell, self._types.get(name))
            for name, cell in zip(header, cells, strict=True)
        }

    def _too_long(self) -> str:
        return f"Line {self._record_line} has more than {self._most_bytes} bytes."


def _cells(record: bytes, line: int) -> list[str]:
    try:
        text = record.decode()
    except UnicodeDecodeError as error:
        raise CsvProblem(f"Line {line} is not UTF-8 (byte {error.start}).") from None
    text = text.removeprefix(BOM) if line == 1 else text
    if not text.strip():
        return []
    try:
        return next(csv.reader(text.splitlines(keepends=True), strict=True))
    except (csv.Error, StopIteration) as error:
        raise CsvProblem(f"Line {line} is no CSV: {error}.") from None


def _header(cells: list[str], line: int) -> list[str]:
    names = [cell.strip() for cell in cells]
    for place, name in enumerate(names):
        if not name:
            raise CsvProblem(f"Line {line}, the header, names no column {place + 1}.")
        if name in names[:place]:
            raise CsvProblem(f"Line {line}, the header, names the column '{name}' twice.")
    return names


def _types(item_schema: JsonValue) -> Mapping[str, JsonValue]:
    properties = item_schema.get("properties") if isinstance(item_schema, dict) else None
    if not isinstance(properties, dict):
        return {}
    return {name: each.get("type") for name, each in properties.items() if isinstance(each, dict)}


def _value(cell: str, kind: JsonValue) -> JsonValue:
    match kind:
        case "integer" if _INTEGER.fullmatch(cell):
            return exact_json.parse(cell)
        case "number" if _NUMBER.fullmatch(cell):
            return exact_json.parse(cell)
        case "boolean" if cell.lower() in _BOOLEANS:
            return _BOOLEANS[cell.lower()]
        case _:
            return cell
