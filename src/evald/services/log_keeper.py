"""The log keeper: writes down what came through the gateway, many at a time, and what it cost."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from operator import add, attrgetter

from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.errors import LogNotKept
from evald.domain.logs.terms import LogKind
from evald.ports.clock import Clock
from evald.ports.kept import StoredLog, UsageEntry
from evald.ports.metrics import NO_METRICS, Metrics
from evald.ports.store import Store
from evald.ports.traces import NO_TRACES, Traces
from evald.wire.ids import IdPrefix

_log = logging.getLogger("evald.logs")

MAX_BATCH = 256
MAX_BATCH_CHARACTERS = 32 * 1024 * 1024
"""As much is written in one transaction at most; a log that is larger has one of its own."""

PATIENCE_S = 30.0
"""So long whoever waits for a commit waits at most."""

FLUSH_S = 1.0
"""So long after a call its usage is written, at most."""

PAUSE_S = 5.0
"""How long the usage waits after the store failed it."""

_Spender = tuple[str, str, str, str, int]
"""Project, key, model, route and day: all that an entry says besides what was spent."""

_spent = attrgetter("calls", "untold", "input_tokens", "cached_tokens", "output_tokens")
"""What was spent, in the order of an entry's fields."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A log that is to be kept, what it cost, and who waits for it."""

    log: StoredLog
    usage: UsageEntry | None
    kept: asyncio.Future[StoredLog]


class LogKeeper:
    """Keeps logs for a serving process. Those who come while a commit runs share the next one."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        metrics: Metrics = NO_METRICS,
        *,
        traces: Traces = NO_TRACES,
    ) -> None:
        """Begins with nothing to keep."""
        self._metrics = metrics
        self._traces = traces
        self._store = store
        self._clock = clock
        self._waiting: deque[_Waiting] = deque()
        self._writing: asyncio.Task[None] | None = None
        self._claimed: set[str] = set()
        self._noted: dict[_Spender, tuple[int, ...]] = {}
        self._has_noted = asyncio.Event()
        self._flushing: asyncio.Task[bool] | None = None

    async def keep(self, log: StoredLog, usage: UsageEntry | None = None) -> StoredLog:
        """The log as it is kept, after the commit; what it cost is added in the same transaction.

        A log whose id is taken, or empty, has got one of ours, in its body too. Whoever does not
        wait for the end may find it kept nevertheless.

        Raises:
            LogNotKept: the store did not take it, or not in time.
        """
        if usage is not None:
            self._trace(usage)
        kept: asyncio.Future[StoredLog] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(log, usage, kept))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await kept
        except TimeoutError:
            _log.error("log_not_kept log=%s after=%.0fs", log.id, PATIENCE_S)
            raise LogNotKept from None

    async def claim(self, kind: LogKind, log_id: str) -> str:
        """The id that a log of this one will have: it, or one of ours where it is taken or empty.

        Until it is released it is given to no other, so that an answer can be passed on before it
        is whole. Other processes know nothing of it.

        Raises:
            LogNotKept: the store cannot be asked.
        """
        claimed = log_id
        if not log_id or log_id in self._claimed or await self._is_taken(log_id):
            claimed = self.new_id(kind)
        self._claimed.add(claimed)
        return claimed

    def release(self, log_id: str) -> None:
        """The id is claimed no longer."""
        self._claimed.discard(log_id)

    def new_id(self, kind: LogKind) -> str:
        """An id of ours for a log of this kind."""
        is_response = kind == "response"
        return self._clock.new_id(IdPrefix.RESPONSE if is_response else IdPrefix.CHAT_COMPLETION)

    def note_usage(self, entry: UsageEntry) -> None:
        """The entry is added to the ledger a second later at most, unless the process is killed."""
        self._trace(entry)
        self._count_tokens(entry)
        self._note(entry)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """While the block lasts, usage is written down; at its end, all that is left."""
        task = asyncio.create_task(self._keep_flushing())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            begun = [each for each in (self._writing, self._flushing) if each is not None]
            if begun:
                await asyncio.wait(begun)
            await self._flush()

    def _trace(self, entry: UsageEntry) -> None:
        """The span of the request says which model was called through the gateway, and its cost."""
        self._traces.note(
            {
                "gen_ai.request.model": entry.model,
                "gen_ai.usage.input_tokens": entry.input_tokens,
                "gen_ai.usage.output_tokens": entry.output_tokens,
            }
        )

    def _count_tokens(self, entry: UsageEntry) -> None:
        self._metrics.tokens.add(
            entry.model,
            given=entry.input_tokens,
            cached=entry.cached_tokens,
            made=entry.output_tokens,
        )

    def _note(self, entry: UsageEntry) -> None:
        spender = (entry.project_id, entry.key_id, entry.model, entry.route, entry.day)
        spent = _spent(entry)
        noted = self._noted.get(spender)
        self._noted[spender] = spent if noted is None else tuple(map(add, noted, spent))
        self._has_noted.set()

    async def _is_taken(self, log_id: str) -> bool:
        try:
            async with self._store.snapshot() as tx:
                return await tx.logs.find(log_id) is not None
        except Exception:  # noqa: BLE001 - an outermost loop
            # As with a commit, whatever is wrong with the store is said to whom it concerns.
            _log.exception("log_not_sought log=%s", log_id)
            raise LogNotKept from None

    async def _write_all(self) -> None:
        while self._waiting:
            batch = self._next_batch()
            if not await self._has_written(batch) and len(batch) > 1:
                # One that the store does not take is not to take others along.
                for each in batch:
                    if not each.kept.done():
                        await self._has_written([each])
            for each in batch:
                if not each.kept.done():
                    each.kept.set_exception(LogNotKept())

    async def _has_written(self, batch: Sequence[_Waiting]) -> bool:
        try:
            await self._write(batch)
        except Exception:  # noqa: BLE001 - an outermost loop
            # An outermost loop: those who wait are told, and those who follow get their turn.
            _log.exception("logs_not_kept logs=%d", len(batch))
            return False
        return True

    def _next_batch(self) -> list[_Waiting]:
        """The next to be written, in the order in which they came."""
        batch: list[_Waiting] = []
        size = 0
        while self._waiting and len(batch) < MAX_BATCH:
            size += _size(self._waiting[0].log)
            if batch and size > MAX_BATCH_CHARACTERS:
                break
            each = self._waiting.popleft()
            if not each.kept.done():  # nobody waits for it any more
                batch.append(each)
        return batch

    async def _write(self, batch: Sequence[_Waiting]) -> None:
        async with self._store.transaction() as tx:
            named = [each.log if each.log.id else self._renamed(each.log) for each in batch]
            logs = await tx.logs.keep(named, self._renamed)
            await tx.usage.add([each.usage for each in batch if each.usage is not None])
        for each, log in zip(batch, logs, strict=True):
            self._metrics.logs_stored.count(log.kind)
            if each.usage is not None:
                self._count_tokens(each.usage)
            if not each.kept.done():
                each.kept.set_result(log)

    def _renamed(self, log: StoredLog) -> StoredLog:
        new_id = self.new_id(log.kind)
        return replace(log, id=new_id, body=with_id(log.body, new_id))

    async def _keep_flushing(self) -> None:
        while True:
            await self._has_noted.wait()
            await self._clock.sleep(FLUSH_S)
            # What has begun is not canceled, lest nobody knew whether it is written.
            self._flushing = asyncio.create_task(self._flush())
            if not await asyncio.shield(self._flushing):
                await self._clock.sleep(PAUSE_S)

    async def _flush(self) -> bool:
        """What was noted is written down; says whether it is, and otherwise it is noted still."""
        entries = [UsageEntry(*spender, *spent) for spender, spent in self._noted.items()]
        self._noted.clear()
        self._has_noted.clear()
        if not entries:
            return True
        try:
            async with self._store.transaction() as tx:
                await tx.usage.add(entries)
        except Exception:  # noqa: BLE001 - an outermost loop
            # The store may be away for a moment; nothing is lost while this process lives.
            _log.exception("usage_not_kept entries=%d", len(entries))
            for entry in entries:
                self._note(entry)
            return False
        return True


def with_id(body: str, new_id: str) -> str:
    """The JSON object of this text with another id, or with one."""
    value = exact_json.DECODER.decode(body)
    renamed: dict[str, JsonValue] = {**value, "id": new_id}
    return exact_json.dump(renamed)


def _size(log: StoredLog) -> int:
    return len(log.body) + len(log.request or "")
