"""What every part of a rescue is handed, and how it asks: a key that is refused ends everything."""

from dataclasses import dataclass, field

from evald.domain.archive.account import Missing
from evald.domain.archive.kinds import Kind
from evald.domain.archive.scopes import lacks_scope
from evald.ports.archive import Archive
from evald.ports.clock import Clock
from evald.ports.hosted import Fetched, HostedApi, HostedRequest, Refused, Sink
from evald.services.rescue_progress import Progress
from evald.services.setbacks import is_silence

MOST_SILENCES = 16
"""So many things in a row may be lost for want of any answer before the rescue stops."""


class KeyRefused(Exception):
    """The server does not know the key."""


class ServerSilent(Exception):
    """The server has not answered anything for a long time."""


@dataclass(slots=True)
class RescueTools:
    """The world as a rescue sees it, and what it could not have so far."""

    api: HostedApi
    archive: Archive
    clock: Clock
    progress: Progress
    missing: list[Missing] = field(default_factory=list)
    not_offered: set[Kind] = field(default_factory=set)
    silences: int = 0

    async def ask(self, request: HostedRequest, sink: Sink | None = None) -> Fetched | Refused:
        """The server's answer.

        Raises:
            KeyRefused: the key is not known there.
        """
        outcome = await self.api.get(request, sink)
        if isinstance(outcome, Fetched):
            self.silences = 0
        elif outcome.status == 401 and not lacks_scope(outcome.status, outcome.message):
            raise KeyRefused(outcome.message)
        return outcome

    def lose(self, missing: Missing) -> None:
        """Notes that something could not be had.

        Raises:
            ServerSilent: nothing at all could be had for a long time.
        """
        self.missing.append(missing)
        if not is_silence(missing.reason):
            self.silences = 0
            return
        self.silences += 1
        if self.silences >= MOST_SILENCES:
            raise ServerSilent(missing.message)
