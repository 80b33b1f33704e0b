"""Grades: one grader's verdict on one sample."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from evald.domain.tally import Usage
from evald.wire.errors import ApiError


@dataclass(frozen=True, slots=True)
class Grade:
    """One grader's verdict on one sample.

    `score` is on the grader's own scale, mostly 0.0 to 1.0. `error` is why there is no verdict:
    such a grade counts neither as passed nor as failed. `sample` is the call of a grader that asked
    a model, as the result shows it; `usage` is what it cost, by the answering model's name.
    """

    score: float
    passed: bool
    error: ApiError | None = None
    sample: dict[str, JsonValue] | None = None
    usage: Mapping[str, Usage] = field(default_factory=dict)


PASS = Grade(score=1.0, passed=True)
FAIL = Grade(score=0.0, passed=False)


def errored(code: str, message: str) -> Grade:
    """The grade of a grader that came to no verdict: score 0.0, not passed, and why."""
    return Grade(score=0.0, passed=False, error=ApiError(code=code, message=message))
