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

    def __sub__(self, part: "Usage") -> "Usage":
        """What is left of this usage without a part of it."""
        return Usage(
            self.invocations - part.invocations,
            self.prompt_tokens - part.prompt_tokens,
            self.completion_tokens - part.completion_tokens,
            self.total_tokens - part.total_tokens,
            self.cached_tokens - part.cached_tokens,
        )


@dataclass(frozen=True, slots=True)
class Tally:
    """What can be said of many items without looking at them again.

    Adding tallies is associative and commutative, and `Tally()` adds nothing, so that it does not
    matter in which batches items are recorded. `criteria` is by criterion id, `usage` by the model
    name that the provider answered with; `grader_usage` is what of it graders used.
    """

    passed: int = 0
    failed: int = 0
    errored: int = 0
    criteria: Mapping[str, CriterionCount] = field(default_factory=dict)
    usage: Mapping[str, Usage] = field(default_factory=dict)
    grader_usage: Mapping[str, Usage] = field(default_factory=dict)

    @property
    def sample_usage(self) -> dict[str, Usage]:
        """What samples used: all that graders did not, without the models they alone asked."""
        graders = self.grader_usage
        rest = {model: usage - graders.get(model, Usage()) for model, usage in self.usage.items()}
        return {model: usage for model, usage in rest.items() if usage != Usage()}

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
            _together(self.grader_usage, other.grader_usage, Usage()),
        )


Sum = TypeVar("Sum", CriterionCount, Usage)


def _together(one: Mapping[str, Sum], other: Mapping[str, Sum], nothing: Sum) -> dict[str, Sum]:
    sums = dict(one)
    for key, value in other.items():
        sums[key] = sums.get(key, nothing) + value
    return sums
