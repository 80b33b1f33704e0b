"""What an eval refuses of its graders.

The limits are documented ("Graders" guide, OpenAPI document); that breaking them is a 400 at
creation is ours.
"""

import pytest
from pydantic import JsonValue, TypeAdapter

from evald.domain.errors import InvalidValue, MissingParameter, RequestError
from evald.graders.check import MAX_SOURCE_BYTES, check_criteria, check_formula, check_grader
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
ASK: JsonValue = {"role": "user", "content": "Hm?"}
LABEL: dict[str, JsonValue] = {
    "type": "label_model",
    "model": "m",
    "input": [ASK],
    "labels": ["good", "bad"],
    "passing_labels": ["good"],
}
SCORE: dict[str, JsonValue] = {"type": "score_model", "model": "m", "input": [ASK]}
PYTHON: dict[str, JsonValue] = {"type": "python", "source": "def grade(sample, item): return 1.0"}
MULTI: dict[str, JsonValue] = {
    "type": "multi",
    "graders": {"a": {**CHECK, "name": "first"}, "b": {**SIMILARITY, "name": "second"}},
    "calculate_output": "a + b",
}
FIRST: dict[str, JsonValue] = {**CHECK, "name": "first"}
UNSOUND: dict[str, JsonValue] = {**LABEL, "name": "Tone", "passing_labels": ["fine"]}


def a_grader(grader: dict[str, JsonValue], **fields: JsonValue) -> Grader:
    adapter: TypeAdapter[Grader] = TypeAdapter(Grader)
    return adapter.validate_python({"name": "Tone", **grader, **fields})


@pytest.mark.parametrize(
    "grader",
    [
        a_grader(CHECK),
        a_grader(CHECK, input="{{ foo.x }}"),  # templates are looked at when an eval is made here
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
        a_grader(PYTHON, image_tag="2025-05-08"),
        a_grader(MULTI),
        a_grader(
            MULTI, graders={"a": {**SIMILARITY, "pass_threshold": None, "name": "x"}, "b": FIRST}
        ),
        a_grader(MULTI, graders=[FIRST, {**FIRST, "name": "b"}], calculate_output="first ^ b"),
        a_grader(MULTI, graders=FIRST, calculate_output="first"),
        a_grader(MULTI, graders={}, calculate_output="1"),
        a_grader(MULTI, graders={"a": FIRST, "b": FIRST}),  # its keys tell them apart
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
        (a_grader(LABEL, input=[]), InvalidValue, "input"),
        (a_grader(SCORE, range=[7.0, 1.0]), InvalidValue, "range"),
        (a_grader(SCORE, input=[]), InvalidValue, "input"),
        (
            a_grader(SCORE, input=[{"role": "user", "content": []}]),
            InvalidValue,
            "input",
        ),
        (a_grader(PYTHON, source="#" * (MAX_SOURCE_BYTES + 1)), InvalidValue, "source"),
        (a_grader(PYTHON, image_tag="2024-01-01"), InvalidValue, "image_tag"),
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


@pytest.mark.parametrize(
    ("grader", "param", "said"),
    [
        (
            a_grader(MULTI, calculate_output="a + c"),
            "calculate_output",
            "names 'c', and the graders are: 'a', 'b'",
        ),
        (
            a_grader(MULTI, calculate_output="0.5 * a + 0.5 * b)"),
            "calculate_output",
            "has a ')' at character 18 that closes nothing",
        ),
        (
            a_grader(MULTI, calculate_output="a" + " " * 4_096),
            "calculate_output",
            "has 4097 bytes; at most 4096 are allowed",
        ),
        (a_grader(MULTI, graders={"a": UNSOUND, "b": FIRST}), "graders.a.passing_labels", "'fine'"),
        (a_grader(MULTI, graders=[FIRST, UNSOUND]), "graders[1].passing_labels", "'fine'"),
        (a_grader(MULTI, graders=UNSOUND), "graders.passing_labels", "'fine'"),
        (
            a_grader(MULTI, graders=[FIRST, FIRST], calculate_output="first"),
            "graders[1].name",
            "two graders named 'first'",
        ),
    ],
)
def test_an_unsound_multi_is_refused_naming_the_place_inside(
    grader: Grader, param: str, said: str
) -> None:
    """That a multi holds no other is documented; so is the stray parenthesis, in an example."""
    with pytest.raises(InvalidValue) as caught:
        check_criteria([grader])

    assert caught.value.param == f"testing_criteria[0].{param}"
    assert said in caught.value.message


def test_what_is_wrong_with_a_formula_is_said_only_where_it_is_asked() -> None:
    """A grader's run tells it by a flag instead."""
    check_grader(a_grader(MULTI, calculate_output="a +"), param="grader")

    with pytest.raises(InvalidValue) as caught:
        check_formula(a_grader(MULTI, calculate_output="a +"), param="grader")

    assert caught.value.param == "grader.calculate_output"


def test_a_label_that_cannot_be_chosen_is_named() -> None:
    with pytest.raises(InvalidValue, match="'fine'"):
        check_criteria([a_grader(LABEL, passing_labels=["fine"])])


def test_a_grader_alone_is_checked_under_the_path_given() -> None:
    with pytest.raises(InvalidValue) as caught:
        check_grader(a_grader(SCORE, range=[1.0, 0.0]), param="grader")

    assert caught.value.param == "grader.range"
