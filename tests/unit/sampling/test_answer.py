"""Samples of chat completions and of failures.

The echo's keys and defaults are observed (2025-07), the variables documented ("Graders" guide);
what odd answers become is ours.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain import exact_json
from evald.domain.sample import Sample
from evald.domain.tally import Usage
from evald.ports.model import AnyApi, FailureKind, ModelAnswer, ModelApi, ModelFailure, ModelRequest
from evald.sampling.answer import sample_of_answer, sample_of_failure
from evald.wire import output_items
from tests.unit.sampling.odd_json import anything, places_in, with_odd

MESSAGES: list[Any] = [{"role": "user", "content": "Which?"}]
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}}


def a_request(api: AnyApi = "chat_completions", **params: Any) -> ModelRequest:
    field = "messages" if api == "chat_completions" else "input"
    body = {"model": "gpt-test", **params, field: MESSAGES}
    return ModelRequest(api, "gpt-test", body, deadline=9.0)


def a_body(**changes: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": "Hardware", "refusal": None}
    return {
        "object": "chat.completion",
        "model": "gpt-test-2026-01-01",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": 9,
            "completion_tokens": 2,
            "total_tokens": 11,
            "prompt_tokens_details": {"cached_tokens": 4},
        },
        **changes,
    }


def saying(message: Any, finish_reason: Any = "stop") -> dict[str, Any]:
    return a_body(choices=[{"index": 0, "message": message, "finish_reason": finish_reason}])


def sample_of(body: Any, request: ModelRequest | None = None) -> Sample:
    return sample_of_answer(request or a_request(), ModelAnswer(body, seconds=0.1))


def variables_of(body: Any, request: ModelRequest | None = None) -> Any:
    return sample_of(body, request).variables


def test_the_echo_has_the_observed_keys_in_their_order() -> None:
    """Observed 2025-07 but for the last, which is ours: how long the answer took."""
    sample = sample_of(a_body())

    assert list(sample.echo.items()) == [
        ("input", [{"role": "user", "content": "Which?"}]),
        ("output", [{"role": "assistant", "content": "Hardware"}]),
        ("finish_reason", "stop"),
        ("model", "gpt-test-2026-01-01"),
        (
            "usage",
            {"total_tokens": 11, "completion_tokens": 2, "prompt_tokens": 9, "cached_tokens": 4},
        ),
        ("error", None),
        ("seed", None),
        ("temperature", 1.0),
        ("top_p", 1.0),
        ("max_completion_tokens", 4096),
        ("max_completions_tokens", 4096),
        ("seconds", 0.1),
    ]


def test_the_time_of_an_answer_is_told_to_the_millisecond() -> None:
    answer = ModelAnswer(a_body(), seconds=1.23456)

    assert sample_of_answer(a_request(), answer).echo["seconds"] == 1.235


def test_a_failure_has_no_time_to_tell() -> None:
    failure = ModelFailure(FailureKind.TIMEOUT, "timeout", "It took too long.")

    assert "seconds" not in sample_of_failure(a_request(), failure).echo


def test_the_echo_says_how_the_model_was_asked() -> None:
    request = a_request(
        temperature=0.0, top_p=0.5, seed=7, max_completion_tokens=20, reasoning_effort="low"
    )

    echo = sample_of(a_body(), request).echo

    assert (echo["temperature"], echo["top_p"], echo["seed"]) == (0.0, 0.5, 7)
    assert (echo["max_completion_tokens"], echo["max_completions_tokens"]) == (20, 20)
    assert echo["reasoning_effort"] == "low"


def test_the_variables_are_what_the_answer_says() -> None:
    body = a_body()

    assert variables_of(body) == {
        "model": "gpt-test-2026-01-01",
        "choices": body["choices"],
        "output_text": "Hardware",
        "output_tools": [],
    }


def test_the_call_is_counted_under_the_name_the_provider_gave() -> None:
    assert sample_of(a_body()).usage == {
        "gpt-test-2026-01-01": Usage(
            invocations=1,
            prompt_tokens=9,
            completion_tokens=2,
            total_tokens=11,
            cached_tokens=4,
        )
    }


def test_an_answer_that_names_no_model_is_of_the_one_that_was_asked() -> None:
    sample = sample_of(a_body(model=None))

    assert sample.echo["model"] == "gpt-test"
    assert list(sample.usage) == ["gpt-test"]


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"content": None}, ""),
        ({}, ""),
        ({"content": 5}, ""),
        ({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, "ab"),
        ({"content": [{"type": "thinking"}, "x", {"type": "text", "text": "a"}]}, "a"),
        ({"content": [{"type": "text", "text": None}]}, ""),
    ],
)
def test_output_text_is_always_text(message: Any, text: str) -> None:
    sample = sample_of(saying(message))

    assert sample.error is None
    assert variables_of(saying(message))["output_text"] == text
    assert sample.echo["output"] == [{"role": "assistant", "content": text}]


@pytest.mark.parametrize(
    ("text", "output_json"),
    [
        ('{"a": [1]}', {"a": [1]}),
        (' ["a"]\n', ["a"]),
        ("[]", []),
        ("{}", {}),
    ],
)
def test_output_json_is_the_object_or_list_that_the_text_is(text: str, output_json: Any) -> None:
    assert variables_of(saying({"content": text}))["output_json"] == output_json


@pytest.mark.parametrize("text", ["5", '"a"', "null", "true", "", "{", "[1] and more", "[" * 999])
def test_other_texts_have_no_output_json(text: str) -> None:
    assert "output_json" not in variables_of(saying({"content": text}))


def test_numbers_of_output_json_stay_as_they_were_written() -> None:
    variables = variables_of(saying({"content": '{"a": 15.0}'}))

    assert exact_json.dump(variables["output_json"]) == '{"a":15.0}'


def test_tool_calls_are_output_tools_and_in_the_echo() -> None:
    body = saying({"content": None, "tool_calls": [CALL]}, finish_reason="tool_calls")

    sample = sample_of(body)

    assert variables_of(body)["output_tools"] == [CALL]
    assert sample.echo["output"] == [{"role": "assistant", "content": "", "tool_calls": [CALL]}]
    assert sample.echo["finish_reason"] == "tool_calls"


def test_tools_that_were_offered_are_input_tools() -> None:
    tools = [{"type": "function", "function": {"name": "f"}}]

    assert variables_of(a_body(), a_request(tools=tools))["input_tools"] == tools


def test_audio_is_output_audio() -> None:
    audio = {"id": "a", "data": "BASE64", "transcript": "Hi", "expires_at": 1}

    variables = variables_of(saying({"content": None, "audio": audio}))

    assert variables["output_audio"] == audio
    assert variables["output_text"] == ""


def test_a_refusal_is_an_answer() -> None:
    sample = sample_of(saying({"content": None, "refusal": "I cannot."}))

    assert sample.error is None
    assert sample.echo["output"] == [{"role": "assistant", "content": "", "refusal": "I cannot."}]


@pytest.mark.parametrize("finish_reason", ["length", "content_filter"])
def test_an_answer_that_was_cut_off_is_an_answer(finish_reason: str) -> None:
    sample = sample_of(saying({"content": "Hard"}, finish_reason=finish_reason))

    assert sample.error is None
    assert sample.echo["finish_reason"] == finish_reason


@pytest.mark.parametrize("finish_reason", [None, 5, ["stop"]])
def test_a_finish_reason_is_text_or_nothing(finish_reason: Any) -> None:
    assert sample_of(saying({"content": "x"}, finish_reason)).echo["finish_reason"] is None


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        (None, Usage(1)),
        ("many", Usage(1)),
        ({}, Usage(1)),
        ({"prompt_tokens": 3, "completion_tokens": 4}, Usage(1, 3, 4, 7)),
        ({"prompt_tokens": -3, "completion_tokens": 4.0, "total_tokens": True}, Usage(1)),
        ({"prompt_tokens": "3", "completion_tokens": None, "total_tokens": 5}, Usage(1, 0, 0, 5)),
        ({"total_tokens": 10**30}, Usage(1)),
        ({"total_tokens": 5, "prompt_tokens_details": [1]}, Usage(1, 0, 0, 5)),
        ({"total_tokens": 5, "prompt_tokens_details": {"cached_tokens": -1}}, Usage(1, 0, 0, 5)),
    ],
)
def test_tokens_that_cannot_be_counted_are_none(usage: Any, counted: Usage) -> None:
    sample = sample_of(a_body(usage=usage))

    assert sample.usage == {"gpt-test-2026-01-01": counted}
    echoed: Any = sample.echo["usage"]
    assert echoed["total_tokens"] == counted.total_tokens


@pytest.mark.parametrize(
    "choices", [None, [], {}, "x", [None], [{}], [{"message": None}], [{"message": "Hi"}]]
)
def test_an_answer_without_a_message_is_malformed(choices: Any) -> None:
    sample = sample_of(a_body(choices=choices))

    assert sample.variables is None
    assert sample.error is not None
    assert sample.error.code == "malformed_answer"
    assert sample.echo["error"] == sample.error.model_dump()
    assert sample.echo["output"] == []
    # It was paid for all the same.
    assert sample.usage["gpt-test-2026-01-01"].total_tokens == 11


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        ({"code": 502, "message": "Upstream is down."}, "502", "Upstream is down."),
        ({"code": "overloaded", "message": "Later."}, "overloaded", "Later."),
        ({"code": None, "type": "server_error", "message": "Oh."}, "server_error", "Oh."),
        ({"message": "Oh."}, "provider_error", "Oh."),
        ("Model is loading.", "provider_error", "Model is loading."),
        ({"message": 5}, "malformed_answer", "The provider's answer has no choice with a message."),
        ({"message": "\ud800"}, "provider_error", "?"),
    ],
)
def test_an_error_within_an_answer_is_the_samples_error(
    error: Any, code: str, message: str
) -> None:
    sample = sample_of({"error": error})

    assert sample.error is not None
    assert (sample.error.code, sample.error.message) == (code, message)


def test_a_failure_is_the_samples_error_and_counts_no_call() -> None:
    failure = ModelFailure(FailureKind.REFUSED, "model_not_found", "No such model.", status=404)

    sample = sample_of_failure(a_request(seed=7), failure)

    assert sample.variables is None
    assert sample.usage == {}
    assert sample.error is not None
    error = {"code": "model_not_found", "message": "No such model."}
    assert sample.error.model_dump() == error
    assert sample.echo == {
        "input": [{"role": "user", "content": "Which?"}],
        "output": [],
        "finish_reason": None,
        "model": "gpt-test",
        "usage": {
            "total_tokens": 0,
            "completion_tokens": 0,
            "prompt_tokens": 0,
            "cached_tokens": 0,
        },
        "error": error,
        "seed": 7,
        "temperature": 1.0,
        "top_p": 1.0,
        "max_completion_tokens": 4096,
        "max_completions_tokens": 4096,
    }


KEYS = ["choices", "usage", "model", "error", "output", "status", "incomplete_details", "object"]


@pytest.mark.parametrize("api", ["chat_completions", "responses"])
@given(body=st.dictionaries(st.sampled_from(KEYS), anything))
def test_whatever_a_provider_answers_becomes_a_sample(api: ModelApi, body: Any) -> None:
    sample = sample_of(body, a_request(api))

    output_items.Sample.model_validate(sample.echo)
    exact_json.dump([sample.echo, sample.variables])
    assert (sample.variables is None) is (sample.error is not None)


CALLING = saying(
    {"role": "assistant", "content": [{"type": "text", "text": "a"}], "tool_calls": [CALL]}
)


@given(st.sampled_from(places_in(CALLING)[1:]), anything)
def test_an_answer_odd_in_any_one_place_becomes_a_sample(place: tuple[Any, ...], odd: Any) -> None:
    sample = sample_of(with_odd(CALLING, place, odd))

    output_items.Sample.model_validate(sample.echo)
    exact_json.dump([sample.echo, sample.variables])


def test_embeddings_are_no_sample() -> None:
    sample = sample_of({"data": []}, a_request("embeddings"))

    assert sample.error is not None
    assert sample.error.code == "malformed_answer"
