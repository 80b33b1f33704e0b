"""Which logs are wanted: of which terms, of which time."""

from collections.abc import Iterable
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


@dataclass(frozen=True, slots=True, order=True)
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

    def has_before(self, place: LogPlace, other: LogPlace) -> bool:
        """Whether the place comes before the other in the order of the span."""
        return place > other if self.order == "desc" else place < other


def is_within(place: LogPlace, wanted: LogFilter, span: LogSpan) -> bool:
    """Whether the log at this place is of the time that is wanted, and belongs to the span."""
    after, since = span.after, span.since
    return (
        (wanted.created_after is None or place.created >= wanted.created_after)
        and (wanted.created_before is None or place.created <= wanted.created_before)
        and (after is None or span.has_before(after, place))
        and (since is None or place >= since)
        and (span.last_seq is None or place.seq <= span.last_seq)
    )


def in_order(places: Iterable[LogPlace], span: LogSpan) -> list[LogPlace]:
    """The first of these places, in the order of the span, as many as it has room for."""
    return sorted(places, reverse=span.order == "desc")[: span.most]
