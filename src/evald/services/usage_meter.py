"""What calls through the gateway used: read along, and noted in the ledger."""

import re
from collections.abc import Mapping

from evald.domain.errors import RequestError
from evald.domain.logs.server_events import data_event, is_done
from evald.domain.logs.token_usage import TokenUsage, told_usage
from evald.ports.clock import Clock
from evald.ports.kept import UsageEntry
from evald.services.log_keeper import LogKeeper
from evald.services.relaying import Caller, Outgoing

HELD_BYTES = 1024 * 1024
"""So large an answer that nobody keeps is held until it is whole, so that it can be told whole."""

DAY_S = 86_400
MAX_MODEL = 256
"""So much of a model's name the ledger takes."""

_UNWRITABLE = re.compile("[\x00\ud800-\udfff]")


class UsageMeter:
    """Reads an answer that is not kept. Fulfils `evald.services.relaying.Reader`.

    Args:
        caller: who pays.
        model: as it was asked for.
        route: below /v1, such as `chat/completions`.
    """

    most_bytes = HELD_BYTES

    def __init__(
        self, logs: LogKeeper, clock: Clock, caller: Caller, *, model: str, route: str
    ) -> None:
        self._logs = logs
        self._clock = clock
        self._caller = caller
        self._model = model
        self._route = route
        self._has_begun = False
        self._usage: TokenUsage | None = None

    def begin(self) -> None:
        """A call that is to be counted has begun."""
        self._has_begun = True

    def is_last(self, event: bytes) -> bool:
        """Whether the event ends a stream of completions."""
        return is_done(event)

    async def event(self, event: bytes) -> bytes:
        """The event as it is."""
        self.meter(event)
        return event

    async def end(self) -> None:
        """Nothing is to be kept."""

    def failure(self, error: RequestError) -> bytes:
        """The event that says that the stream broke."""
        return failure_event(error)

    async def whole(self, body: bytes) -> Outgoing:
        """The answer as it is."""
        self.meter(body)
        return Outgoing(body)

    def too_large(self) -> Mapping[str, str]:
        """Nothing: nobody asked for it to be kept."""
        return {}

    def tail(self, content: bytes) -> None:
        """The usage may stand there."""
        self.meter(content)

    def close(self) -> None:
        """The call is noted, once, if it was answered; however its answer ended."""
        if self._has_begun:
            self._has_begun = False
            self._logs.note_usage(self.entry())

    def meter(self, content: bytes) -> None:
        """What the content says of usage is what counts now; if it says nothing, what was."""
        if b'"usage"' in content:
            self._usage = told_usage(content) or self._usage

    def entry(self) -> UsageEntry:
        """What the call adds to the ledger."""
        usage = self._usage or TokenUsage(0, 0, 0)
        return UsageEntry(
            project_id=self._caller.project_id,
            key_id=self._caller.key_id,
            model=writable(self._model)[:MAX_MODEL],
            route=self._route,
            day=self._clock.now() // DAY_S,
            calls=1,
            untold=int(self._usage is None),
            input_tokens=usage.input_tokens,
            cached_tokens=usage.cached_tokens,
            output_tokens=usage.output_tokens,
        )

    def settle(self) -> None:
        """The entry was written with what was kept, and is not noted at the close."""
        self._has_begun = False


def failure_event(error: RequestError) -> bytes:
    """How a stream of chat completions says that it broke."""
    said = {
        "message": error.message,
        "type": error.type,
        "param": error.param,
        "code": error.code,
    }
    return data_event({"error": {**said}})


def writable(text: str) -> str:
    """The text without what not every database takes: NUL, and halves of characters."""
    return _UNWRITABLE.sub("", text)
