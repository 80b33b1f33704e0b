"""The `python` grader: what became of `grade(sample, item)` in the sandbox, as a verdict."""

from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

from pydantic import JsonValue

from evald.domain.template import Variables
from evald.graders.grade import Fault, Grade, errored, scored
from evald.graders.image_packages import IMAGE_TAG, is_documented
from evald.graders.tools import GraderTools
from evald.ports.sandbox import CallFailed, CallScored, GraderCall, SandboxDown
from evald.wire.graders import PythonGrader

FAILURE = "failure"
"""The key of a result under which it says why code came to no score: a traceback's last lines."""


async def grade_python(grader: PythonGrader, variables: Variables, tools: GraderTools) -> Grade:
    """The score that the code returns; it passes from its threshold on, or the operator's.

    Code that raises, cannot be called with two arguments, returns no finite number or runs into a
    limit scores 0.0 and fails. That a package or a data file is missing is not its fault: such a
    grade is errored, and so is one where the sandbox did not run. How long the code ran and the
    beginning of what it printed stand in the details. Without a sample the code is given an empty
    object.

    Source: OpenAI, "Graders" guide, Python graders; the threshold's default is ours.
    """
    sample = {} if variables.sample is None else variables.sample
    call = GraderCall(grader.source, sample, variables.item, tools.deadline)
    outcome = await tools.sandbox.call(call)
    match outcome:
        case CallScored():
            threshold = grader.pass_threshold
            graded = scored(
                outcome.score,
                threshold=tools.defaults.python_threshold if threshold is None else threshold,
            )
        case CallFailed():
            graded = _failed(grader, outcome)
        case SandboxDown():
            message = f"The code of grader '{grader.name}' did not run: {outcome.reason}"
            return errored("sandbox_unavailable", message, fault=Fault.PYTHON_SERVER)
        case _:
            assert_never(outcome)
    return replace(graded, details=_details(graded, outcome, is_safe=tools.sandbox.is_safe))


def _failed(grader: PythonGrader, outcome: CallFailed) -> Grade:
    if outcome.missing is not None:
        message = (
            f"The code of grader '{grader.name}' needs {outcome.missing}, which is not installed "
            "for python graders here."
        )
        if is_documented(outcome.missing):
            message += f" `evald graders install {IMAGE_TAG}` installs what the hosted service has."
        return errored("grader_package_missing", message, fault=Fault.PYTHON_SERVER)
    failure: dict[str, JsonValue] = {FAILURE: outcome.details}
    return Grade(0.0, passed=False, fault=Fault.PYTHON_RUNTIME, details=failure)


def _details(
    graded: Grade, outcome: CallScored | CallFailed, *, is_safe: bool
) -> Mapping[str, JsonValue]:
    details = {**graded.details, "seconds": round(outcome.seconds, 3)}
    if outcome.stdout:
        details["stdout"] = outcome.stdout
    if not is_safe:
        details["sandboxed"] = False
    return details
