"""Message lists of one API as the other takes them.

Ours, from the shapes documented in OpenAI's OpenAPI document (ChatCompletionRequestMessage,
InputItem).
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.conversation.messages import MessagesUnusable, chat_messages, response_items

CHAT_CALL: dict[str, Any] = {
    "id": "c1",
    "type": "function",
    "function": {"name": "f", "arguments": '{"x":1}'},
}
CALL: dict[str, Any] = {
    "type": "function_call",
    "call_id": "c1",
    "name": "f",
    "arguments": '{"x":1}',
}
OUTPUT: dict[str, Any] = {"type": "function_call_output", "call_id": "c1", "output": "ok"}
TOOL: dict[str, Any] = {"role": "tool", "tool_call_id": "c1", "content": "ok"}
ASK: dict[str, Any] = {"role": "user", "content": "Do it."}
CALLED: dict[str, Any] = {"role": "assistant", "content": None, "tool_calls": [CHAT_CALL]}


def test_chat_messages_stay_as_they_are_for_chat_completions() -> None:
    messages: list[Any] = [ASK, CALLED, TOOL, {"role": "assistant", "content": "Done."}]

    assert chat_messages(messages) == messages


def test_what_answers_and_stored_messages_carry_besides_is_left_out_for_chat_completions() -> None:
    """A message dumped from a completion, and one of a stored completion (observed 2026-04)."""
    dumped: dict[str, Any] = {
        "role": "assistant",
        "content": "Hi",
        "refusal": None,
        "annotations": [],
        "audio": None,
        "function_call": None,
        "tool_calls": None,
    }
    stored: dict[str, Any] = {
        "id": "chatcmpl-1-0",
        "role": "user",
        "content": "Hey",
        "content_parts": None,
        "name": "Ann",
    }

    assert chat_messages([dumped, stored]) == [
        {"role": "assistant", "content": "Hi"},
        {"role": "user", "name": "Ann", "content": "Hey"},
    ]


@pytest.mark.parametrize("content", [None, [], ""])
def test_an_assistant_that_said_nothing_said_the_empty_text(content: Any) -> None:
    silent: dict[str, Any] = {"role": "assistant", "content": content, "tool_calls": []}

    assert chat_messages([silent]) == [{"role": "assistant", "content": ""}]


def test_items_of_responses_become_chat_messages() -> None:
    items: list[Any] = [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Do it."}]},
        {"type": "reasoning", "id": "rs_1", "summary": []},
        CALL,
        OUTPUT,
        {
            "type": "message",
            "id": "msg_1",
            "status": "completed",
            "role": "assistant",
            "content": [
                {"type": "output_text", "text": "Done.", "annotations": [], "logprobs": []}
            ],
        },
    ]

    assert chat_messages(items) == [
        ASK,
        CALLED,
        TOOL,
        {"role": "assistant", "content": "Done."},
    ]


def test_parallel_calls_are_in_one_chat_message_with_what_was_said_before() -> None:
    second = {**CALL, "call_id": "c2"}

    messages = chat_messages([{"role": "assistant", "content": "Wait."}, CALL, second])

    calls = [CHAT_CALL, {**CHAT_CALL, "id": "c2"}]
    assert messages == [{"role": "assistant", "content": "Wait.", "tool_calls": calls}]


def test_an_output_of_parts_becomes_content_of_parts() -> None:
    parts: list[Any] = [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}]

    messages = chat_messages([CALL, {**OUTPUT, "output": parts}])

    content = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert messages[1] == {**TOOL, "content": content}


@pytest.mark.parametrize("type", ["web_search_call", "item_reference", "mcp_call", "chair"])
def test_what_chat_completions_cannot_carry_is_named(type: str) -> None:
    with pytest.raises(MessagesUnusable, match=f"entry 1 is of type '{type}'"):
        chat_messages([ASK, {"type": type, "id": "x"}])


def test_items_stay_as_they_are_for_responses() -> None:
    items: list[Any] = [
        {
            "type": "message",
            "id": "msg_0",
            "role": "user",
            "content": [{"type": "input_text", "text": "Do it."}],
        },
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": None},
        CALL,
        OUTPUT,
        {"type": "item_reference", "id": "msg_7"},
    ]

    assert response_items(items) == items


def test_chat_messages_become_items_of_responses() -> None:
    said = {**CALLED, "content": "Wait."}

    assert response_items([ASK, CALLED, TOOL, said]) == [
        ASK,
        CALL,
        OUTPUT,
        {"role": "assistant", "content": "Wait."},
        CALL,
    ]


def test_what_only_chat_messages_carry_is_left_out_for_responses() -> None:
    stored: dict[str, Any] = {"id": "chatcmpl-1-0", "role": "user", "content": "Hey", "name": "Ann"}

    assert response_items([stored]) == [{"role": "user", "content": "Hey"}]


def test_a_refusal_is_a_part_for_responses() -> None:
    refused: dict[str, Any] = {"role": "assistant", "content": None, "refusal": "No."}

    content = [{"type": "refusal", "refusal": "No."}]
    assert response_items([refused]) == [{"role": "assistant", "content": content}]


def test_arguments_that_are_no_text_are_sent_as_their_json() -> None:
    call: dict[str, Any] = {
        "id": "c1",
        "type": "function",
        "function": {"name": "f", "arguments": {"x": 1}},
    }

    assert response_items([{**CALLED, "tool_calls": [call]}]) == [CALL]


@pytest.mark.parametrize(
    "call", ["f", {"id": "c1", "type": "custom", "custom": {"name": "f"}}, {"function": {}}]
)
def test_a_call_of_no_function_has_no_item(call: Any) -> None:
    with pytest.raises(MessagesUnusable, match="entry 1 calls a tool that is not a function"):
        response_items([ASK, {**CALLED, "tool_calls": [call]}])


texts = st.text(min_size=1, max_size=3)
turns = st.one_of(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "system"]), "content": texts}),
    st.fixed_dictionaries({"role": st.just("tool"), "tool_call_id": texts, "content": texts}),
    st.fixed_dictionaries(
        {
            "role": st.just("assistant"),
            "tool_calls": st.lists(
                st.fixed_dictionaries(
                    {
                        "id": texts,
                        "type": st.just("function"),
                        "function": st.fixed_dictionaries({"name": texts, "arguments": texts}),
                    }
                ),
                min_size=1,
                max_size=2,
            ),
            "content": st.none() | texts,
        }
    ),
)


@given(st.lists(turns, max_size=3))
def test_a_conversation_survives_the_way_there_and_back(messages: list[Any]) -> None:
    # Two assistant turns on end would be one afterwards; between people that does not happen.
    spoken = [part for message in messages for part in (message, ASK)]

    assert chat_messages(response_items(spoken)) == spoken
