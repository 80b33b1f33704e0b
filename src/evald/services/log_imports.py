"""Logs from elsewhere: read from a stream, and kept in batches; what was there stays as it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from evald.domain.log_reading.entries import Entry, EntrySplitter
from evald.domain.log_reading.read_entries import Bad, Passed, read_entry
from evald.domain.logs.read_log import ReadLog, shown
from evald.ports.clock import Clock
from evald.ports.cpu import Cpu
from evald.ports.kept import StoredLog
from evald.ports.store import Store, Transaction
from evald.services.imported_logs import is_same, refusal, stored_log
from evald.wire.log_imports import LogImport, LogProblem

BATCH_LOGS = 500
BATCH_BYTES = 8 * 1_048_576
"""How much is kept in one transaction, unless a single line holds more."""

MOST_PROBLEMS = 100
"""So many problems are listed; further ones are counted."""

PIECE_BYTES = 1_048_576
"""So much is read at once, since what was read is held until it is kept."""


@dataclass(frozen=True, slots=True)
class LogImportTools:
    """What an import of logs works with; `max_line_bytes` bounds one line, or one document."""

    store: Store
    clock: Clock
    cpu: Cpu
    max_line_bytes: int


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A log that is to be kept: the line it stands in, as it was read, and as it is kept."""

    line: int
    read: ReadLog
    log: StoredLog


@dataclass(frozen=True, slots=True)
class _BadLog:
    """What stands in a line and cannot be kept."""

    line: int
    bad: Bad


_Outcome = Literal["new", "there", "conflict"]


@dataclass(slots=True)
class LogIntake:
    """The logs of one stream, kept as they come; what was kept before a stream broke stays.

    A log whose id is taken is compared with what is there, which is never changed: importing
    twice changes nothing. With `is_dry` it only finds out what it would do; logs that stand in
    the stream twice count as new twice then.
    """

    tools: LogImportTools
    project_id: str
    is_dry: bool = False
    _splitter: EntrySplitter = field(init=False)
    _report: "_Report" = field(init=False)
    _batch: list[_Waiting] = field(init=False, default_factory=list)
    _batch_bytes: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        """Begins with nothing."""
        self._splitter = EntrySplitter(most_bytes=self.tools.max_line_bytes)
        self._report = _Report(is_dry=self.is_dry)

    async def feed(self, chunk: bytes) -> None:
        """Takes the next bytes of the stream."""
        for begin in range(0, len(chunk), PIECE_BYTES):
            piece = chunk[begin : begin + PIECE_BYTES]
            await self._take(await self.tools.cpu.run(partial(self._splitter.feed, piece)))

    async def end(self) -> LogImport:
        """What became of the stream, of which no more comes."""
        await self._take(self._splitter.end())
        await self._keep()
        return self._report.composed()

    async def _take(self, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        self._report.lines += len(entries)
        now = self.tools.clock.now()
        found = await self.tools.cpu.run(lambda: list(self._read(entries, now)))
        for each in found:
            match each:
                case Passed():
                    self._report.others += 1
                case _BadLog():
                    self._report.note_bad(each)
                case _Waiting():
                    await self._add(each)

    def _read(self, entries: Sequence[Entry], now: int) -> Iterator[_Waiting | _BadLog | Passed]:
        for entry in entries:
            for each in read_entry(entry, most_bytes=self.tools.max_line_bytes):
                match each:
                    case ReadLog():
                        yield self._waiting(entry.line, each, now)
                    case Bad():
                        yield _BadLog(entry.line, each)
                    case Passed():
                        yield each

    def _waiting(self, line: int, read: ReadLog, now: int) -> _Waiting | _BadLog:
        log = stored_log(read, self.project_id, now=now)
        reason = refusal(log)
        if reason is not None:
            return _BadLog(line, Bad(reason, shown(read.id) or None))
        return _Waiting(line, read, log)

    async def _add(self, waiting: _Waiting) -> None:
        self._batch.append(waiting)
        self._batch_bytes += len(waiting.log.body) + len(waiting.log.request or "")
        if len(self._batch) >= BATCH_LOGS or self._batch_bytes >= BATCH_BYTES:
            await self._keep()

    async def _keep(self) -> None:
        # All imports in one order, or two that cross one another would wait for one another.
        batch = sorted(self._batch, key=lambda each: (each.read.created or 0, each.log.id))
        self._batch, self._batch_bytes = [], 0
        if not batch:
            return
        store = self.tools.store
        async with store.snapshot() if self.is_dry else store.transaction() as tx:
            outcomes = await self._outcomes(tx, batch)
        for each, outcome in zip(batch, outcomes, strict=True):
            self._report.note(each, outcome)

    async def _outcomes(self, tx: Transaction, batch: list[_Waiting]) -> list[_Outcome]:
        logs = [each.log for each in batch]
        kept = [False] * len(logs) if self.is_dry else await tx.logs.insert(logs)
        there = [
            None if is_kept else await tx.logs.find(log.id)
            for log, is_kept in zip(logs, kept, strict=True)
        ]
        pairs = list(zip(batch, there, strict=True))
        return await self.tools.cpu.run(lambda: [_outcome(*pair) for pair in pairs])


def _outcome(waiting: _Waiting, there: StoredLog | None) -> _Outcome:
    """What a log is, in whose place this one is there already, or none."""
    if there is None:
        return "new"
    return "there" if is_same(there, waiting.log, waiting.read) else "conflict"


@dataclass(slots=True)
class _Report:
    """What became of the stream so far."""

    is_dry: bool
    lines: int = 0
    others: int = 0
    bad: int = 0
    unlisted: int = 0
    counts: dict[_Outcome, int] = field(
        default_factory=lambda: {"new": 0, "there": 0, "conflict": 0}
    )
    problems: list[LogProblem] = field(default_factory=list)

    def note(self, waiting: _Waiting, outcome: _Outcome) -> None:
        """This became of the log."""
        self.counts[outcome] += 1
        if outcome == "conflict":
            log_id = shown(waiting.log.id)
            message = f"Line {waiting.line}: '{log_id}' is here already with other content."
            self._list(LogProblem(line=waiting.line, id=log_id, code="conflict", message=message))

    def note_bad(self, found: _BadLog) -> None:
        """This cannot be kept."""
        self.bad += 1
        named = "" if found.bad.id is None else f" '{found.bad.id}'"
        message = f"Line {found.line}:{named or ' it'} {found.bad.reason}."
        self._list(LogProblem(line=found.line, id=found.bad.id, code="bad", message=message))

    def composed(self) -> LogImport:
        """The report as the API answers it."""
        return LogImport(
            dry_run=self.is_dry,
            lines=self.lines,
            new=self.counts["new"],
            there=self.counts["there"],
            conflicts=self.counts["conflict"],
            bad=self.bad,
            others=self.others,
            problems=sorted(self.problems, key=lambda each: each.line),
            unlisted=self.unlisted,
        )

    def _list(self, problem: LogProblem) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)
        else:
            self.unlisted += 1
