"""Answers from a script: for tests and demonstrations, without any provider."""

from collections.abc import Callable, Sequence

from evald.adapters.models.completion import answer_body
from evald.ports.clock import Clock
from evald.ports.model import FailureKind, ModelAnswer, ModelFailure, ModelRequest

Line = str | ModelAnswer | ModelFailure
"""What is said next; a text becomes an answer of the API that was asked."""

Script = Sequence[Line] | Callable[[ModelRequest], Line]
"""The lines in the order in which calls are made, or whoever knows a call's line."""


class ScriptedModel:
    """A model client that asks nobody.

    A list that has been said to its end answers with failures. `asked` holds every request so far.

    Args:
        script: what is said.
        clock: by which it is said.
        latency_s: seconds that every line takes.
    """

    def __init__(self, script: Script, clock: Clock, *, latency_s: float = 0.0) -> None:
        self._script = script
        self._clock = clock
        self._latency_s = latency_s
        self.asked: list[ModelRequest] = []

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        """The script's line; a failure where the line would come after the deadline."""
        line = self._line(request)
        left_s = request.deadline - self._clock.monotonic()
        if self._latency_s >= left_s:
            await self._clock.sleep(max(left_s, 0.0))
            return ModelFailure(FailureKind.TIMEOUT, "timeout", "The script took too long.")
        if self._latency_s > 0:
            await self._clock.sleep(self._latency_s)
        if isinstance(line, str):
            return ModelAnswer(answer_body(request, line, self._clock), self._latency_s)
        return line

    def _line(self, request: ModelRequest) -> Line:
        self.asked.append(request)
        if callable(self._script):
            return self._script(request)
        if len(self.asked) > len(self._script):
            return ModelFailure(FailureKind.UNSERVED, "script_ended", "The script has ended.")
        return self._script[len(self.asked) - 1]
