"""JSON texts, one behind the other, that are read value by value while their bytes come in."""

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import JsonValue

from evald.domain.partial_json import is_cut, is_whole

_SPACE = re.compile(r"[ \t\n\r]*")
_MAX_INT = 18

MAX_VALUES = 10_000_000
"""What has more commas and brackets is too long to be held, since small values take much memory."""


class TextMalformed(Exception):
    """No more of the text can be read; the message says why, after "it …"."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A value that stands wholly in the text held, up to `end`. Numbers are only roughly right."""

    value: JsonValue
    end: int


def _rough_int(text: str) -> int:
    # Values are only looked at here; Python refuses very long ones, and takes long over them.
    return int(text) if len(text) <= _MAX_INT else 0


_DECODER = json.JSONDecoder(parse_int=_rough_int)
"""Takes NaN and infinities too, as some tools write them: what is wrong is an object, not all."""


class JsonText:
    """The text of a file, held only from where it is read to where it has come.

    A value that has not come wholly is tried again when at least twice as much of it is there, so
    that the cost stays in proportion to its length.
    """

    def __init__(self, pieces: Iterator[bytes], *, most_values: int = MAX_VALUES) -> None:
        """Reads the text of these bytes: UTF-8, or what a byte order mark says."""
        self.text = ""
        self.at = 0
        self._pieces = pieces
        self._most_values = most_values
        self._decoder: codecs.IncrementalDecoder | None = None
        self._has_ended = False
        self._line = 1
        self._counted = 0

    @property
    def line(self) -> int:
        """The 1-based line in which the reading is."""
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._line

    def peek(self) -> str:
        """The next character that is no white space; an empty string at the end."""
        while True:
            space = _SPACE.match(self.text, self.at)
            self.at = space.end() if space else self.at
            if self.at < len(self.text):
                return self.text[self.at]
            if self._has_ended:
                return ""
            self._read_on()

    def pass_over(self, character: str) -> None:
        """The next character, which must be this one, is behind.

        Raises:
            TextMalformed: it is another.
        """
        found = self.peek()
        if found != character:
            raise TextMalformed("ends too early" if not found else f"lacks a '{character}'")
        self.at += 1

    def plain(self, most: int) -> JsonValue:
        """The string, number or other value that begins here; the reading is behind it then.

        Args:
            most: how many characters it may have.

        Raises:
            TextMalformed: there is none, or a longer one.
        """
        if not self.peek():
            raise TextMalformed("ends too early")
        found = self.whole(most)
        if found is None:
            raise TextMalformed("holds a value that is too long")
        self.at = found.end
        return found.value

    def whole(self, most: int) -> Whole | None:
        """The value that begins here, which stays where it is; None if it is too long.

        Args:
            most: how many characters it may have.

        Raises:
            TextMalformed: there is no JSON value, or one that is nested too deep.
        """
        while True:
            value: JsonValue
            try:
                value, end = _DECODER.raw_decode(self.text, self.at)
            except json.JSONDecodeError as fault:
                if self._has_ended or not is_cut(self.text, fault):
                    raise TextMalformed(f"is not JSON: {fault.msg}") from None
            except RecursionError:
                raise TextMalformed("is nested too deep") from None
            else:
                if self._has_ended or is_whole(self.text, end):
                    return Whole(value, end) if end - self.at <= most else None
            if len(self.text) - self.at > most or self._values() > self._most_values:
                return None
            self._read_on()

    def next_line(self) -> bool:
        """Whether there is a line behind this one; if so, the reading is at its beginning."""
        while (found := self.text.find("\n", self.at)) < 0:
            self.at = len(self.text)
            if self._has_ended:
                return False
            try:
                self._read_on()
            except TextMalformed:  # what is no text has no lines
                return False
        self.at = found + 1
        return True

    def _values(self) -> int:
        return sum(self.text.count(each, self.at) for each in ",[{")

    def _read_on(self) -> None:
        """At least doubles what is there and not read, unless the text ends."""
        self._line += self.text.count("\n", self._counted, self.at)
        unread = self.text[self.at :]
        pieces, come = [unread], 0
        while not self._has_ended and come < max(1, len(unread)):
            pieces.append(self._piece())
            come += len(pieces[-1])
        self.text, self.at, self._counted = "".join(pieces), 0, 0

    def _piece(self) -> str:
        piece = next(self._pieces, b"")
        self._has_ended = not piece
        if self._decoder is None:
            self._decoder = codecs.getincrementaldecoder(json.detect_encoding(piece))()
        try:
            return self._decoder.decode(piece, self._has_ended)
        except UnicodeDecodeError as fault:
            raise TextMalformed(f"is no text: {fault.reason}") from None
