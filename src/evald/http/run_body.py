"""The body of POST …/runs, read as a stream: rows go on as they come, the rest is kept."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from pydantic import JsonValue

from evald.domain.errors import BodyTooLarge, InvalidRow, InvalidType, InvalidValue
from evald.http.json_stream import JsonStream, ValueTooLong
from evald.http.parsing import MAX_OBJECT_BYTES
from evald.services.row_intake import InlineRow

BATCH_CHARACTERS = 65_536
"""Rows are handed on when they have as many characters together."""

CONTENT = ("data_source", "source", "content")
"""Where the rows stand."""

MAX_MEMBERS = 1_000
"""The objects on the way to the rows have so many members at most, together."""

AddRows = Callable[[list[InlineRow]], Awaitable[None]]


async def read_run_body(
    chunks: AsyncIterator[bytes], *, add: AddRows, max_row_bytes: int
) -> dict[str, JsonValue]:
    """The body with the list at `data_source.source.content` empty; its rows went to `add`.

    Rows are handed on in order, some at a time, each on one line. No more is held than one row,
    one batch and the rest of the body. A `content` that is no list stays where it is.

    Raises:
        MalformedJson: the body is not JSON in UTF-8.
        InvalidType: it is no object.
        InvalidRow: a row is no object or too large.
        InvalidValue: the rows stand in the body twice.
        BodyTooLarge: what is not rows is too much.
    """
    return await _RunBody(JsonStream(chunks), add, max_row_bytes).read()


class _RunBody:
    """One reading of one body."""

    def __init__(self, stream: JsonStream, add: AddRows, max_row_bytes: int) -> None:
        self._stream = stream
        self._rows = _RowBatches(add, max_row_bytes)
        self._left = MAX_OBJECT_BYTES
        self._members = 0

    async def read(self) -> dict[str, JsonValue]:
        first = await self._stream.peek()
        if first == "":
            return {}
        if first in '["-0123456789tfn':
            raise InvalidType("The body must be a JSON object.")
        if first != "{":
            raise self._stream.malformed("Expecting an object")
        body = await self._object(0)
        if await self._stream.peek():
            raise self._stream.malformed("Extra data")
        return body

    async def _object(self, depth: int) -> dict[str, JsonValue]:
        """The object that begins here, and that holds `CONTENT[depth]` on the way to the rows."""
        stream = self._stream
        members: dict[str, JsonValue] = {}
        stream.at += 1
        separator = "" if await stream.peek() == "}" else ","
        while separator == ",":
            key = await self._key()
            self._count_member()
            if await stream.peek() != ":":
                raise stream.malformed("Expecting ':' delimiter")
            stream.at += 1
            members[key] = await self._member(key, depth)
            separator = await stream.peek()
            if separator not in {",", "}"}:
                raise stream.malformed("Expecting ',' delimiter")
            stream.at += separator == ","
        stream.at += 1
        return members

    def _count_member(self) -> None:
        self._members += 1
        if self._members > MAX_MEMBERS:
            raise InvalidValue(f"Besides its rows, a body may have {MAX_MEMBERS:,} fields at most.")

    async def _key(self) -> str:
        if await self._stream.peek() == '"':
            key = await self._whole()
            if isinstance(key, str):
                return key
        raise self._stream.malformed("Expecting property name enclosed in double quotes")

    async def _member(self, key: str, depth: int) -> JsonValue:
        first = await self._stream.peek()
        if key != CONTENT[depth]:
            return await self._whole()
        if self._rows.have_begun:
            name = ".".join(CONTENT[: depth + 1])
            raise InvalidValue(f"'{name}' is given twice.", param=name)
        if depth < len(CONTENT) - 1:
            return await (self._object(depth + 1) if first == "{" else self._whole())
        if first != "[":
            return await self._whole()
        await self._rows.read(self._stream)
        return []

    async def _whole(self) -> JsonValue:
        try:
            value = await self._stream.value(most=self._left)
        except ValueTooLong:
            message = f"Besides its rows, a body may have {MAX_OBJECT_BYTES:,} bytes at most."
            raise BodyTooLarge(message) from None
        self._left -= self._stream.at - self._stream.began
        return value


class _RowBatches:
    """The rows of a list, handed on in batches."""

    def __init__(self, add: AddRows, max_row_bytes: int) -> None:
        self.have_begun = False
        self._add = add
        self._max_row_bytes = max_row_bytes
        self._batch: list[InlineRow] = []
        self._characters = 0
        self._count = 0

    async def read(self, stream: JsonStream) -> None:
        """Reads the list of rows that begins here."""
        self.have_begun = True
        stream.at += 1
        separator = "" if await stream.peek() == "]" else ","
        while separator == ",":
            began = stream.at
            self._take(
                stream.objects_here(most=self._max_row_bytes), stream.text[began : stream.at]
            )
            row = await self._next_row(stream)
            self._take([row], row.text)
            if self._characters >= BATCH_CHARACTERS:
                await self._hand_on()
            separator = await stream.peek()
            if separator not in {",", "]"}:
                raise stream.malformed("Expecting ',' delimiter")
            stream.at += separator == ","
        stream.at += 1
        await self._hand_on()

    async def _next_row(self, stream: JsonStream) -> InlineRow:
        is_object = await stream.peek() == "{"
        try:
            value = await stream.value(most=self._max_row_bytes)
        except ValueTooLong:
            raise self._too_large() from None
        if not is_object:
            raise InvalidRow(f"'{self._name}' must be an object.", param=self._name)
        text = stream.text[stream.began : stream.at]
        if len(text.encode()) > self._max_row_bytes:
            raise self._too_large()
        return InlineRow(text, value)

    def _take(self, rows: list[InlineRow], text: str) -> None:
        """The rows join the batch; `text` holds them all."""
        if "\n" in text or "\r" in text:
            rows = [InlineRow(_on_one_line(row.text), row.value) for row in rows]
        self._batch += rows
        self._count += len(rows)
        self._characters += len(text)

    async def _hand_on(self) -> None:
        if self._batch:
            await self._add(self._batch)
        self._batch, self._characters = [], 0
        await asyncio.sleep(0)  # a body that comes faster than it is read must not hold the loop

    @property
    def _name(self) -> str:
        return f"{'.'.join(CONTENT)}[{self._count}]"

    def _too_large(self) -> BodyTooLarge:
        most = f"{self._max_row_bytes:,} bytes"
        message = f"'{self._name}' is larger than {most}, the most that a row may have."
        return BodyTooLarge(message, param=self._name)


def _on_one_line(text: str) -> str:
    """The row with spaces for line breaks: these are between tokens, as strings have none."""
    return text.replace("\n", " ").replace("\r", " ")
