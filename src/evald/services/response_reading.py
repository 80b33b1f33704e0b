"""Responses of providers that have them, read along while they are passed on."""

import re
from collections.abc import Mapping

from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.errors import ProviderBroken, RequestError
from evald.domain.logs.server_events import data_event, event_data
from evald.services.chat_keeping import MAX_KEPT_BYTES, NOT_STORED
from evald.services.relaying import Outgoing
from evald.services.response_keeping import ResponseKeeper
from evald.services.response_requests import ResponseCall

Body = dict[str, JsonValue]

_LAST = ("response.completed", "response.incomplete", "response.failed")
_LAST_MARKS = tuple(f'"{kind}"'.encode() for kind in _LAST)
_NUMBER = re.compile(rb'"sequence_number"\s*:\s*(\d{1,9})')


class ResponseReader:
    """Reads responses that are passed on. Fulfils `evald.services.relaying.Reader`.

    Events go out as they came, but for those that hold the response and say of it what is ours to
    say.
    """

    most_bytes = MAX_KEPT_BYTES

    def __init__(self, keeper: ResponseKeeper, call: ResponseCall) -> None:
        self._keeper = keeper
        self._call = call
        self._latest = b""
        self._has_ended = False

    def begin(self) -> None:
        """A call that is to be counted has begun."""
        self._keeper.meter.begin()

    def is_last(self, event: bytes) -> bool:
        """Whether the event holds the response as it ended."""
        return b'"response"' in event and any(mark in event for mark in _LAST_MARKS)

    async def event(self, event: bytes) -> bytes:
        """The event as it is, or with what is ours to say; the last once the response is kept.

        Raises:
            LogNotKept: the store did not take it.
        """
        self._latest = event
        # In a text the quotes would be escaped: none is taken for the field.
        value = _object(event_data(event)) if b'"response"' in event else None
        response = value.get("response") if value is not None else None
        if value is None or not isinstance(response, dict):
            return event
        self._keeper.meter.meter(event)
        told = await self._keeper.named(response)
        if value.get("type") in _LAST:
            self._has_ended = True
            told = await self._keeper.keep(told)
        elif self._call.asked.background and value.get("type") == "response.created":
            # It goes on if its client leaves: only what is written down by now is found again.
            told = await self._keeper.keep(told)
        if told == response:
            return event
        return data_event({**value, "response": told}, name=str(value.get("type")))

    async def end(self) -> None:
        """A stream without a last event is not whole.

        Raises:
            ProviderBroken: so it is.
        """
        if not self._has_ended:
            raise ProviderBroken(
                f"Provider '{self._call.relay.provider}' ended its stream before the response was "
                "whole."
            )

    def failure(self, error: RequestError) -> bytes:
        """The event that says that the stream broke. Source: OpenAI's reference, `error`."""
        numbers = _NUMBER.findall(self._latest)
        said: Body = {"type": "error", "code": error.code, "message": error.message}
        said |= {"param": error.param, "sequence_number": int(numbers[-1]) + 1 if numbers else 0}
        return data_event(said, name="error")

    async def whole(self, body: bytes) -> Outgoing:
        """The answer as it is, or with what is ours to say, once it is kept.

        Raises:
            LogNotKept: the store did not take it.
        """
        self._keeper.meter.meter(body)
        response = _object(body)
        if response is None or response.get("object") != "response":
            return Outgoing(body, self._not_stored())
        told = await self._keeper.keep(await self._keeper.named(response))
        return Outgoing(body if told == response else exact_json.dump(told).encode())

    def too_large(self) -> Mapping[str, str]:
        """That the answer is not stored, if it was to be."""
        return self._not_stored()

    def tail(self, content: bytes) -> None:
        """The usage may stand there."""
        self._keeper.meter.tail(content)

    def close(self) -> None:
        """The call is over."""
        self._keeper.close()

    def _not_stored(self) -> Mapping[str, str]:
        return {} if self._call.kept is None else NOT_STORED


def _object(content: bytes) -> Body | None:
    try:
        value = exact_json.parse_bytes(content)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
