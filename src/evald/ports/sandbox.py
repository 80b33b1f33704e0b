"""The sandbox: where the code of python graders runs, apart from everything else."""

from dataclasses import dataclass
from typing import Protocol

from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class GraderCall:
    """One call of `grade(sample, item)` as a source defines it.

    `deadline` is a moment of the monotonic clock after which nobody wants the score any more.
    """

    source: str
    sample: JsonValue
    item: JsonValue
    deadline: float


@dataclass(frozen=True, slots=True)
class CallScored:
    """The code came to a finite score. `stdout` is the beginning of what it printed."""

    score: float
    stdout: str
    seconds: float


@dataclass(frozen=True, slots=True)
class CallFailed:
    """The code raised, ran out of a limit, or returned no finite number; `details` say which.

    `missing` is the package or data file that the code wanted and is not installed: then the code
    is not to blame.
    """

    details: str
    stdout: str
    seconds: float
    missing: str | None = None


@dataclass(frozen=True, slots=True)
class SandboxDown:
    """The code did not run, and it is not to blame; `reason` is a sentence."""

    reason: str


class Sandbox(Protocol):
    """Whoever runs code that nobody trusts."""

    @property
    def is_safe(self) -> bool:
        """Whether the code is kept apart; if not, every result of it says so."""
        ...

    async def refusal(self) -> str | None:
        """Why no code may run here, in a sentence; None if it may. Found out once."""
        ...

    async def call(self, call: GraderCall) -> CallScored | CallFailed | SandboxDown:
        """What became of the call. Cancelling it kills the code at once."""
        ...
