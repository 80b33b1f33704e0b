"""Results as JSON: what is asked for, what counts as a refusal of it, and what is found.

Keys and their order are observed (2025-07); that structured outputs carry them is documented; the
modes beneath, and the reading of text, are ours.
"""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from evald.domain.exact_json import dump
from evald.graders.structured import (
    Found,
    OutputMode,
    instruction,
    next_mode,
    response_format,
    result_in,
    result_schema,
)
from evald.ports.model import FailureKind, ModelFailure
from tests.support.model_graders import NO_JSON, NO_SCHEMA, refusing, result

SCHEMA = result_schema({"type": "number"})

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


def test_the_schema_has_steps_first_and_lets_nothing_else_in() -> None:
    assert '"properties":{"steps":' in dump(SCHEMA)
    assert SCHEMA == {
        "type": "object",
        "properties": {
            "steps": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "description": {"type": "string"},
                        "conclusion": {"type": "string"},
                    },
                    "required": ["description", "conclusion"],
                    "additionalProperties": False,
                },
            },
            "result": {"type": "number"},
        },
        "required": ["steps", "result"],
        "additionalProperties": False,
    }


def test_each_mode_asks_for_less() -> None:
    strict = {"name": "grade", "strict": True, "schema": SCHEMA}

    assert response_format(SCHEMA, OutputMode.JSON_SCHEMA) == {
        "response_format": {"type": "json_schema", "json_schema": strict}
    }
    assert response_format(SCHEMA, OutputMode.JSON_OBJECT) == {
        "response_format": {"type": "json_object"}
    }
    assert response_format(SCHEMA, OutputMode.TEXT) == {}


def test_the_instruction_holds_the_schema_and_the_word_json() -> None:
    """Providers refuse their JSON mode where no message says JSON (documented)."""
    told = instruction(SCHEMA)

    assert json.dumps(SCHEMA, separators=(",", ":")) in told
    assert "JSON" in told


@pytest.mark.parametrize(
    "message",
    [
        NO_SCHEMA.message,
        NO_JSON.message,
        "response_format value as json_schema is enabled only for api versions 2024-08-01-preview",
        "This response_format type is unavailable now",
        "'json_schema' is not one of ['json_object', 'text']",
        "Structured outputs are not supported by this model.",
    ],
)
def test_a_refusal_of_the_format_steps_down_one_mode_at_a_time(message: str) -> None:
    refused = refusing(message)

    assert next_mode(OutputMode.JSON_SCHEMA, refused) is OutputMode.JSON_OBJECT
    assert next_mode(OutputMode.JSON_OBJECT, refused) is OutputMode.TEXT
    assert next_mode(OutputMode.TEXT, refused) is None


@pytest.mark.parametrize(
    "failure",
    [
        refusing("Unsupported value: 'temperature' does not support 0.2 with this model."),
        refusing("The response was filtered.", code="content_filter"),
        refusing("Failed to generate JSON. Please adjust your prompt."),
        refusing("Your key may not use response_format.", status=401),
        refusing("Too many requests with response_format.", status=429),
        ModelFailure(FailureKind.TIMEOUT, "timeout", "no response_format in time"),
        ModelFailure(FailureKind.MALFORMED, "malformed_answer", "json_schema"),
    ],
)
def test_any_other_failure_does_not(failure: ModelFailure) -> None:
    assert next_mode(OutputMode.JSON_SCHEMA, failure) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"steps": [], "result": 0.5}', 0.5),
        ('  {"result": "good"}\n', "good"),
        ('{"result": null}', None),
        ('{"result": {"score": 1}}', {"score": 1}),
        ("0.8", 0.8),
        ("7", 7),
        ('"good"', "good"),
        ('```json\n{"steps": [], "result": 1}\n```', 1),
        ('Here you are:\n{"result": 1}\nI hope it helps.', 1),
        ('First {"result": 0}, but no: {"result": 1}', 1),
        ('The set {a, b} is fine. {"result": 1}', 1),
        ('{"note": "draft"} {"result": 1}', 1),
        ('<think>{"result": 0} or so</think>\n{"result": 1}', 1),
        ("<think>hm</think>0.25", 0.25),
    ],
)
def test_a_result_is_found(text: str, found: JsonValue) -> None:
    assert result_in(text) == Found(found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "good",
        "The score is 0.8.",
        "true",
        "null",
        "NaN",
        "{}",
        '[{"result": 1}]',
        '{"score": 1}',
        '{"grade": {"result": 1}}',
        '{"steps": [], "result": ',  # cut off
        '{"steps": [{"description": "a", "result": 1}, {"descr',  # cut off within a step
        '{"steps": [{"result": 1}],}',  # broken: what stands inside is no verdict
        '{"result": 1} {"result": 2',
        '<think>{"result": 1}',  # cut off while thinking
        '{"result": NaN}',
        '{"a":' * 100_000,
        "[" * 100_000,
    ],
)
def test_no_result_is_found_where_none_is_for_sure(text: str) -> None:
    assert result_in(text) is None


@given(JSON)
def test_whatever_stands_as_result_is_found_as_it_is(value: JsonValue) -> None:
    assert result_in(result(value)) == Found(value)


@given(JSON, st.sampled_from(["", "Well: ", "```json\n"]), st.sampled_from(["", "\n```", " Bye."]))
def test_words_around_an_answer_change_nothing(value: JsonValue, before: str, after: str) -> None:
    assert result_in(before + result(value) + after) == Found(value)


@given(st.text(max_size=60))
def test_no_text_is_too_odd_to_be_read(text: str) -> None:
    result_in(text)


@pytest.mark.parametrize("text", ["{" * 2_000_000, '{"' * 1_000_000, '{"a":1}' * 200_000])
def test_long_nonsense_is_read_in_no_time(text: str) -> None:
    began = time.thread_time()  # of the processor, so that a busy machine does not count

    assert result_in(text) is None
    assert time.thread_time() - began < 2
