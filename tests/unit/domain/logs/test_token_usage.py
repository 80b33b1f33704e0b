"""Usage is read in the words of either API, out of an answer, an event, or the end of either."""

from typing import Any

import pytest

from evald.domain.logs.token_usage import TAIL_BYTES, TokenUsage, token_usage, told_usage

CHAT = {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 3}}
RESPONSES = {"input_tokens": 9, "output_tokens": 4, "input_tokens_details": {"cached_tokens": 3}}


@pytest.mark.parametrize(
    ("usage", "read"),
    [
        (CHAT, TokenUsage(9, 3, 4)),
        (RESPONSES, TokenUsage(9, 3, 4)),
        ({"prompt_tokens": 5, "total_tokens": 5}, TokenUsage(5, 0, 0)),
        ({"prompt_tokens": 5, "prompt_tokens_details": None}, TokenUsage(5, 0, 0)),
        ({"total_tokens": 5}, None),
        ({"prompt_tokens": -1}, None),
        ({"prompt_tokens": True}, None),
        ({"prompt_tokens": 10**30}, None),
        (None, None),
        ([], None),
    ],
)
def test_the_tokens_of_a_usage(usage: Any, read: TokenUsage | None) -> None:
    assert token_usage(usage) == read


@pytest.mark.parametrize(
    ("content", "read"),
    [
        (b'{"id":"c","usage":{"prompt_tokens":5}}', TokenUsage(5, 0, 0)),
        (b'data: {"usage" : {"prompt_tokens":5},"x":1}\n\n', TokenUsage(5, 0, 0)),
        (b'{"usage":null}', None),
        (rb'{"content":"\"usage\":{\"prompt_tokens\":5}"}', None),
        (b'{"usage":{"prompt_tokens":5', None),
        (b'{"usage":{"prompt_tokens":5},"choices":[{"usage":{}}]}', TokenUsage(5, 0, 0)),
        (b'{"usage":{"prompt_tokens":5},"x":"' + b"x" * TAIL_BYTES + b'"}', None),
        (b'{"x":"' + b"x" * TAIL_BYTES + b'","usage":{"prompt_tokens":5}}', TokenUsage(5, 0, 0)),
        (b'\xff"usage":{"prompt_tokens":5}', TokenUsage(5, 0, 0)),
        (b"", None),
    ],
)
def test_the_usage_that_an_answer_tells(content: bytes, read: TokenUsage | None) -> None:
    assert told_usage(content) == read
