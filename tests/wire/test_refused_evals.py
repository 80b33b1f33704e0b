"""Evals that cannot work: a 400 that names where and what."""

from typing import Any

import openai
import pytest

from tests.wire.bodies import Json, an_eval, custom, string_check
from tests.wire.runs import new_eval

SIMILARITY = {
    "type": "text_similarity",
    "name": "alike",
    "input": "{{ sample.output_text }}",
    "reference": "{{ item.expected }}",
    "evaluation_metric": "bleu",
}
LABELS = {
    "type": "label_model",
    "name": "label",
    "model": "o3",
    "input": [{"role": "user", "content": "x"}],
    "labels": ["a"],
    "passing_labels": ["b"],
}
TALK = {"role": "user", "content": ["{{ foo.x }}"]}
MESSAGES = [{"role": "robot", "content": "x"}]
CLOSED = {
    "type": "object",
    "properties": {"expected": {"type": "string"}},
    "additionalProperties": False,
}


def multi(graders: Any, formula: str = "a") -> Json:
    return {"type": "multi", "name": "m", "graders": graders, "calculate_output": formula}


SCORE = {
    "type": "score_model",
    "name": "score",
    "model": "o3",
    "input": [{"role": "user", "content": "x"}],
}


def without(body: Json, key: str) -> Json:
    return {name: value for name, value in body.items() if name != key}


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({}, "data_source_config", "missing_required_parameter"),
        (
            without(an_eval(), "testing_criteria"),
            "testing_criteria",
            "missing_required_parameter",
        ),
        (an_eval(testing_criteria=[]), "testing_criteria", "invalid_value"),
        (an_eval(testing_criteria={}), "testing_criteria", "invalid_type"),
        (
            an_eval(string_check(), string_check(type="vibes")),
            "testing_criteria[1].type",
            "invalid_value",
        ),
        (
            an_eval(without(string_check(), "type")),
            "testing_criteria[0].type",
            "missing_required_parameter",
        ),
        (
            an_eval(without(string_check(), "reference")),
            "testing_criteria[0].reference",
            "missing_required_parameter",
        ),
        (
            an_eval(string_check(operation="neq")),
            "testing_criteria[0].operation",
            "invalid_value",
        ),
        (an_eval(string_check(input=7)), "testing_criteria[0].input", "invalid_type"),
        (an_eval(string_check("")), "testing_criteria[0].name", "invalid_value"),
        (an_eval(SIMILARITY), "testing_criteria[0].pass_threshold", "missing_required_parameter"),
        (
            an_eval({**SIMILARITY, "pass_threshold": 1, "evaluation_metric": "vibes"}),
            "testing_criteria[0].evaluation_metric",
            "invalid_value",
        ),
        (an_eval(LABELS), "testing_criteria[0].passing_labels", "invalid_value"),
        (
            an_eval({**LABELS, "passing_labels": ["a"], "input": []}),
            "testing_criteria[0].input",
            "invalid_value",
        ),
        (an_eval({**SCORE, "range": [1, 0]}), "testing_criteria[0].range", "invalid_value"),
        (
            an_eval({**SCORE, "range": [1, 7], "pass_threshold": 8}),
            "testing_criteria[0].pass_threshold",
            "invalid_value",
        ),
        (
            an_eval({**SCORE, "pass_threshold": -0.5}),
            "testing_criteria[0].pass_threshold",
            "invalid_value",
        ),
        (an_eval({**SCORE, "input": []}), "testing_criteria[0].input", "invalid_value"),
        (
            an_eval({**SIMILARITY, "pass_threshold": 80}),
            "testing_criteria[0].pass_threshold",
            "invalid_value",
        ),
        (
            an_eval(string_check(reference="{{ foo.x }}")),
            "testing_criteria[0].reference",
            "invalid_value",
        ),
        (
            an_eval({**LABELS, "passing_labels": ["a"], "input": [TALK]}),
            "testing_criteria[0].input[0].content[0].text",
            "invalid_value",
        ),
        (
            an_eval(string_check(input="{{ item. }}")),
            "testing_criteria[0].input",
            "invalid_value",
        ),
        (
            an_eval(string_check(input="{{ item.prompt }}"), data_source_config=custom(CLOSED)),
            "testing_criteria[0].input",
            "invalid_value",
        ),
        (
            an_eval(multi({"a": string_check(operation="neq")})),
            "testing_criteria[0].graders.a.operation",
            "invalid_value",
        ),
        (
            an_eval(multi({"a": string_check(input="{{ foo }}")})),
            "testing_criteria[0].graders.a.input",
            "invalid_value",
        ),
        (
            an_eval(multi([LABELS])),
            "testing_criteria[0].graders[0].passing_labels",
            "invalid_value",
        ),
        (an_eval(multi({"a": multi({})})), "testing_criteria[0].graders.a.type", "invalid_value"),
        (
            an_eval(multi({"a": string_check()}, "a + b")),
            "testing_criteria[0].calculate_output",
            "invalid_value",
        ),
        (
            an_eval({**LABELS, "input": MESSAGES}),
            "testing_criteria[0].input[0].role",
            "invalid_value",
        ),
        (
            an_eval(data_source_config={"type": "custom"}),
            "data_source_config.item_schema",
            "missing_required_parameter",
        ),
        (
            an_eval(data_source_config={"type": "csv"}),
            "data_source_config.type",
            "invalid_value",
        ),
        (an_eval(name=["a"]), "name", "invalid_type"),
        (an_eval(metadata=["a"]), "metadata", "invalid_type"),
        (an_eval(metadata={"a": 1}), "metadata.a", "invalid_type"),
        (an_eval(metadata={str(n): "" for n in range(17)}), "metadata", "invalid_value"),
        (an_eval(metadata={"k" * 65: ""}), "metadata", "invalid_value"),
        (an_eval(metadata={"a": "v" * 513}), "metadata", "invalid_value"),
    ],
)
def test_an_eval_that_cannot_work_is_refused(
    client: openai.OpenAI, body: Any, param: str, code: str
) -> None:
    """Limits and enums are documented; that each is a 400, its code and its param are ours."""
    with pytest.raises(openai.BadRequestError) as refused:
        client.post("/evals", body=body, cast_to=object)

    error = refused.value
    assert (error.param, error.code, error.type) == (param, code, "invalid_request_error")
    assert error.body is not None


def test_metadata_may_fill_its_limits(client: openai.OpenAI) -> None:
    """Documented: 16 pairs, keys of 64 characters, values of 512."""
    metadata = {f"{n:02}".ljust(64, "k"): "ü" * 512 for n in range(16)}

    assert client.evals.create(**an_eval(metadata=metadata)).metadata == metadata


def test_metadata_of_an_update_has_the_same_limits(client: openai.OpenAI) -> None:
    """Documented."""
    eval_id = new_eval(client)

    with pytest.raises(openai.BadRequestError) as refused:
        client.evals.update(eval_id, metadata={"a": "v" * 513})

    assert refused.value.param == "metadata"


@pytest.mark.parametrize(
    "item_schema",
    [
        {"type": "objekt"},
        {"properties": {"a": {"type": 7}}},
        {"properties": {"a": {"pattern": "("}}},
        {"properties": {"a": {"$ref": "#/$defs/missing"}}},
        {"properties": {"a": {"$ref": "https://example.com/schema.json"}}},
        {"properties": {"a": {"$ref": "file:///etc/passwd"}}},
    ],
)
def test_an_item_schema_that_cannot_be_used_is_refused(
    client: openai.OpenAI, item_schema: Json
) -> None:
    """Ours: nothing says what the hosted service did; no reference may leave the schema."""
    with pytest.raises(openai.BadRequestError) as refused:
        client.evals.create(**an_eval(data_source_config=custom(item_schema)))

    error = refused.value
    assert (error.param, error.code) == ("data_source_config.item_schema", "invalid_item_schema")
