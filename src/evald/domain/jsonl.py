"""JSONL: bytes to lines with their places, and a line to a row."""

from dataclasses import dataclass

from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.item_schema import ItemSchema, RowMisfit

BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank: its 1-based number, its place in the bytes, and its text."""

    number: int
    offset: int
    text: bytes


class LineTooLong(Exception):
    """A line has more bytes than a row may have."""

    def __init__(self, number: int, most: int) -> None:
        super().__init__(f"line {number} has more than {most} bytes")
        self.number = number


class LineSplitter:
    r"""Turns chunks of bytes, however they are cut, into lines.

    A byte order mark at the start, `\r` before `\n` and blank lines are passed over; blank lines
    count. The last line needs no newline.
    """

    def __init__(self, *, most_bytes: int, offset: int = 0, number: int = 1) -> None:
        """Begins at this offset, with this line number; no line may be longer than that."""
        self._most_bytes = most_bytes
        self._offset = offset
        self._number = number
        self._rest: list[bytes] = []
        self._rest_size = 0

    def feed(self, chunk: bytes) -> list[Line]:
        """The lines that end in this chunk.

        Raises:
            LineTooLong: a line is longer than it may be, whether or not it has ended.
        """
        *ended, rest = chunk.split(b"\n")
        if not ended:
            self._keep(rest)
            return []
        lines = [self._line(b"".join([*self._rest, ended[0]]))]
        self._rest, self._rest_size = [], 0
        lines += [self._line(text) for text in ended[1:]]
        self._keep(rest)
        return [line for line in lines if line is not None]

    def end(self) -> list[Line]:
        """The last line, if it had no newline and is not blank."""
        line = self._line(b"".join(self._rest))
        self._rest, self._rest_size = [], 0
        return [] if line is None else [line]

    def _keep(self, rest: bytes) -> None:
        self._rest.append(rest)
        self._rest_size += len(rest)
        if self._rest_size > self._most_bytes:
            raise LineTooLong(self._number, self._most_bytes)

    def _line(self, text: bytes) -> Line | None:
        number, offset = self._number, self._offset
        if len(text) > self._most_bytes:
            raise LineTooLong(number, self._most_bytes)
        self._number += 1
        self._offset += len(text) + 1
        if offset == 0 and text.startswith(BOM):
            text, offset = text[len(BOM) :], len(BOM)
        stripped = text.strip()
        return Line(number, offset, stripped) if stripped else None


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a data source: its item, and the sample that came with it (None: none did)."""

    item: JsonValue
    sample: JsonValue = None


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why a row cannot be used: where in it (a JSON pointer, "" for all of it), and what."""

    pointer: str
    reason: str


def row_of_text(text: bytes) -> Row | RowProblem:
    """The row of a line."""
    try:
        value = exact_json.parse(text.decode())
    except UnicodeDecodeError as error:
        return RowProblem("", f"is not UTF-8 (byte {error.start})")
    except ValueError as error:
        return RowProblem("", f"is not JSON: {error}")
    return row_of_value(value)


def row_of_value(value: JsonValue) -> Row | RowProblem:
    """The row that a JSON value is: an object whose `item` is an object."""
    if not isinstance(value, dict):
        return RowProblem("", "must be an object with an 'item'")
    if "item" not in value:
        return RowProblem("", "has no 'item'; a row is an object such as {\"item\": {…}}")
    if not isinstance(value["item"], dict):
        return RowProblem("/item", "must be an object")
    return Row(value["item"], value.get("sample"))


def problem_of(row: Row | RowProblem, schema: ItemSchema) -> RowProblem | None:
    """Why the row cannot be used with this item schema, or None if it can.

    A row whose check ran out of its bound can be used: it will be that item's error.
    """
    if isinstance(row, RowProblem):
        return row
    misfit = schema.misfit(row.item)
    if isinstance(misfit, RowMisfit):
        return RowProblem(f"/item{misfit.pointer}", misfit.reason)
    return None


def describe(problem: RowProblem, *, where: str) -> str:
    """The sentence about a problem, such as "Line 3 at /item/label: …"."""
    place = f" at {problem.pointer}" if problem.pointer else ""
    joint = ":" if problem.pointer.startswith("/item/") else ""
    return f"{where}{place}{joint} {problem.reason}."
