"""Where the JSON values of a stream of logs begin and end: one a line, or spread over lines."""

import re
from dataclasses import dataclass, field
from typing import Final

from evald.domain.jsonl import BOM

_OPENING: Final = re.compile(rb"\s*[\[{][\[{\s]*")
_TOKEN: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]')
_MAY_FOLLOW: Final = b",]}"


@dataclass(frozen=True, slots=True)
class Entry:
    """A JSON value, or what stands in its place: the 1-based line it begins in, and its text.

    `text` is None where it is longer than it may be.
    """

    line: int
    text: bytes | None


class EntrySplitter:
    r"""Turns chunks of bytes, however they are cut, into entries.

    A line is an entry. But a line of nothing than opening brackets begins a value that is spread
    over lines, as pretty-printed JSON is: it ends with the line that closes them, or where lines
    follow that can be no part of it. So what is broken off takes no other along. A byte order mark
    at the start, `\r` before `\n` and blank lines are passed over; blank lines count. The last line
    needs no newline.
    """

    def __init__(self, *, most_bytes: int) -> None:
        """Holds no more than that many bytes of an entry, and a chunk."""
        self._most_bytes = most_bytes
        self._line = 1
        self._rest: list[bytes] = []
        self._rest_bytes = 0
        self._spread: _Spread | None = None

    def feed(self, chunk: bytes) -> list[Entry]:
        """The entries that end in this chunk."""
        first, *others = chunk.split(b"\n")
        self._keep(first)
        found: list[Entry] = []
        for text in others:
            found += self._ended_line()
            self._keep(text)
        return found

    def end(self) -> list[Entry]:
        """The last entries, if they have not ended before."""
        found = self._ended_line()
        if self._spread is not None:
            found += self._spread.broken()
            self._spread = None
        return found

    def _keep(self, text: bytes) -> None:
        self._rest_bytes += len(text)
        if self._rest_bytes <= self._most_bytes:
            self._rest.append(text)

    def _ended_line(self) -> list[Entry]:
        text = b"".join(self._rest) if self._rest_bytes <= self._most_bytes else None
        line = self._line
        self._line += 1
        self._rest, self._rest_bytes = [], 0
        if text is not None and line == 1:
            text = text.removeprefix(BOM)
        return self._taken(Entry(line, text))

    def _taken(self, line: Entry) -> list[Entry]:
        found: list[Entry] = []
        if self._spread is not None and not self._spread.takes(line):
            found, self._spread = self._spread.broken(), None
        if self._spread is None:
            if line.text is None or not _OPENING.fullmatch(line.text):
                text = line.text and line.text.strip()
                return found if text == b"" else [*found, Entry(line.line, text)]
            self._spread = _Spread(line.line, self._most_bytes)
        self._spread.add(line)
        if self._spread.depth <= 0:
            found.append(self._spread.entry())
            self._spread = None
        return found


@dataclass(slots=True)
class _Spread:
    """A value over several lines, as far as it has come.

    `whole` is its last line, where that is a value by itself with no comma behind.
    """

    line: int
    most_bytes: int
    depth: int = 0
    whole: Entry | None = None
    _lines: list[bytes] = field(default_factory=list)
    _bytes: int = 0

    def takes(self, line: Entry) -> bool:
        """Whether the line can be a part of it: behind a whole value stand commas and brackets."""
        if self.whole is None or line.text is None:
            return True
        return line.text.strip()[:1] in _MAY_FOLLOW

    def add(self, line: Entry) -> None:
        """The line is a part of it."""
        if line.text is None:
            self._bytes, self.whole = self.most_bytes + 1, None
            return
        # A string ends in the line it begins in, so that each line has its brackets by itself.
        grown = 0
        for token in _TOKEN.finditer(line.text):
            grown += (token[0] in b"[{") - (token[0] in b"]}")
        self.depth += grown
        self._bytes += len(line.text) + 1
        if self._bytes <= self.most_bytes:
            self._lines.append(line.text)
        text = line.text.strip()
        if text:
            is_whole = grown == 0 and text[:1] in b"[{" and text[-1:] in b"]}"
            self.whole = Entry(line.line, text) if is_whole else None

    def entry(self) -> Entry:
        """All of it."""
        whole = self._bytes <= self.most_bytes
        return Entry(self.line, b"\n".join(self._lines) if whole else None)

    def broken(self) -> list[Entry]:
        """What it comes to where it does not end: the whole line at its end is one of its own."""
        return [self.entry()] if self.whole is None else [self.entry(), self.whole]
