from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.log_reading.same_log import agree

BODY: dict[str, Any] = {
    "id": "chatcmpl-1",
    "choices": [{"index": 0, "message": {"content": "Hi", "annotations": []}, "logprobs": None}],
    "usage": {"total_tokens": 3},
}


@pytest.mark.parametrize(
    ("other", "agrees"),
    [
        (BODY, True),
        ({**BODY, "metadata": {"a": "b"}, "seed": 7, "tools": None}, True),
        ({**BODY, "choices": [{"index": 0, "message": {"content": "Hi", "refusal": None}}]}, True),
        ({**BODY, "choices": [{"index": 0, "message": {"content": "Ho"}}]}, False),
        ({**BODY, "choices": [{"index": 0, "message": {"content": "Hi", "refusal": "no"}}]}, False),
        ({**BODY, "usage": {"total_tokens": 3.0}}, True),
        ({**BODY, "usage": {"total_tokens": 4}}, False),
        ({**BODY, "id": "chatcmpl-2"}, False),
    ],
)
def test_two_accounts_of_one_answer_agree(other: dict[str, Any], agrees: bool) -> None:
    assert agree(BODY, other) is agrees
    assert agree(other, BODY) is agrees


@given(st.dictionaries(st.text(), st.none() | st.integers() | st.lists(st.integers())))
def test_every_account_agrees_with_itself(body: Any) -> None:
    assert agree(body, body)
