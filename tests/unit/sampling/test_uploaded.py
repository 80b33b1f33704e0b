"""Samples that rows bring along.

A whole chat completion, and one of model and choices alone, are observed (2025); every other form
is ours.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain import exact_json
from evald.domain.template import UnknownVariable, Variables, fill
from evald.sampling.uploaded import sample_of_row
from evald.wire import output_items
from tests.unit.sampling.odd_json import anything, places_in, with_odd

CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}}
MINIMAL: dict[str, Any] = {
    "model": "gpt-test",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hardware"},
            "finish_reason": "stop",
        }
    ],
}
WHOLE: dict[str, Any] = {
    **MINIMAL,
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1_750_000_000,
    "service_tier": None,
    "temperature": 0.5,
    "top_p": 1.0,
    "seed": -8480136751957625957,
    "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11},
}


def variables_of(sample: Any) -> Any:
    return sample_of_row(sample).variables


def test_a_chat_completion_is_a_sample() -> None:
    sample = sample_of_row(WHOLE)

    variables: Any = sample.variables
    assert variables["output_text"] == "Hardware"
    assert variables["output_tools"] == []
    assert sample.echo == {
        "input": [],
        "output": [{"role": "assistant", "content": "Hardware"}],
        "finish_reason": "stop",
        "model": "gpt-test",
        "usage": {
            "total_tokens": 11,
            "completion_tokens": 2,
            "prompt_tokens": 9,
            "cached_tokens": 0,
        },
        "error": None,
        "seed": -8480136751957625957,
        "temperature": 0.5,
        "top_p": 1.0,
        "max_completion_tokens": None,
        "max_completions_tokens": None,
    }


def test_model_and_choices_are_enough() -> None:
    sample = sample_of_row(MINIMAL)

    assert variables_of(MINIMAL)["output_text"] == "Hardware"
    usage: Any = sample.echo["usage"]
    assert set(usage.values()) == {0}
    assert (sample.echo["temperature"], sample.echo["seed"]) == (None, None)


def test_no_call_is_counted() -> None:
    assert sample_of_row(WHOLE).usage == {}


@pytest.mark.parametrize("given", [{"output_text": "Hardware"}, "Hardware"])
def test_of_output_text_alone_choices_are_made(given: Any) -> None:
    sample = sample_of_row(given)

    message = {"role": "assistant", "content": "Hardware"}
    assert sample.variables == {
        "model": "",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "output_text": "Hardware",
        "output_tools": [],
    }
    assert sample.echo["output"] == [message]


def test_of_output_tools_alone_choices_are_made() -> None:
    variables = variables_of({"output_tools": [CALL]})

    assert variables["output_text"] == ""
    assert variables["choices"][0]["message"]["tool_calls"] == [CALL]


def test_a_response_is_a_sample() -> None:
    message = {"type": "message", "content": [{"type": "output_text", "text": "Hardware"}]}
    response = {"object": "response", "status": "completed", "model": "m", "output": [message]}

    variables = variables_of(response)

    assert variables["output_text"] == "Hardware"
    assert variables["choices"][0]["message"]["content"] == "Hardware"


def test_other_keys_can_be_named_in_templates() -> None:
    variables = Variables(item={}, sample=variables_of({**MINIMAL, "latency": {"p50": 1.5}}))

    assert fill("{{sample.latency.p50}} {{ sample.output_text }}", variables) == "1.5 Hardware"


def test_a_sample_of_other_keys_alone_has_no_output_text() -> None:
    """Arbitrary samples are accepted (the official client's own tests send one)."""
    sample = sample_of_row({"foo": "bar"})

    assert sample.variables == {"foo": "bar"}
    assert sample.error is None
    assert sample.echo["output"] == []
    with pytest.raises(UnknownVariable):
        fill("{{sample.output_text}}", Variables(item={}, sample=sample.variables))


def test_without_a_sample_nothing_of_it_can_be_named() -> None:
    sample = sample_of_row(None)

    assert (sample.variables, sample.error, sample.usage) == (None, None, {})
    assert (sample.echo["input"], sample.echo["output"]) == ([], [])
    assert sample.echo["model"] == ""
    with pytest.raises(UnknownVariable):
        fill("{{sample.output_text}}", Variables(item={}, sample=sample.variables))


def test_what_a_sample_says_itself_goes_before_its_choices() -> None:
    given = {**MINIMAL, "output_text": "Software", "output_json": {"a": 1}, "output_tools": [CALL]}

    variables = variables_of(given)

    assert variables["output_text"] == "Software"
    assert variables["output_json"] == {"a": 1}
    assert variables["output_tools"] == [CALL]
    assert sample_of_row(given).echo["output"] == [
        {"role": "assistant", "content": "Software", "tool_calls": [CALL]}
    ]


def test_a_null_does_not_go_before_what_follows_from_the_choices() -> None:
    nulls = {**MINIMAL, "output_text": None, "output_tools": None, "output_audio": None}

    variables = variables_of(nulls)

    assert variables["output_text"] == "Hardware"
    assert variables["output_tools"] == []
    assert variables["output_audio"] is None


def test_output_text_that_is_no_text_is_rendered() -> None:
    variables = variables_of(exact_json.parse('{"output_text": {"a": 15.0}}'))

    assert variables["output_text"] == '{"a":15.0}'
    assert exact_json.dump(variables["output_json"]) == '{"a":15.0}'


@pytest.mark.parametrize("sample", [5, True, ["Hardware"], 1.5])
def test_a_sample_that_is_neither_object_nor_text_is_an_error(sample: Any) -> None:
    made = sample_of_row(sample)

    assert made.variables is None
    assert made.error is not None
    assert made.error.code == "invalid_sample"
    assert made.echo["error"] == made.error.model_dump()


@pytest.mark.parametrize("choices", [[], [{}], "x", [None]])
def test_choices_without_a_message_are_an_error(choices: Any) -> None:
    made = sample_of_row({"model": "m", "choices": choices})

    assert made.variables is None
    assert made.error is not None
    assert made.error.code == "invalid_sample"
    assert made.echo["model"] == "m"


def test_choices_without_a_message_do_no_harm_beside_output_text() -> None:
    sample = sample_of_row({"choices": [], "output_text": "Hardware"})

    assert (sample.error, sample.echo["error"]) == (None, None)
    assert sample.echo["output"] == [{"role": "assistant", "content": "Hardware"}]


def test_numbers_beyond_every_float_are_not_echoed() -> None:
    sample = exact_json.parse(
        '{"output_text": "x", "temperature": 1e999, "top_p": 1%s}' % ("0" * 400)
    )

    echo = sample_of_row(sample).echo

    assert (echo["temperature"], echo["top_p"]) == (None, None)


GIVEN = {**WHOLE, "output_text": "a", "output_tools": [CALL]}


@given(st.one_of(anything, st.dictionaries(st.sampled_from(sorted(GIVEN)), anything)))
def test_whatever_a_row_brings_along_becomes_a_sample(given: Any) -> None:
    sample = sample_of_row(given)

    output_items.Sample.model_validate(sample.echo)
    exact_json.dump([sample.echo, sample.variables])


@given(st.sampled_from(places_in(GIVEN)), anything)
def test_an_upload_odd_in_any_one_place_becomes_a_sample(place: tuple[Any, ...], odd: Any) -> None:
    sample = sample_of_row(with_odd(GIVEN, place, odd))

    output_items.Sample.model_validate(sample.echo)
    exact_json.dump([sample.echo, sample.variables])
