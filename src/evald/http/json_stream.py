"""JSON text that is decoded value by value while its bytes come in."""

import codecs
import json
import re
from collections.abc import AsyncIterator

from pydantic import JsonValue

from evald.domain.errors import MalformedJson
from evald.domain.exact_json import (
    CHECKING_DECODER,
    DECODER,
    is_dense,
    refuse_depth,
    refuse_many,
)
from evald.domain.partial_json import is_cut, is_whole
from evald.services.row_intake import InlineRow

PIECE_BYTES = 32_768
"""As many bytes are turned into text at a time."""

_SPACE = re.compile(r"[ \t\n\r]*")
_COMMA = re.compile(r"[ \t\n\r]*,[ \t\n\r]*")
_WIDEST = 4
"""A character has as many bytes in UTF-8 at most."""


class ValueTooLong(Exception):
    """A value has more characters than it may."""


class JsonStream:
    """A JSON text that is read from its beginning to its end and held only where it is read.

    A value that has not come wholly is tried again when at least twice as much of it is there, so
    that the cost stays in proportion to its length.
    """

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        """Reads the text that these bytes are in UTF-8; a byte order mark is passed over."""
        self.text = ""
        self.at = 0
        self.began = 0
        self._passed = 0
        self._chunks = chunks
        self._chunk = memoryview(b"")
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._has_ended = False
        self._is_dense = False

    async def peek(self) -> str:
        """The next character that is no white space; an empty string at the end."""
        while True:
            space = _SPACE.match(self.text, self.at)
            self.at = space.end() if space else self.at
            if self.at < len(self.text):
                return self.text[self.at]
            if self._has_ended:
                return ""
            await self._read_on()

    async def value(self, *, most: int) -> JsonValue:
        """The value that begins here; afterwards it is the text from `began` to `at`.

        Args:
            most: how many characters it may have.

        Raises:
            MalformedJson: there is no JSON value, or one nested too deep, or of too many values.
            ValueTooLong: it has more than `most` characters.
        """
        while True:
            value: JsonValue
            if self._is_dense:
                self._refuse_many()
            try:
                value, end = DECODER.raw_decode(self.text, self.at)
            except json.JSONDecodeError as fault:
                if self._has_ended or not is_cut(self.text, fault):
                    raise self.malformed(fault.msg, at=fault.pos) from None
            except RecursionError:
                raise self.malformed("Nested too deep") from None
            except ValueError as fault:
                raise self.malformed(str(fault)) from None
            else:
                if self._has_ended or is_whole(self.text, end):
                    self._refuse_above(most, end - self.at)
                    self._refuse_depth(value, end)
                    self.began, self.at = self.at, end
                    return value
            self._refuse_above(most, len(self.text) - self.at)
            await self._read_on()

    def objects_here(self, *, most: int) -> list[InlineRow]:
        """The objects that stand here wholly; their commas are passed over.

        This is the fast way through a list of objects. It stops before the first thing that is not
        an object, or not whole, or wrong in any way, or perhaps of more than `most` bytes: `value`
        finds out what it is.
        """
        found: list[InlineRow] = []
        text, at = self.text, self.at
        if self._is_dense:
            return found  # an object in it may hold too many values
        while text.startswith("{", at):
            try:
                value, end = CHECKING_DECODER.raw_decode(text, at)
                own = text[at:end]
                opened = own.count("{") + (own.count("[") if "[" in own else 0)
                refuse_depth(value, brackets=opened)
            except (ValueError, RecursionError):
                break
            comma = _COMMA.match(text, end)
            if comma is None or len(own) * _WIDEST > most:
                break
            found.append(InlineRow(own, value))
            at = comma.end()
        self.at = at
        return found

    def malformed(self, message: str, *, at: int | None = None) -> MalformedJson:
        """The refusal of the text, because of what stands at `at` (here, if not given)."""
        place = self._passed + (self.at if at is None else at)
        return MalformedJson(f"The body is not JSON: {message} (character {place}).")

    def _refuse_above(self, most: int, size: int) -> None:
        if size > most:
            raise ValueTooLong

    def _refuse_many(self) -> None:
        try:
            refuse_many(self.text, self.at)
        except ValueError as fault:
            raise self.malformed(f"It {fault}") from None

    def _refuse_depth(self, value: JsonValue, end: int) -> None:
        opened = self.text.count("[", self.at, end) + self.text.count("{", self.at, end)
        try:
            refuse_depth(value, brackets=opened)
        except ValueError as fault:
            raise self.malformed(f"It {fault}") from None

    async def _read_on(self) -> None:
        """At least doubles what is there and not read, unless the text ends."""
        unread = self.text[self.at :]
        pieces, come = [unread], 0
        while not self._has_ended and come < max(1, len(unread)):
            pieces.append(await self._piece())
            come += len(pieces[-1])
        self._passed += self.at
        self.text, self.at = "".join(pieces), 0
        self._is_dense = is_dense(self.text)

    async def _piece(self) -> str:
        if not self._chunk:
            try:
                self._chunk = memoryview(await anext(self._chunks))
            except StopAsyncIteration:
                self._has_ended = True
        piece, self._chunk = self._chunk[:PIECE_BYTES], self._chunk[PIECE_BYTES:]
        try:
            return self._decoder.decode(bytes(piece), self._has_ended)
        except UnicodeDecodeError as fault:
            raise MalformedJson(f"The body is not UTF-8: {fault.reason}.") from None
