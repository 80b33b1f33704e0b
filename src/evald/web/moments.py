"""Moments as people type them, read as Unix seconds."""

import re
from datetime import UTC, datetime

_SECONDS = re.compile(r"[0-9]{1,15}")


def read_moment(text: str) -> int:
    """Unix seconds, or a date with or without a time, in UTC unless it names an offset.

    Raises:
        ValueError: the text is neither.
    """
    if _SECONDS.fullmatch(text):
        return int(text)
    moment = datetime.fromisoformat(text)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    seconds = int(aware.timestamp())
    if seconds < 0:
        raise ValueError("is before 1970")
    return seconds


def read_pair(text: str) -> tuple[str, str]:
    """A pair of metadata, written as `key=value`; spaces around either are not part of it.

    Raises:
        ValueError: there is no `=`, or no key.
    """
    key, mark, value = text.partition("=")
    if not mark or not key.strip():
        raise ValueError("is no key=value")
    return key.strip(), value.strip()
