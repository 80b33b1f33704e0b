"""Stored completions are shown in the form that the hosted service showed them in."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain import exact_json
from evald.domain.logs.completions import completion_body, completion_messages
from evald.wire.chat_completions import StoredMessage

JSON: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
ANSWER: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 7,
    "model": "m-2026",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Test.", "refusal": None},
            "finish_reason": "stop",
        }
    ],
    "usage": {"total_tokens": 3},
    "citations": ["u"],
}


def test_a_completion_has_the_keys_that_were_seen_in_their_order() -> None:
    """Observed 2026-04; what is not known there stands at the end."""
    shown = completion_body({"model": "m", "seed": 5, "user": "u"}, ANSWER, metadata={"a": "b"})

    assert shown == {
        "object": "chat.completion",
        "id": "chatcmpl-1",
        "model": "m-2026",
        "created": 7,
        "request_id": None,
        "tool_choice": None,
        "usage": {"total_tokens": 3},
        "seed": 5,
        "top_p": 1.0,
        "temperature": 1.0,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "system_fingerprint": None,
        "input_user": "u",
        "service_tier": "default",
        "tools": None,
        "metadata": {"a": "b"},
        "choices": [
            {
                "index": 0,
                "message": {
                    "content": "Test.",
                    "role": "assistant",
                    "tool_calls": None,
                    "function_call": None,
                    "refusal": None,
                },
                "finish_reason": "stop",
                "logprobs": None,
            }
        ],
        "response_format": None,
        "citations": ["u"],
    }
    assert list(shown)[:4] == ["object", "id", "model", "created"]
    assert list(shown)[-2:] == ["response_format", "citations"]


def test_a_setting_of_the_request_is_shown_as_it_was() -> None:
    shown = completion_body({"temperature": 0, "top_p": None}, ANSWER, metadata={})

    assert (shown["temperature"], shown["top_p"]) == (0, 1.0)


@pytest.mark.parametrize("told", [None, "", 5, {"name": "m"}])
def test_a_completion_whose_model_is_no_text_has_the_one_that_was_asked_for(told: Any) -> None:
    """Ours: providers that are not OpenAI answer so."""
    shown = completion_body({"model": "m"}, {**ANSWER, "model": told}, metadata={})

    assert shown["model"] == "m"


def test_messages_have_ids_and_their_parts_apart() -> None:
    """Observed 2026-04 (ids and keys); documented (parts)."""
    parts: Any = [{"type": "text", "text": "x"}]
    call: Any = {"role": "tool", "tool_call_id": "call_1", "content": "4"}

    shown = completion_messages(
        "c", {"messages": [{"role": "user", "content": parts, "name": "n"}, call]}
    )

    assert shown == [
        {"id": "c-0", "role": "user", "content": None, "content_parts": parts, "name": "n"},
        {
            "id": "c-1",
            "role": "tool",
            "content": "4",
            "content_parts": None,
            "name": None,
            "tool_call_id": "call_1",
        },
    ]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"role": {"a": 1}}, {"role": '{"a":1}'}),
        ({"role": 7, "name": ["n"]}, {"role": "7", "name": '["n"]'}),
        ({}, {"role": ""}),
        ({"role": None, "content": False}, {"role": "", "content": "false"}),
        ({"role": "r", "content": {"text": "x"}}, {"role": "r", "content": '{"text":"x"}'}),
        (
            {"role": "r", "content": ["x", {"type": "y"}, 3, None]},
            {
                "role": "r",
                "content_parts": [
                    {"type": "text", "text": "x"},
                    {"type": "y"},
                    {"type": "text", "text": "3"},
                    {"type": "text", "text": ""},
                ],
            },
        ),
        ({"role": "r", "content": []}, {"role": "r", "content_parts": []}),
        ("no object", {"role": "", "content": "no object"}),
        (3, {"role": "", "content": "3"}),
        (None, {"role": ""}),
    ],
)
def test_an_odd_message_is_shown_in_the_form_of_every_other(given: Any, shown: Any) -> None:
    """Ours: a provider that is not OpenAI may take it, and lists are read by everyone."""
    form = {"id": "c-0", "content": None, "content_parts": None, "name": None}

    assert completion_messages("c", {"messages": [given]}) == [{**form, **shown}]


@pytest.mark.parametrize("key", ["role", "content", "name"])
@given(value=JSON)
def test_a_list_of_messages_has_texts_whatever_was_asked(key: str, value: Any) -> None:
    shown = completion_messages("c", {"messages": [{key: value}, value]})

    assert [StoredMessage.model_validate(each, strict=True).id for each in shown] == ["c-0", "c-1"]


def test_a_number_beyond_every_float_is_listed_as_it_was_written() -> None:
    """Ours: JSON has such numbers, and infinity it has not."""
    message = '{"role":1e999,"content":[{"n":1e999}],"name":"x"}'
    request = exact_json.parse(f'{{"messages":[{message},1e999]}}')
    assert isinstance(request, dict)

    shown = completion_messages("c", request)

    assert (shown[0]["role"], shown[1]["content"]) == ("1e999", "1e999")
    assert '"content_parts":[{"n":1e999}]' in exact_json.dump(shown[0])
