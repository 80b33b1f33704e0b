"""Server-sent events: cut out of a stream whole, read, and written."""

import re

from pydantic import JsonValue

from evald.domain import exact_json

MAX_EVENT_BYTES = 32 * 1024 * 1024
"""An event that has not ended by then is not waited for."""

DONE = b"data: [DONE]\n\n"
"""What ends a stream of chat completions."""

_BLANK_LINE = re.compile(rb"(?>\r\n|\n|\r)(?>\r\n|\n|\r)")
_LINE_END = re.compile(rb"\r\n|\n|\r")


class EventTooLong(Exception):
    """An event of a stream is longer than any is waited for."""


class EventSplitter:
    """Cuts a stream into its events, byte for byte: joined, they are what was fed."""

    def __init__(self, max_bytes: int = MAX_EVENT_BYTES) -> None:
        self._pending = bytearray()
        self._searched = 0
        self._has_returns = False
        self._max_bytes = max_bytes

    def feed(self, chunk: bytes) -> list[bytes]:
        """The events that are whole now, each with the blank line that ends it.

        Raises:
            EventTooLong: the one that is not is too long to be waited for.
        """
        pending = self._pending
        pending += chunk
        self._has_returns = self._has_returns or b"\r" in chunk
        events, begin, search = [], 0, self._searched
        while (end := self._event_end(search)) > 0:
            events.append(bytes(pending[begin:end]))
            begin = search = end
        if begin:
            del pending[:begin]
        if len(pending) > self._max_bytes:
            raise EventTooLong
        # The last bytes may be the beginning of a blank line.
        self._searched = max(len(pending) - 3, 0)
        return events

    def _event_end(self, begin: int) -> int:
        """Where the first event ends whose end is behind `begin`; 0 where none does."""
        if self._has_returns:
            found = _BLANK_LINE.search(self._pending, begin)
            return 0 if found is None else found.end()
        # Nearly every stream, and a hundred times as fast as the pattern.
        at = self._pending.find(b"\n\n", begin)
        return 0 if at < 0 else at + 2

    def rest(self) -> bytes:
        """What came after the last whole event."""
        return bytes(self._pending)


def event_data(event: bytes) -> bytes:
    """The data of an event; of several lines of it, with line feeds between them."""
    is_one_line = event.startswith(b"data: ") and event.find(b"\n") == len(event) - 2
    if is_one_line and event.endswith(b"\n\n") and b"\r" not in event:
        return event[6:-2]  # nearly every event
    lines = [_data_of(line) for line in _LINE_END.split(event)]
    return b"\n".join(line for line in lines if line is not None)


def _data_of(line: bytes) -> bytes | None:
    field, _, value = line.partition(b":")
    if field != b"data":
        return None
    return value[1:] if value.startswith(b" ") else value


def is_done(event: bytes) -> bool:
    """Whether this event ends a stream of chat completions."""
    return b"[DONE]" in event and event_data(event).strip() == b"[DONE]"


def data_event(value: JsonValue, *, name: str | None = None) -> bytes:
    """The event of this data, and of this name if it has one."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {exact_json.dump(value)}\n\n".encode()
