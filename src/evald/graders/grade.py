"""Grades: one grader's verdict on one sample."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import JsonValue

from evald.domain.tally import Usage
from evald.wire.errors import ApiError


class Fault(StrEnum):
    """What went wrong while grading, named as the flags of a grader run.

    Source: published schema of `POST /fine_tuning/alpha/graders/run`, `metadata.errors`.
    """

    FORMULA = "formula_parse_error"
    SAMPLE = "sample_parse_error"
    TRUNCATED = "truncated_observation_error"
    UNRESPONSIVE = "unresponsive_reward_error"
    VARIABLE = "invalid_variable_error"
    OTHER = "other_error"
    PYTHON_SERVER = "python_grader_server_error"
    PYTHON_RUNTIME = "python_grader_runtime_error"
    MODEL_SERVER = "model_grader_server_error"
    MODEL_REFUSAL = "model_grader_refusal_error"
    MODEL_PARSE = "model_grader_parse_error"


@dataclass(frozen=True, slots=True)
class Grade:
    """One grader's verdict on one sample.

    `score` is on the grader's own scale, mostly 0.0 to 1.0. `error` is why there is no verdict:
    such a grade counts neither as passed nor as failed. `fault` says what kind of thing went wrong;
    it is also there on a verdict that follows from a fault, as the 0.0 of code that raised.
    `sample` is the call of a grader that asked a model, as the result shows it; `usage` is what it
    cost, by the answering model's name. `details` are further keys of the result, such as what
    code printed or the scores of which this one is made. `parts` are the grades of which this one
    is made, by the names under which its formula has them.
    """

    score: float
    passed: bool
    error: ApiError | None = None
    fault: Fault | None = None
    sample: dict[str, JsonValue] | None = None
    usage: Mapping[str, Usage] = field(default_factory=dict)
    details: Mapping[str, JsonValue] = field(default_factory=dict)
    parts: Mapping[str, "Grade"] = field(default_factory=dict)


PASS = Grade(score=1.0, passed=True)
FAIL = Grade(score=0.0, passed=False)


def errored(code: str, message: str, *, fault: Fault = Fault.OTHER) -> Grade:
    """The grade of a grader that came to no verdict: score 0.0, not passed, and why."""
    return Grade(0.0, passed=False, error=ApiError(code=code, message=message), fault=fault)


def scored(score: float, *, threshold: float) -> Grade:
    """The grade of a score that passes from the threshold on.

    Source: inferred (the hosted service does not document how it compares).
    """
    return Grade(score, passed=score >= threshold)


def usage_of(grades: Iterable[Grade]) -> dict[str, Usage]:
    """What these grades cost together, by the answering model's name."""
    usage: dict[str, Usage] = {}
    for each in grades:
        for model, more in each.usage.items():
            usage[model] = usage.get(model, Usage()) + more
    return usage
