"""Criteria as other services echo them. Shapes: observed 2025-05, 2026-07; documented (nulls)."""

from typing import Any

import pytest

from evald.wire.criteria import usable_criterion
from evald.wire.graders import LabelModelGrader, StringCheckGrader
from evald.wire.messages import EvalItem
from tests.support.hosted_bodies import criterion

LABEL_MODEL: dict[str, Any] = {
    "id": "Polite-1",
    "type": "label_model",
    "grdr_id": None,
    "inactive_at": None,
    "name": "Polite",
    "model": "gpt-x",
    "input": [
        {
            "type": "message",
            "role": "user",
            "content": {"type": "input_text", "text": "{{ item.x }}"},
        }
    ],
    "labels": ["yes", "no"],
    "passing_labels": ["yes"],
    "sampling_params": None,
}


@pytest.mark.parametrize("vintage", [2025, 2026])
def test_both_vintages_make_the_grader_they_were_made_of(vintage: Any) -> None:
    found = usable_criterion(criterion("Right", 1, vintage=vintage))

    assert found is not None
    assert found.id == "Right-00000000-0000-4000-8000-000000000001"
    assert found.grader == StringCheckGrader(
        type="string_check",
        name="Right",
        input="{{ sample.output_text }}",
        reference="{{ item.answer }}",
        operation="eq",
    )


def test_what_is_null_was_not_given_and_messages_stay_as_they_are() -> None:
    found = usable_criterion(LABEL_MODEL)

    assert found is not None
    assert isinstance(found.grader, LabelModelGrader)
    assert "sampling_params" not in found.grader.model_fields_set
    assert found.grader.input == [EvalItem.model_validate(LABEL_MODEL["input"][0])]


@pytest.mark.parametrize(
    "echoed",
    [
        None,
        "string_check",
        {},
        {**LABEL_MODEL, "id": None},
        {**LABEL_MODEL, "type": "azure_ai_evaluator"},
        {**LABEL_MODEL, "labels": "yes"},
        {**LABEL_MODEL, "model": None},
    ],
)
def test_what_is_no_grader_of_ours_is_none(echoed: Any) -> None:
    assert usable_criterion(echoed) is None
