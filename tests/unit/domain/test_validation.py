"""What is wrong with a body: one refusal that says where, what, and what would be right.

The sentences follow those that OpenAI's other endpoints answer; for evals they are not documented,
so these are ours.
"""

import time
from typing import Any

import pytest
from pydantic import ValidationError

from evald.domain import exact_json
from evald.domain.errors import InvalidType, InvalidValue, MissingParameter, RequestError
from evald.domain.validation import kind_of, refusal, refuse_unwritable
from evald.wire.base import WireModel
from evald.wire.evals import CreateEvalRequest
from evald.wire.runs import CreateRunRequest

CHECK = {"type": "string_check", "name": "c", "input": "", "reference": "", "operation": "eq"}
SCORE = {"type": "score_model", "name": "c", "model": "m", "input": []}
CONFIG = {"type": "custom", "item_schema": {}}


def refused(model: type[WireModel], body: Any) -> RequestError:
    with pytest.raises(ValidationError) as error:
        model.model_validate(body)
    return refusal(error.value, body)


def an_eval(*criteria: Any, **more: Any) -> Any:
    return {"data_source_config": CONFIG, "testing_criteria": list(criteria), **more}


def message(content: Any) -> Any:
    return an_eval({**SCORE, "input": [{"role": "user", "content": content}]})


def a_run(**data_source: Any) -> Any:
    source = {"type": "file_id", "id": "file-1"}
    return {"data_source": {"type": "completions", "source": source, **data_source}}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "data_source_config"),
        ({"data_source_config": CONFIG}, "testing_criteria"),
        (an_eval({"type": "string_check"}), "testing_criteria[0].name"),
        (an_eval(CHECK, {"name": "x"}), "testing_criteria[1].type"),
        (an_eval(CHECK) | {"data_source_config": {}}, "data_source_config.type"),
        (message({"type": "text"}), "testing_criteria[0].input[0].content.text"),
        (message([{"type": "text"}]), "testing_criteria[0].input[0].content[0].text"),
        (message([{"type": "file"}]), "testing_criteria[0].input[0].content[0].file"),
        (message({}), "testing_criteria[0].input[0].content.type"),
    ],
)
def test_what_is_missing_is_named(body: Any, param: str) -> None:
    error = refused(CreateEvalRequest, body)

    assert isinstance(error, MissingParameter)
    assert error.message == f"Missing required parameter: '{param}'."
    assert error.param == param


@pytest.mark.parametrize(
    ("body", "param", "said"),
    [
        (an_eval(5), "testing_criteria[0]", "expected an object, but got an integer"),
        (an_eval() | {"testing_criteria": {}}, "testing_criteria", "expected an array"),
        (an_eval(CHECK, name=5), "name", "expected a string, but got an integer"),
        (an_eval(CHECK, metadata={"a": 1.5}), "metadata.a", "but got a decimal number"),
        (an_eval(CHECK, metadata={"a b": None}), "metadata['a b']", "but got null"),
        (an_eval(CHECK | {"input": ["x"]}), "testing_criteria[0].input", "got an array"),
        (
            an_eval(CHECK | {"type": 5}),
            "testing_criteria[0].type",
            "expected one of 'string_check'",
        ),
        (an_eval(CHECK | {"operation": True}), "testing_criteria[0].operation", "got a boolean"),
        (
            message(5),
            "testing_criteria[0].input[0].content",
            "expected an object or an array, but got an integer",
        ),
        (message([5]), "testing_criteria[0].input[0].content[0]", "expected an object"),
        (
            message({"type": "file", "file": "x"}),
            "testing_criteria[0].input[0].content.file",
            "expected an object, but got a string",
        ),
        (
            message([{"type": "input_audio", "input_audio": {"data": 5, "format": "wav"}}]),
            "testing_criteria[0].input[0].content[0].input_audio.data",
            "expected a string",
        ),
    ],
)
def test_another_kind_of_value_is_named_with_what_it_should_be(
    body: Any, param: str, said: str
) -> None:
    error = refused(CreateEvalRequest, body)

    assert isinstance(error, InvalidType)
    assert error.param == param
    assert error.message.startswith(f"Invalid type for '{param}': ")
    assert said in error.message


@pytest.mark.parametrize(
    ("body", "param", "said"),
    [
        (
            an_eval(CHECK | {"operation": "neq"}),
            "testing_criteria[0].operation",
            "'neq'. Supported values are: 'eq', 'ne', 'like' or 'ilike'.",
        ),
        (an_eval(CHECK | {"type": "x"}), "testing_criteria[0].type", "'multi'"),
        (
            message([{"type": "input_text", "text": ""}, {"type": "video"}]),
            "testing_criteria[0].input[0].content[1].type",
            "'video'. Supported values are: 'input_text'",
        ),
        (message({"type": "video"}), "testing_criteria[0].input[0].content.type", "'video'"),
        (an_eval(), "testing_criteria", "empty array. Expected at least 1."),
        (an_eval(CHECK | {"name": ""}), "testing_criteria[0].name", "empty string"),
        (an_eval(SCORE | {"range": [1, 2, 3]}), "testing_criteria[0].range", "at most 2"),
        (
            an_eval(CHECK, metadata={str(number): "" for number in range(17)}),
            "metadata",
            "it holds 17 pairs; at most 16 are allowed.",
        ),
    ],
)
def test_a_value_that_may_not_be_is_named_with_those_that_may(
    body: Any, param: str, said: str
) -> None:
    error = refused(CreateEvalRequest, body)

    assert isinstance(error, InvalidValue)
    assert error.param == param
    assert said in error.message


@pytest.mark.parametrize(
    ("data_source", "param"),
    [
        ({"type": "x"}, "data_source.type"),
        ({"source": {"type": "x"}}, "data_source.source.type"),
        ({"source": {"type": "file_id"}}, "data_source.source.id"),
        (
            {"source": {"type": "stored_completions", "created_after": -1}},
            "data_source.source.created_after",
        ),
        ({"sampling_params": {"seed": 1.0}}, "data_source.sampling_params.seed"),
        (
            {"input_messages": {"type": "template", "template": [{"role": "x", "content": ""}]}},
            "data_source.input_messages.template[0].role",
        ),
    ],
)
def test_the_names_of_a_unions_branches_are_no_part_of_the_path(
    data_source: Any, param: str
) -> None:
    assert refused(CreateRunRequest, a_run(**data_source)).param == param


def test_a_key_named_like_a_branch_does_not_lead_astray() -> None:
    source = {"type": "file_id", "file_id": {"id": {}}, "id": 5}

    assert refused(CreateRunRequest, a_run(source=source)).param == "data_source.source.id"


def test_the_first_fault_in_the_body_is_told() -> None:
    body = {"testing_criteria": [CHECK, 5], "metadata": 5, "data_source_config": 5, "name": 5}

    assert refused(CreateEvalRequest, body).param == "testing_criteria[1]"
    assert refused(CreateEvalRequest, dict(reversed(body.items()))).param == "name"


def test_a_quoted_value_is_short() -> None:
    error = refused(CreateEvalRequest, an_eval(CHECK | {"operation": "x" * 10_000}))

    assert len(error.message) < 300


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("null", "null"),
        ("true", "a boolean"),
        ("1", "an integer"),
        ("1.0", "a decimal number"),
        ('""', "a string"),
        ("[]", "an array"),
        ("{}", "an object"),
    ],
)
def test_kinds_have_their_names(text: str, kind: str) -> None:
    assert kind_of(exact_json.parse(text)) == kind


@pytest.mark.parametrize(
    ("text", "param"),
    [
        (r'{"name":"\ud83d"}', "name"),
        (r'{"a":[{"b":["x","\ude00"]}]}', "a[0].b[1]"),
        (r'{"a":{"\ud83d":1}}', "a"),
        (r'{"\ud83d":1}', None),
    ],
)
def test_half_a_character_is_refused(text: str, param: str | None) -> None:
    with pytest.raises(InvalidValue, match="unpaired surrogate") as error:
        refuse_unwritable(exact_json.parse(text))

    assert error.value.param == param


@pytest.mark.parametrize("number", ["1e400", "-1e400", "9" * 5_000])
def test_a_number_that_no_float_can_hold_is_refused(number: str) -> None:
    with pytest.raises(InvalidValue, match="64-bit float") as error:
        refuse_unwritable(exact_json.parse(f'{{"a":[0,{number}]}}'))

    assert error.value.param == "a[1]"


def test_all_else_can_be_written() -> None:
    refuse_unwritable(exact_json.parse(r'{"a":["\ud83d\ude00","ü",5,1e300,null,{"ß":true}]}'))
    refuse_unwritable(10**4_000)


@pytest.mark.parametrize("number", [10**400, -(10**400)])
def test_an_integer_beyond_a_float_is_a_number_all_the_same(number: int) -> None:
    error = refused(CreateEvalRequest, an_eval({**SCORE, "pass_threshold": number}))

    assert isinstance(error, InvalidValue)
    assert "64-bit float" in error.message


@pytest.mark.slow
def test_what_is_wrong_many_times_is_found_in_time() -> None:
    """A place was looked up by going through its object, so that time went as the square."""
    graders: Any = {str(number): {} for number in range(100_000)}
    multi = {"type": "multi", "name": "m", "graders": graders, "calculate_output": "a"}

    began = time.process_time()
    error = refused(CreateEvalRequest, an_eval(multi))

    assert error.param is not None
    assert time.process_time() - began < 10


def test_metadata_of_too_many_pairs_is_not_looked_into() -> None:
    error = refused(CreateEvalRequest, an_eval(CHECK, metadata={str(n): n for n in range(17)}))

    assert error.message == "Invalid 'metadata': it holds 17 pairs; at most 16 are allowed."


class Numbers(WireModel):
    """A body of which one field can be wrong in very many places, and another in one."""

    many: list[int]
    one: int


@pytest.mark.parametrize(("first", "param"), [("many", "many[0]"), ("one", "one")])
def test_the_first_of_very_many_faults_is_told_whatever_else_is_wrong(
    first: str, param: str
) -> None:
    wrong = {"many": ["x"] * 5_000, "one": "x"}
    body = {first: wrong[first], **wrong}

    assert refused(Numbers, body).param == param
