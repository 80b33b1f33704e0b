"""No python graders at all: every call is refused, as the operator has set."""

from evald.ports.sandbox import CallFailed, CallScored, GraderCall, SandboxDown


class NoSandbox:
    """Runs nothing, and says why. Fulfils `Sandbox`."""

    is_safe = True

    def __init__(self, reason: str) -> None:
        """Refuses for this reason, a sentence."""
        self._reason = reason

    async def refusal(self) -> str | None:
        """The reason."""
        return self._reason

    async def call(self, call: GraderCall) -> CallScored | CallFailed | SandboxDown:
        """The reason, again."""
        return SandboxDown(self._reason)

    async def close(self) -> None:
        """Nothing to do."""
