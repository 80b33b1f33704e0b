"""Flattened contents: text and images observed 2025-07; audio, files and calls ours."""

from typing import Any

import pytest

from evald.domain.conversation.flatten import flatten_content, flatten_messages

URL = "https://x.test/a.png"


@pytest.mark.parametrize(
    ("content", "flat"),
    [
        ("Hi", "Hi"),
        ("", ""),
        (None, ""),
        ([], ""),
        ([{"type": "text", "text": "a"}, {"type": "input_text", "text": "b"}], "a b"),
        ({"type": "output_text", "text": "a"}, "a"),
        (["a", "b"], "a b"),
        ({"type": "input_image", "image_url": URL}, f"<image>{URL}</image>"),
        ({"type": "image_url", "image_url": {"url": URL}}, f"<image>{URL}</image>"),
        ({"type": "input_image", "file_id": "file-1"}, "<image>file-1</image>"),
        ({"type": "input_image", "image_url": None, "file_id": None}, "<image></image>"),
        ({"type": "input_audio", "input_audio": {"data": "BASE64", "format": "wav"}}, "<audio>"),
        ({"type": "input_file", "filename": "a.pdf", "file_data": "x"}, "<file>a.pdf</file>"),
        ({"type": "input_file", "file_url": URL}, f"<file>{URL}</file>"),
        ({"type": "file", "file": {"file_id": "file-1"}}, "<file>file-1</file>"),
        ({"type": "file", "file": {"file_data": "BASE64"}}, "<file></file>"),
        ({"type": "file"}, "<file></file>"),
        ({"type": "refusal", "refusal": "No."}, "No."),
        ({"type": "hologram"}, "<hologram>"),
        ({}, "<null>"),
        (5, "5"),
    ],
)
def test_a_content_becomes_one_string(content: Any, flat: str) -> None:
    assert flatten_content(content) == flat


def test_messages_keep_their_role_and_calls() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages: list[Any] = [
        {
            "role": "user",
            "content": [{"type": "text", "text": "a"}],
            "name": "Ann",
            "tool_calls": None,
        },
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "ok"},
    ]

    assert flatten_messages(messages) == [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": "ok", "tool_call_id": "c1"},
    ]


def test_items_of_responses_are_shown_like_chat_messages() -> None:
    items: list[Any] = [
        {"type": "reasoning", "summary": []},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "ok"},
    ]

    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    assert flatten_messages(items) == [
        {"role": "assistant", "content": "<reasoning>"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": "ok", "tool_call_id": "c1"},
    ]


@pytest.mark.parametrize("messages", [None, "Hi", ["Hi"], []])
def test_what_is_no_message_is_not_shown(messages: Any) -> None:
    assert flatten_messages(messages) == []
