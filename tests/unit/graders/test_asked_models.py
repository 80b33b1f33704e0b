"""Which models a grader asks. Ours."""

import pytest
from pydantic import JsonValue, TypeAdapter

from evald.graders.asked_models import models_asked
from evald.wire.graders import Grader
from tests.support.model_graders import LABEL, SCORE

CHECK: dict[str, JsonValue] = {
    "type": "string_check",
    "name": "same",
    "input": "a",
    "reference": "a",
    "operation": "eq",
}
MULTI: dict[str, JsonValue] = {"type": "multi", "name": "all", "calculate_output": "1"}
PYTHON: dict[str, JsonValue] = {"type": "python", "name": "code", "source": ""}


@pytest.mark.parametrize(
    ("grader", "models"),
    [
        (CHECK, set()),
        (PYTHON, set()),
        (SCORE, {"m"}),
        ({**LABEL, "model": "n"}, {"n"}),
        ({**MULTI, "graders": {"a": SCORE, "b": {**LABEL, "model": "n"}, "c": CHECK}}, {"m", "n"}),
        ({**MULTI, "graders": [SCORE, CHECK]}, {"m"}),
        ({**MULTI, "graders": SCORE}, {"m"}),
        ({**MULTI, "graders": {}}, set()),
    ],
)
def test_the_models_of_graders_and_of_those_within_them(
    grader: dict[str, JsonValue], models: set[str]
) -> None:
    adapter: TypeAdapter[Grader] = TypeAdapter(Grader)

    assert models_asked(adapter.validate_python(grader)) == models
