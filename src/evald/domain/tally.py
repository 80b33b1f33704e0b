"""Sums over the output items of a run: counts, verdicts per criterion, tokens per model."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar


@dataclass(frozen=True, slots=True)
class CriterionCount:
    """How many items passed, failed and errored one criterion."""

    passed: int = 0
    failed: int = 0
    errored: int = 0

    def __add__(self, other: "CriterionCount") -> "CriterionCount":
        """Both counts together."""
        return CriterionCount(
            self.passed + other.passed, self.failed + other.failed, self.errored + other.errored
        )


@dataclass(frozen=True, slots=True)
class Usage:
    """Calls made to one model and the tokens the provider counted for them."""

    invocations: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cached_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        """Both usages together."""
        return Usage(
            self.invocations + other.invocations,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.total_tokens + other.total_tokens,
            self.cached_tokens + other.cached_tokens,
        )


@dataclass(frozen=True, slots=True)
class Tally:
    """What can be said of many items without looking at them again.

    Adding tallies is associative and commutative, and `Tally()` adds nothing, so that it does not
    matter in which batches items are recorded. `criteria` is by criterion id, `usage` by the model
    name that the provider answered with.
    """

    passed: int = 0
    failed: int = 0
    errored: int = 0
    criteria: Mapping[str, CriterionCount] = field(default_factory=dict)
    usage: Mapping[str, Usage] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many items there are in all."""
        return self.passed + self.failed + self.errored

    def __add__(self, other: "Tally") -> "Tally":
        """Both tallies together."""
        return Tally(
            self.passed + other.passed,
            self.failed + other.failed,
            self.errored + other.errored,
            _together(self.criteria, other.criteria, CriterionCount()),
            _together(self.usage, other.usage, Usage()),
        )


Sum = TypeVar("Sum", CriterionCount, Usage)


def _together(one: Mapping[str, Sum], other: Mapping[str, Sum], nothing: Sum) -> dict[str, Sum]:
    sums = dict(one)
    for key, value in other.items():
        sums[key] = sums.get(key, nothing) + value
    return sums
