"""What is kept of calls to models: stored completions and responses, and what was spent."""

from collections.abc import Callable, Sequence
from typing import Protocol

from evald.domain.logs.filters import LogFilter, LogPlace, LogSpan
from evald.domain.logs.terms import LogKind
from evald.ports.kept import Page, StoredLog, UsageEntry
from evald.wire.pages import ListQuery


class LogTable(Protocol):
    """Stored chat completions and responses, by the time of their creation, then of insertion."""

    async def insert(self, logs: Sequence[StoredLog]) -> list[bool]:
        """The logs are kept, but for those whose id is taken; says of each whether it is.

        Ids are of all projects and both kinds together.
        """
        ...

    async def keep(
        self, logs: Sequence[StoredLog], renamed: Callable[[StoredLog], StoredLog]
    ) -> list[StoredLog]:
        """The logs are kept, each whose id is taken as it is `renamed`, perhaps in another thread.

        Returns a list that they are in, as they are kept, once the transaction is committed.
        """
        ...

    async def get(self, project_id: str, kind: LogKind, log_id: str) -> StoredLog | None:
        """The log, if it is there."""
        ...

    async def find(self, log_id: str) -> StoredLog | None:
        """The log of this id, whichever its project and kind."""
        ...

    async def page(
        self, project_id: str, kind: LogKind, *, wanted: LogFilter, query: ListQuery
    ) -> Page[StoredLog]:
        """A page of the logs that are wanted.

        Raises:
            CursorUnknown: `after` is no log of the project and kind.
        """
        ...

    async def following(
        self, project_id: str, kind: LogKind, *, wanted: LogFilter, span: LogSpan
    ) -> list[StoredLog]:
        """Those logs of the span that are wanted, in its order; empty at its end."""
        ...

    async def places(
        self, project_id: str, kind: LogKind, *, wanted: LogFilter, span: LogSpan
    ) -> list[LogPlace]:
        """The places of those logs, which are not read; `most_bytes` bounds nothing here."""
        ...

    async def last_seq(self) -> int:
        """The number of the log that was inserted last; 0 where there is none."""
        ...

    async def update_metadata(
        self, project_id: str, kind: LogKind, log_id: str, *, metadata: dict[str, str]
    ) -> StoredLog | None:
        """The log, whose metadata is now this; None where it is not there."""
        ...

    async def update_body(self, log_id: str, body: str) -> bool:
        """The answer of the log is now this; says whether it was there."""
        ...

    async def delete(self, project_id: str, kind: LogKind, log_id: str) -> bool:
        """The log is gone, what it was found by and its messages too; says whether it was there."""
        ...

    async def delete_expired(self, *, created_before: int, most: int) -> int:
        """Up to `most` logs from before this second are gone; returns how many."""
        ...

    async def delete_beyond(self, *, max_bytes: int, most: int) -> int:
        """Of a project with more bytes of logs than this, up to `most`, the oldest, are gone.

        No more than it takes. Returns how many; 0 where no project has too many.
        """
        ...


class UsageTable(Protocol):
    """What was spent through the gateway."""

    async def add(self, entries: Sequence[UsageEntry]) -> None:
        """The entries are added to what is kept of their key, model, route and day."""
        ...

    async def between(
        self, project_id: str, *, first_day: int, last_day: int, most: int
    ) -> list[UsageEntry]:
        """What is kept of these days, both included, by day, model, key and route.

        At most `most` entries.
        """
        ...
