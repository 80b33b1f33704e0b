"""What an eval refuses of its graders.

The limits are documented ("Graders" guide, OpenAPI document); that breaking them is a 400 at
creation is ours.
"""

import pytest
from pydantic import JsonValue, TypeAdapter

from evald.domain.errors import InvalidValue, MissingParameter, RequestError
from evald.graders.check import MAX_SOURCE_BYTES, check_criteria, check_grader
from evald.wire.graders import Grader

CHECK: dict[str, JsonValue] = {
    "type": "string_check",
    "input": "a",
    "reference": "b",
    "operation": "eq",
}
SIMILARITY: dict[str, JsonValue] = {
    "type": "text_similarity",
    "input": "a",
    "reference": "b",
    "evaluation_metric": "bleu",
    "pass_threshold": 0.5,
}
LABEL: dict[str, JsonValue] = {
    "type": "label_model",
    "model": "m",
    "input": [],
    "labels": ["good", "bad"],
    "passing_labels": ["good"],
}
SCORE: dict[str, JsonValue] = {"type": "score_model", "model": "m", "input": []}
PYTHON: dict[str, JsonValue] = {"type": "python", "source": "def grade(sample, item): return 1.0"}
MULTI: dict[str, JsonValue] = {"type": "multi", "graders": {}, "calculate_output": "1"}


def a_grader(grader: dict[str, JsonValue], **fields: JsonValue) -> Grader:
    adapter: TypeAdapter[Grader] = TypeAdapter(Grader)
    return adapter.validate_python({"name": "Tone", **grader, **fields})


@pytest.mark.parametrize(
    "grader",
    [
        a_grader(CHECK),
        a_grader(SIMILARITY),
        a_grader(SIMILARITY, pass_threshold=0.0),
        a_grader(LABEL),
        a_grader(LABEL, passing_labels=["bad", "good"]),
        a_grader(LABEL, passing_labels=[]),
        a_grader(SCORE),
        a_grader(SCORE, range=[1.0, 7.0]),
        a_grader(SCORE, range=[1.0, 1.0]),
        a_grader(PYTHON),
        a_grader(PYTHON, source="#" * MAX_SOURCE_BYTES),
        a_grader(MULTI),
    ],
)
def test_a_sound_grader_passes(grader: Grader) -> None:
    check_criteria([grader])


@pytest.mark.parametrize(
    ("grader", "error", "field"),
    [
        (a_grader(SIMILARITY, pass_threshold=None), MissingParameter, "pass_threshold"),
        (a_grader(LABEL, labels=[], passing_labels=[]), InvalidValue, "labels"),
        (a_grader(LABEL, passing_labels=["good", "fine"]), InvalidValue, "passing_labels"),
        (a_grader(SCORE, range=[7.0, 1.0]), InvalidValue, "range"),
        (a_grader(PYTHON, source="#" * (MAX_SOURCE_BYTES + 1)), InvalidValue, "source"),
        # The limit counts bytes: two a letter here.
        (a_grader(PYTHON, source="#" + "ü" * (MAX_SOURCE_BYTES // 2)), InvalidValue, "source"),
    ],
)
def test_an_unsound_grader_is_refused_naming_its_place_and_field(
    grader: Grader, error: type[RequestError], field: str
) -> None:
    with pytest.raises(error, match="'Tone'") as caught:
        check_criteria([a_grader(CHECK), grader])

    assert caught.value.param == f"testing_criteria[1].{field}"


def test_a_label_that_cannot_be_chosen_is_named() -> None:
    with pytest.raises(InvalidValue, match="'fine'"):
        check_criteria([a_grader(LABEL, passing_labels=["fine"])])


def test_a_grader_alone_is_checked_under_the_path_given() -> None:
    with pytest.raises(InvalidValue) as caught:
        check_grader(a_grader(SCORE, range=[1.0, 0.0]), param="grader")

    assert caught.value.param == "grader.range"
