"""How many calls went to each model, how many failed, and how long they took."""

from dataclasses import dataclass

from evald.ports.clock import Clock
from evald.ports.model import ModelAnswer, ModelClient, ModelFailure, ModelRequest


@dataclass(slots=True)
class Calls:
    """Calls of one model since the start of the process; those under way count when they end."""

    ended: int = 0
    failed: int = 0
    seconds: float = 0.0


class MeteredModel:
    """Counts what another model client does, by model.

    Wrapped right around the client that sends, so that every attempt counts. An abandoned call
    counts nowhere.
    """

    def __init__(self, inner: ModelClient, clock: Clock) -> None:
        self._inner = inner
        self._clock = clock
        self.calls: dict[str, Calls] = {}

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        """What the inner client answers."""
        began = self._clock.monotonic()
        outcome = await self._inner.ask(request)
        calls = self.calls.get(request.model)
        if calls is None:
            calls = self.calls[request.model] = Calls()
        calls.ended += 1
        calls.failed += isinstance(outcome, ModelFailure)
        calls.seconds += self._clock.monotonic() - began
        return outcome
