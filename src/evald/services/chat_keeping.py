"""Keeping a chat completion while it is passed on."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.errors import ProviderBroken, RequestError
from evald.domain.logs.chat_assembly import ChatAssembly
from evald.domain.logs.server_events import data_event, event_data, is_done
from evald.domain.logs.terms import completion_terms, text_term
from evald.ports.clock import Clock
from evald.ports.kept import StoredLog
from evald.services.log_keeper import LogKeeper
from evald.services.relaying import Caller, Outgoing
from evald.services.usage_meter import DAY_S, UsageMeter, failure_event, writable

_log = logging.getLogger("evald.gateway")

MAX_KEPT_BYTES = 64 * 1024 * 1024
"""A larger answer is passed on and not kept."""

NOT_STORED = {"x-evald-stored": "false"}
"""What the head says of an answer that was to be stored and is not, where it can be known then."""

MAX_ID = 256
_FAILED = "its provider told of an error"
_TOO_LARGE = f"it is larger than {MAX_KEPT_BYTES:,} bytes"
_UNREADABLE = "it could not be read as a chat completion"


@dataclass(frozen=True, slots=True)
class ToKeep:
    """What is known of a chat completion before it is answered.

    `request` is the JSON text of what was asked, without `store` and `metadata`.
    """

    caller: Caller
    provider: str
    model: str
    metadata: dict[str, str]
    request: str


class ChatKeeper:
    """Reads a chat completion that is to be stored. Fulfils `evald.services.relaying.Reader`."""

    most_bytes = MAX_KEPT_BYTES

    def __init__(self, logs: LogKeeper, clock: Clock, asked: ToKeep, meter: UsageMeter) -> None:
        self._logs = logs
        self._clock = clock
        self._asked = asked
        self._meter = meter
        self._assembly = ChatAssembly()
        self._size = 0
        self._claimed: str | None = None
        self._given = ""  # the provider's own id
        self._not_kept = ""  # why
        self._is_kept = False

    def begin(self) -> None:
        """A call that is to be counted has begun."""
        self._meter.begin()

    def is_last(self, event: bytes) -> bool:
        """Whether the event is the stream's `[DONE]`."""
        return is_done(event)

    async def event(self, event: bytes) -> bytes:
        """The event as it is, or with another id; the last one once the completion is kept.

        Raises:
            LogNotKept: the store did not take it.
        """
        self._meter.meter(event)
        if is_done(event):
            return await self._told(event)
        data = event_data(event)
        if not data or self._not_kept:
            return event
        self._size += len(event)
        if self._size > MAX_KEPT_BYTES:
            self._give_up(_TOO_LARGE)
            return event
        chunk = _object(data)
        if chunk is None:
            self._give_up(_UNREADABLE)
            return event
        return await self._read(event, chunk)

    async def end(self) -> None:
        """A stream without `[DONE]` is whole if every choice has ended.

        Raises:
            LogNotKept: the store did not take it.
            ProviderBroken: it is not whole.
        """
        if self._is_kept or self._not_kept:
            return
        if not self._assembly.is_finished:
            raise ProviderBroken(
                f"Provider '{self._asked.provider}' ended its stream before the answer was whole."
            )
        await self._keep_assembled()

    def failure(self, error: RequestError) -> bytes:
        """The event that says that the stream broke."""
        return failure_event(error)

    async def whole(self, body: bytes) -> Outgoing:
        """The answer as it is, or with another id, once it is kept.

        Raises:
            LogNotKept: the store did not take it.
        """
        await self._meter.whole(body)
        answer = _object(body)
        if answer is None or not isinstance(answer.get("choices"), list):
            self._give_up(_UNREADABLE)
            return Outgoing(body, NOT_STORED)
        own_id = usable_id(answer.get("id"))
        kept = await self._keep(answer, own_id, body.decode("utf-8-sig"))
        return Outgoing(body if kept.id == own_id else kept.body.encode())

    def too_large(self) -> Mapping[str, str]:
        """That the answer is not stored."""
        self._give_up(_TOO_LARGE)
        return NOT_STORED

    def tail(self, content: bytes) -> None:
        """The usage may stand there."""
        self._meter.tail(content)

    def close(self) -> None:
        """What was not kept is counted nevertheless."""
        self._meter.close()
        if self._claimed is not None:
            self._logs.release(self._claimed)
            self._claimed = None

    async def _read(self, event: bytes, chunk: dict[str, JsonValue]) -> bytes:
        """What goes out for a chunk that was read."""
        if chunk.get("error"):
            self._give_up(_FAILED)
            return event
        self._assembly.add(chunk)
        own_id = usable_id(chunk.get("id"))
        if self._claimed is None:
            if not own_id and not chunk.get("choices"):
                return event
            self._given = own_id
            self._claimed = await self._logs.claim("chat_completion", own_id)
        if self._claimed == self._given:
            return event
        return data_event({**chunk, "id": self._claimed})

    async def _told(self, event: bytes) -> bytes:
        """The last event, with a comment before it where nothing was kept."""
        if self._not_kept or self._claimed is None:
            return f": not stored: {self._not_kept or _UNREADABLE}\n\n".encode() + event
        await self._keep_assembled()
        return event

    async def _keep_assembled(self) -> None:
        log_id = self._claimed or ""
        answer = {**self._assembly.answer(), "id": log_id}
        self._assembly = ChatAssembly()
        await self._keep(answer, log_id, exact_json.dump(answer))

    async def _keep(self, answer: dict[str, JsonValue], log_id: str, body: str) -> StoredLog:
        asked = self._asked
        told = answer.get("model")
        model = writable(told if isinstance(told, str) and told else asked.model)
        terms = completion_terms(model, asked.metadata)
        log = StoredLog(
            id=log_id,
            project_id=asked.caller.project_id,
            kind="chat_completion",
            created=self._second(answer.get("created")),
            model=model,
            metadata=asked.metadata,
            body=body,
            request=asked.request,
            request_id=asked.caller.request_id,
            provider=asked.provider,
            # It is found by the name that was asked for, too: `gpt-4o`, not only its date's.
            terms=tuple(dict.fromkeys((*terms, text_term("model", writable(asked.model))))),
        )
        kept = await self._logs.keep(log, self._meter.entry())
        self._meter.settle()
        self._is_kept = True
        return kept

    def _second(self, told: JsonValue) -> int:
        """When it was made, as the provider says, unless its clock is a day or more off."""
        now = self._clock.now()
        if isinstance(told, int) and abs(told - now) < DAY_S:
            return told
        return now

    def _give_up(self, why: str) -> None:
        self._not_kept = why
        self._assembly = ChatAssembly()
        _log.warning("completion_not_kept request=%s why=%s", self._asked.caller.request_id, why)


def usable_id(given: JsonValue) -> str:
    """The provider's id of its answer; empty where it is none that could be kept."""
    if not isinstance(given, str) or len(given) > MAX_ID or writable(given) != given:
        return ""
    return given


def _object(content: bytes) -> dict[str, JsonValue] | None:
    try:
        value = exact_json.parse_bytes(content)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
