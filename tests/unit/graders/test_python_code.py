"""What a python grader makes of what became of its code."""

from dataclasses import dataclass, field, replace

import pytest
from pydantic import JsonValue

from evald.domain.template import Variables
from evald.graders.grade import Fault, Grade
from evald.graders.python_code import grade_python
from evald.graders.tools import GraderDefaults
from evald.ports.sandbox import CallFailed, CallScored, GraderCall, SandboxDown
from evald.wire.graders import PythonGrader
from tests.support.grading import grader_tools

SOURCE = "def grade(sample, item): return 1.0"


@dataclass
class ScriptedSandbox:
    """Says what it was told to, and keeps what it was asked."""

    outcome: CallScored | CallFailed | SandboxDown
    is_safe: bool = True
    asked: list[GraderCall] = field(default_factory=list)

    async def refusal(self) -> str | None:
        return None

    async def call(self, call: GraderCall) -> CallScored | CallFailed | SandboxDown:
        self.asked.append(call)
        return self.outcome


async def graded(
    sandbox: ScriptedSandbox,
    *,
    threshold: float | None = None,
    default: float = 0.5,
    sample: JsonValue = None,
) -> Grade:
    grader = PythonGrader(type="python", name="Len", source=SOURCE, pass_threshold=threshold)
    tools = replace(
        grader_tools(sandbox=sandbox), defaults=GraderDefaults(python_threshold=default)
    )
    return await grade_python(grader, Variables({"a": 1}, sample), tools)


@pytest.mark.parametrize(
    ("missing", "is_told"),
    [
        ("sklearn", True),
        ("NLTK data 'punkt_tab'", True),
        ("torch", False),
        ("NLTK data 'x'", False),
    ],
)
async def test_what_the_hosted_service_has_can_be_installed(missing: str, is_told: bool) -> None:
    grade = await graded(ScriptedSandbox(CallFailed("ModuleNotFoundError", "", 0.1, missing)))

    assert grade.error is not None
    assert grade.error.code == "grader_package_missing"
    assert missing in grade.error.message
    assert ("`evald graders install 2025-05-08`" in grade.error.message) is is_told


@pytest.mark.parametrize(
    ("score", "threshold", "default", "passed"),
    [
        (0.5, None, 0.5, True),
        (0.49, None, 0.5, False),
        (0.49, None, 0.2, True),
        (0.5, 0.6, 0.2, False),
        (-3.0, -4.0, 0.5, True),
        (0.1, 0.0, 0.5, True),
    ],
)
async def test_a_score_passes_from_the_threshold_on(
    score: float, threshold: float | None, default: float, passed: bool
) -> None:
    """Ours: the hosted service documents neither a default nor a range."""
    grade = await graded(
        ScriptedSandbox(CallScored(score, "", 0.1)), threshold=threshold, default=default
    )

    assert (grade.score, grade.passed, grade.error) == (score, passed, None)
    assert grade.details == {"seconds": 0.1}


async def test_code_that_fails_scores_nothing_and_tells_why() -> None:
    """Documented: an invalid grade, and a score of 0."""
    grade = await graded(ScriptedSandbox(CallFailed("ValueError: no", "hm", 0.1)), threshold=0.0)

    assert (grade.score, grade.passed, grade.error) == (0.0, False, None)
    assert grade.fault is Fault.PYTHON_RUNTIME
    assert grade.details == {"failure": "ValueError: no", "stdout": "hm", "seconds": 0.1}


async def test_what_is_missing_is_not_the_codes_fault() -> None:
    grade = await graded(ScriptedSandbox(CallFailed("No module", "", 0.1, missing="rdkit")))

    assert grade.error is not None
    assert grade.error.code == "grader_package_missing"
    assert "rdkit" in grade.error.message


async def test_a_sandbox_that_is_down_makes_an_errored_grade() -> None:
    grade = await graded(ScriptedSandbox(SandboxDown("It is off.")))

    assert grade.error is not None
    assert (grade.error.code, grade.fault) == ("sandbox_unavailable", Fault.PYTHON_SERVER)
    assert grade.error.message.endswith("It is off.")


@pytest.mark.parametrize("outcome", [CallScored(1.0, "", 0.1), CallFailed("no", "", 0.1)])
async def test_a_result_that_was_not_sandboxed_says_so(outcome: CallScored | CallFailed) -> None:
    grade = await graded(ScriptedSandbox(outcome, is_safe=False))

    assert grade.details["sandboxed"] is False


async def test_the_code_gets_the_item_and_the_sample_or_an_empty_one() -> None:
    sandbox = ScriptedSandbox(CallScored(1.0, "", 0.1))

    await graded(sandbox)
    await graded(sandbox, sample={"output_text": "hi"})

    assert [each.sample for each in sandbox.asked] == [{}, {"output_text": "hi"}]
    assert [each.item for each in sandbox.asked] == [{"a": 1}] * 2
