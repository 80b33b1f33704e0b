"""A response that its provider streams again: read along, for what has come of it meanwhile."""

from collections.abc import Mapping

from evald.domain.errors import RequestError
from evald.domain.logs.server_events import data_event, event_data
from evald.ports.kept import StoredLog
from evald.services.background_responses import read_object, renewed
from evald.services.context import Context
from evald.services.relaying import Caller, Outgoing

_LAST_MARKS = (b'"response.completed"', b'"response.incomplete"', b'"response.failed"')


class FollowingReader:
    """Passes events on as they are. Fulfils `evald.services.relaying.Reader`.

    The last one brings what is kept of a response up to date that was made in the background. What
    was used is counted then, and at no other time.
    """

    most_bytes = 1024 * 1024

    def __init__(self, context: Context, caller: Caller, log: StoredLog) -> None:
        self._context = context
        self._caller = caller
        self._log = log

    def begin(self) -> None:
        """Nothing is counted."""

    def is_last(self, event: bytes) -> bool:
        """Whether the event holds the response as it ended."""
        return b'"response"' in event and any(mark in event for mark in _LAST_MARKS)

    async def event(self, event: bytes) -> bytes:
        """The event as it is; the last once what it says is kept."""
        if self.is_last(event):
            response = read_object(event_data(event).decode()).get("response")
            if isinstance(response, dict):
                await renewed(self._context, self._caller, self._log, response)
        return event

    async def end(self) -> None:
        """Nothing is to be kept."""

    def failure(self, error: RequestError) -> bytes:
        """The event that says that the stream broke."""
        said = {"type": "error", "code": error.code, "message": error.message, "param": error.param}
        return data_event({**said}, name="error")

    async def whole(self, body: bytes) -> Outgoing:
        """The answer as it is."""
        return Outgoing(body)

    def too_large(self) -> Mapping[str, str]:
        """Nothing: it is kept already."""
        return {}

    def tail(self, content: bytes) -> None:
        """Nothing is counted."""

    def close(self) -> None:
        """Nothing is left to do."""
