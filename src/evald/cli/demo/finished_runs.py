"""What the demo keeps of a run that has ended, as plain values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CriterionCount:
    """How often one testing criterion passed and failed in a run."""

    name: str
    passed: int
    failed: int


@dataclass(frozen=True, slots=True)
class MissedItem:
    """An output item that did not pass, or that is errored: then `answer` says why."""

    position: int  # of the ticket in its file, counted from 0
    ticket: str
    expected: str
    answer: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of a run, as its model counts them."""

    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """One candidate's run, at its end."""

    model: str
    status: str
    failure: str | None  # why a run has the status "failed"
    report_url: str
    passed: int
    failed: int
    errored: int
    criteria: tuple[CriterionCount, ...]
    usage: Usage
    seconds: float  # from the request that created it to the answer that says it has ended
    failed_items: tuple[MissedItem, ...]
    errored_items: tuple[MissedItem, ...]

    @property
    def total(self) -> int:
        """How many items have an outcome."""
        return self.passed + self.failed + self.errored
