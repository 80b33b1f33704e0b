"""Responses made of a provider's chat completions while these come."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.errors import ProviderBroken, RequestError
from evald.domain.logs.server_events import data_event, event_data, is_done
from evald.domain.translation.events import ResponseEvents
from evald.domain.translation.frame import Frame
from evald.domain.translation.response import response_of
from evald.ports.clock import Clock
from evald.services.chat_keeping import MAX_KEPT_BYTES
from evald.services.relaying import AnswerHead, Outgoing, Relayed
from evald.services.response_keeping import ResponseKeeper
from evald.services.response_requests import ResponseCall
from evald.wire.ids import IdPrefix

Body = dict[str, JsonValue]


class TranslatingReader:
    """Makes responses of chat completions. Fulfils `evald.services.relaying.Reader`.

    A stream may end without `[DONE]`, where there is no event to put the last ones in the place
    of: they are in `rest` then.
    """

    most_bytes = MAX_KEPT_BYTES

    def __init__(self, keeper: ResponseKeeper, call: ResponseCall, clock: Clock) -> None:
        self._keeper = keeper
        self._call = call
        self._clock = clock
        self._frame = Frame(clock.new_id(IdPrefix.RESPONSE), clock.now(), call.request)
        self._events = ResponseEvents(self._frame)
        self._has_begun = False
        self._has_ended = False
        self._held_back: list[Body] = []  # until the commit
        self.rest = b""

    def begin(self) -> None:
        """A call that is to be counted has begun."""
        self._keeper.meter.begin()

    def is_last(self, event: bytes) -> bool:
        """Whether the event is the stream's `[DONE]`."""
        return is_done(event)

    async def event(self, event: bytes) -> bytes:
        """The events that the chunk makes; for the last, those of the end, once it is kept.

        A chunk that cannot be read, or says that the provider failed, is the end too.

        Raises:
            LogNotKept: the store did not take it.
        """
        if self._has_ended:
            return b""
        if is_done(event):
            return await self._ended()
        data = event_data(event)
        if not data.strip():
            return b""
        chunk = _object(data)
        if chunk is None:
            return self.failure(self._broken("sent an event that is no JSON object"))
        self._keeper.meter.meter(data)
        if chunk.get("error"):
            return self.failure(self._broken(f"told of an error: {_message(chunk['error'])}"))
        return _written([*self._begun(), *self._events.take(chunk)])

    async def end(self) -> None:
        """A stream without `[DONE]` is whole if its answer has ended.

        Raises:
            LogNotKept: the store did not take it.
            ProviderBroken: it is not whole.
        """
        if self._has_ended:
            return
        if not self._events.is_finished:
            raise self._broken("ended its stream before the answer was whole")
        self.rest = await self._ended()

    def failure(self, error: RequestError) -> bytes:
        """That the response failed, and why."""
        self._has_ended = True
        failed = self._events.fail(error.code or "server_error", message=error.message)
        if not self._held_back:
            return _written([*self._begun(), *failed])
        # All is done but the commit: the last event says so instead of what it was to say.
        *done, last = self._held_back
        return _written([*done, {**failed[-1], "sequence_number": last["sequence_number"]}])

    async def whole(self, body: bytes) -> Outgoing:
        """The response that the completion makes, once it is kept.

        Raises:
            LogNotKept: the store did not take it.
            ProviderBroken: the answer is no chat completion.
        """
        completion = _object(body)
        if completion is None or not completion.get("choices"):
            raise self._broken("answered with what is no chat completion")
        self._keeper.meter.meter(body)
        response = response_of(self._frame, completion, completed_at=self._clock.now())
        return Outgoing(exact_json.dump(await self._keeper.keep(response)).encode())

    def too_large(self) -> Mapping[str, str]:
        """Nothing that could go out.

        Raises:
            ProviderBroken: always.
        """
        raise self._broken(f"answered with more than {MAX_KEPT_BYTES:,} bytes")

    def tail(self, content: bytes) -> None:
        """Nothing is read of what is too large."""

    def close(self) -> None:
        """The call is over."""
        self._keeper.close()

    def _begun(self) -> list[Body]:
        if self._has_begun:
            return []
        self._has_begun = True
        return self._events.begin()

    async def _ended(self) -> bytes:
        self._has_ended = True
        events = [*self._begun(), *self._events.end(completed_at=self._clock.now())]
        self._held_back = events
        last, response = events[-1], events[-1]["response"]
        if isinstance(response, dict):
            last["response"] = await self._keeper.keep(response)
        return _written(events)

    def _broken(self, what: str) -> ProviderBroken:
        return ProviderBroken(f"Provider '{self._call.relay.provider}' {what}.")


async def with_rest(
    pieces: Relayed, reader: TranslatingReader
) -> AsyncGenerator[AnswerHead | bytes, None]:
    """The answer, and what its reader has left at its end."""
    async with aclosing(pieces):
        async for piece in pieces:
            yield piece
    if reader.rest:
        yield reader.rest


def _written(events: list[Body]) -> bytes:
    return b"".join([data_event(event, name=str(event["type"])) for event in events])


def _message(error: JsonValue) -> str:
    told = error.get("message") if isinstance(error, dict) else error
    return told[:1_000] if isinstance(told, str) else "it does not say which"


def _object(content: bytes) -> Body | None:
    try:
        value = exact_json.parse(content.decode("utf-8-sig"))
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
