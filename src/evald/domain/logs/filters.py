"""Which logs are wanted: of which terms, of which time."""

from dataclasses import dataclass
from typing import Literal

from evald.domain.logs.terms import Term


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What a log must be to be wanted; without anything, every log is.

    It has every term of `all_of`, and of each group in `any_of` at least one: no log has any of an
    empty group. Both bounds are in Unix seconds and belong to what is wanted.
    """

    all_of: tuple[Term, ...] = ()
    any_of: tuple[tuple[Term, ...], ...] = ()
    created_after: int | None = None
    created_before: int | None = None


EVERY_LOG = LogFilter()


@dataclass(frozen=True, slots=True)
class LogPlace:
    """Where a log stands in the order of logs: its second, then the store's number of it."""

    created: int
    seq: int


@dataclass(frozen=True, slots=True)
class LogSpan:
    """A stretch of the order of logs: at most `most` of them beyond `after`, exclusive.

    With `most_bytes` it ends before the log that would make it larger, but for the first of them.
    `last_seq` leaves out what was inserted after that log, so that a long read sees what was there
    when it began. `since` is the first place that belongs to it.
    """

    most: int
    after: LogPlace | None = None
    since: LogPlace | None = None
    order: Literal["asc", "desc"] = "asc"
    last_seq: int | None = None
    most_bytes: int | None = None
