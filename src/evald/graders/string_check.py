"""The `string_check` grader: how two filled texts stand to one another."""

from typing import assert_never

from evald.domain.template import Variables, fill
from evald.graders.grade import FAIL, PASS, Grade
from evald.wire.graders import StringCheckGrader, StringOperation


def grade_string_check(grader: StringCheckGrader, variables: Variables) -> Grade:
    """Score 1.0 if the filled input stands to the filled reference as `operation` asks, else 0.0.

    Whitespace counts, and so does case but under `ilike`. `like` and `ilike` ask whether the input
    contains the reference, character for character; every text contains the empty one.

    Raises:
        UnknownVariable: a template names a variable that is not there.
    Source: OpenAI, "Graders" guide, String check; its case folding is not documented.
    """
    given = fill(grader.input, variables)
    wanted = fill(grader.reference, variables)
    return PASS if _holds(grader.operation, given, wanted) else FAIL


def _holds(operation: StringOperation, given: str, wanted: str) -> bool:
    match operation:
        case "eq":
            return given == wanted
        case "ne":
            return given != wanted
        case "like":
            return wanted in given
        case "ilike":
            # casefold, not lower: lower() treats a final sigma apart, and then "ΑΣΑ" would contain
            # "ΑΣ" under `like` yet not under `ilike`.
            return wanted.casefold() in given.casefold()
        case _:
            assert_never(operation)
