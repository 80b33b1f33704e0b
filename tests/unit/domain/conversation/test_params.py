"""Parameters as each API spells them.

Documented in OpenAI's OpenAPI document (CreateChatCompletionRequest, CreateResponse); both
spellings of the token limit are observed.
"""

from typing import Any

import orjson
import pytest

from evald.domain.conversation.params import chat_params, response_params
from evald.domain.exact_json import parse
from evald.wire.data_sources import SamplingParams

TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"default": None}}}]
FORMAT = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"enum": ["a", None]}}}


def params(given: Any) -> SamplingParams:
    return SamplingParams.model_validate(given)


def test_what_is_not_set_is_not_sent() -> None:
    assert chat_params(params({})) == {}
    assert response_params(params({})) == {}


@pytest.mark.parametrize(
    "given",
    [
        {"temperature": 0.0},
        {"top_p": 0.5, "seed": 42},
        {"reasoning_effort": "low"},
        {"response_format": FORMAT},
        {"tools": TOOLS},
        {"presence_penalty": 0.5, "logit_bias": {"5": -100}},
    ],
)
def test_chat_completions_get_what_was_set(given: Any) -> None:
    assert chat_params(params(given)) == given


@pytest.mark.parametrize(
    ("given", "limit"),
    [
        ({"max_completion_tokens": 5}, 5),
        ({"max_completions_tokens": 6}, 6),
        ({"max_completion_tokens": 5, "max_completions_tokens": 6}, 5),
        ({"max_completion_tokens": None, "max_completions_tokens": 6}, 6),
    ],
)
def test_the_token_limit_is_sent_as_each_api_spells_it(given: Any, limit: int) -> None:
    assert chat_params(params(given)) == {"max_completion_tokens": limit}
    assert response_params(params(given)) == {"max_output_tokens": limit}


def test_nulls_are_not_sent() -> None:
    nulls = params({"temperature": None, "max_completions_tokens": None, "user": None})

    assert chat_params(nulls) == {}
    assert response_params(nulls) == {}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"temperature": 0.5, "top_p": 1.0}, {"temperature": 0.5, "top_p": 1.0}),
        ({"seed": 42}, {}),
        ({"reasoning_effort": "high"}, {"reasoning": {"effort": "high"}}),
        (
            {"reasoning_effort": "high", "reasoning": {"summary": "auto"}},
            {"reasoning": {"summary": "auto", "effort": "high"}},
        ),
        ({"reasoning": {"effort": "low"}}, {"reasoning": {"effort": "low"}}),
        ({"text": {"format": {"type": "text"}}}, {"text": {"format": {"type": "text"}}}),
        ({"tools": [{"type": "web_search"}]}, {"tools": [{"type": "web_search"}]}),
        (
            {"include": ["reasoning.encrypted_content"]},
            {"include": ["reasoning.encrypted_content"]},
        ),
    ],
)
def test_responses_get_what_was_set_in_their_spelling(given: Any, sent: Any) -> None:
    assert response_params(params(given)) == sent


def test_the_parameters_cannot_say_what_else_the_body_says() -> None:
    given = params({"model": "other", "messages": [], "input": [], "stream": True, "user": "u"})

    assert chat_params(given) == {"user": "u"}
    assert response_params(given) == {"user": "u"}


def test_numbers_are_plain_ones() -> None:
    given = params(parse('{"penalty": 1.50, "text": {"n": 1.0}, "tools": [{"maximum": 2.0}]}'))

    assert orjson.loads(orjson.dumps(chat_params(given))) == {
        "penalty": 1.5,
        "text": {"n": 1.0},
        "tools": [{"maximum": 2.0}],
    }
