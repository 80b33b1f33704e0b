"""What the entries of a stream of logs hold: logs, what cannot be read, and what is passed over."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.log_reading.entries import Entry
from evald.domain.log_reading.objects import is_pair, read_object, read_pair
from evald.domain.logs.read_log import Body, LogUnreadable, ReadLog, shown
from evald.domain.telemetry.chat_spans import is_export, read_span, spans_of

_ESCAPED_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_HALF_CHARACTER: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Bad:
    """An entry, or a part of one, that is no log: why, after "it …", and its id, if it has one."""

    reason: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Passed:
    """What has a place in an export and is no log: a span that is no call of a chat model."""


Found = ReadLog | Bad | Passed


def read_entry(entry: Entry, *, most_bytes: int) -> list[Found]:
    """What an entry holds: mostly one log; a list or an export may hold many, or none.

    Args:
        entry: the entry.
        most_bytes: what its text may have at most, for the sentence.
    """
    if entry.text is None:
        return [Bad(f"has more than {most_bytes:,} bytes, the most that is read as one")]
    try:
        value = exact_json.parse(entry.text.decode())
    except UnicodeDecodeError as fault:
        return [Bad(f"is not UTF-8 (byte {fault.start})")]
    except ValueError as fault:
        message = str(fault)
        is_ours = message.startswith(("is ", "holds "))
        return [Bad(message if is_ours else f"is not JSON: {message}")]
    found = list(_found(value))
    # Looked at after reading: half a character may also stand in a text of JSON inside of it.
    return [*map(_whole, found)] if _ESCAPED_SURROGATE.search(entry.text) else found


def _found(value: JsonValue) -> Iterator[Found]:
    if isinstance(value, list):
        yield from map(_of_list, value)
    elif not isinstance(value, dict):
        yield Bad("is no object")
    elif is_export(value):
        for span in spans_of(value):
            yield _attempt(partial(read_span, span), _span_id(span.span))
    elif value.get("object") == "list" and isinstance(listed := value.get("data"), list):
        yield from map(_of_list, listed)
    else:
        yield _of_list(value)


def _of_list(value: JsonValue) -> Found:
    if not isinstance(value, dict):
        return Bad("is no object")
    log_id = value.get("id")
    read = read_pair if is_pair(value) else read_object
    return _attempt(partial(read, value), log_id if isinstance(log_id, str) else None)


def _attempt(read: Callable[[], ReadLog | None], named: str | None) -> Found:
    try:
        return read() or Passed()
    except LogUnreadable as problem:
        return Bad(str(problem), None if named is None else shown(named))


def _span_id(span: Body) -> str | None:
    span_id = span.get("spanId")
    return span_id if isinstance(span_id, str) else None


def _whole(found: Found) -> Found:
    """What was found, unless it holds half a character, which no store takes."""
    if not isinstance(found, ReadLog):
        return found
    told: list[JsonValue] = [found.body, found.request, dict(found.metadata), found.model]
    if not _has_half_character(told):
        return found
    reason = "holds an unpaired surrogate (\\ud800 to \\udfff), which is no character"
    return Bad(reason, shown(found.id) or None)


def _has_half_character(value: JsonValue) -> bool:
    if isinstance(value, str):
        return _HALF_CHARACTER.search(value) is not None
    if isinstance(value, dict):
        return any(_has_half_character(key) or _has_half_character(v) for key, v in value.items())
    return any(map(_has_half_character, value)) if isinstance(value, list) else False
