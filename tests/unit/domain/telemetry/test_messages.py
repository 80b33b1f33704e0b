"""The shapes rest on the published schemas and examples; what is made of them is ours."""

import json
from typing import Any

import pytest

from evald.domain.telemetry.messages import chat_choices, chat_input, chat_tools, plain_message


def text(content: str) -> dict[str, Any]:
    return {"type": "text", "content": content}


def test_a_conversation_with_tools_becomes_messages() -> None:
    """Documented: the example of `gen_ai.input.messages`."""
    call = {"type": "tool_call", "id": "call_1", "name": "weather", "arguments": {"at": "Paris"}}
    answer = {"type": "tool_call_response", "id": "call_1", "result": "rainy, 57°F"}
    messages = [
        {"role": "user", "parts": [text("Weather in Paris?")]},
        {"role": "assistant", "parts": [call]},
        {"role": "tool", "parts": [answer, {**answer, "id": "call_2", "response": {"a": 1}}]},
    ]

    found = chat_input(json.dumps([text("Be"), text("brief.")]), json.dumps(messages))

    function = {"name": "weather", "arguments": '{"at":"Paris"}'}
    assert found == [
        {"role": "system", "content": "Be\nbrief."},
        {"role": "user", "content": "Weather in Paris?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "rainy, 57°F"},
        {"role": "tool", "tool_call_id": "call_2", "content": '{"a":1}'},
    ]


PARTS: list[tuple[dict[str, Any], Any]] = [
    ({"type": "reasoning", "content": "hm"}, None),
    ({"type": "unheard", "content": "x"}, None),
    ({"type": "text", "content": 7}, None),
    ({"type": "blob", "content": 7}, None),
    ({"type": "file"}, None),
    ({"type": "text", "text": "x"}, {"type": "text", "text": "x"}),
    (
        {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AAAA"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
    ),
    (
        {"type": "blob", "modality": "audio", "mime_type": "audio/wav", "content": "AAAA"},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
    ),
    (
        {"type": "blob", "modality": "document", "content": "AAAA"},
        {
            "type": "file",
            "file": {"filename": "file", "file_data": "data:application/octet-stream;base64,AAAA"},
        },
    ),
    (
        {"type": "uri", "modality": "image", "uri": "https://x.test/a.png"},
        {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}},
    ),
    (
        {"type": "uri", "modality": "video", "uri": "https://x.test/a.mp4"},
        {"type": "text", "text": "https://x.test/a.mp4"},
    ),
    (
        {"type": "file", "modality": "image", "file_id": "file-1"},
        {"type": "input_image", "file_id": "file-1"},
    ),
    (
        {"type": "file_data", "modality": "document", "file_id": "file-1"},
        {"type": "file", "file": {"file_id": "file-1"}},
    ),
    ({"type": "file", "file": {"file_id": "f"}}, {"type": "file", "file": {"file_id": "f"}}),
    ({"type": "image_url", "image_url": {}}, {"type": "image_url", "image_url": {}}),
]


@pytest.mark.parametrize(("part", "expected"), PARTS)
def test_parts_become_those_of_chat_completions(part: dict[str, Any], expected: Any) -> None:
    picture: Any = {"type": "uri", "uri": "https://x.test/b.png"}
    (message,) = chat_input(None, [{"role": "user", "parts": [picture, part]}])

    shown = {"type": "image_url", "image_url": {"url": "https://x.test/b.png"}}
    assert message["content"] == [shown, *([expected] if expected else [])]


def test_a_name_and_a_missing_role_are_seen_to() -> None:
    messages: Any = [
        {"parts": [text("a")], "name": "Ann"},
        "no message",
        {"role": "user", "parts": 7},
    ]

    assert chat_input(None, messages) == [
        {"role": "user", "content": "a", "name": "Ann"},
        {"role": "user", "content": ""},
    ]
    assert chat_input("Be brief.", "Hello") == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello"},
    ]


@pytest.mark.parametrize(
    ("told", "role"),
    [("Human", "user"), ("AI", "assistant"), ("model", "assistant"), ("System", "system")],
)
def test_roles_of_other_traditions_are_known(told: str, role: str) -> None:
    """Documented: the example of OpenTelemetry's own library has `Human` and `AI`."""
    messages: Any = [{"role": told, "parts": [text("a")]}, {"role": told, "content": "b"}]

    assert [each["role"] for each in chat_input(None, messages)] == [role, role]
    assert chat_choices(messages[1:], None) == [choice(0, "b", "stop")]


def choice(number: int, content: Any, reason: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": content}
    return {"index": number, "message": message, "logprobs": None, "finish_reason": reason}


def test_each_message_that_came_back_is_a_choice() -> None:
    messages: Any = [
        {"role": "assistant", "parts": [text("a"), text("b")], "finish_reason": "max_tokens"},
        {"role": "assistant", "parts": [{"type": "reasoning", "content": "hm"}]},
        {"role": "assistant", "content": "plain"},
    ]

    found = chat_choices(messages, ["stop", "CONTENT_FILTER"])

    assert found == [
        choice(0, "ab", "length"),
        choice(1, None, "content_filter"),
        choice(2, "plain", "stop"),
    ]
    assert chat_choices(messages[2:], "length") == [choice(0, "plain", "length")]
    assert chat_choices(None, None) == []


def test_functions_that_were_offered_become_tools() -> None:
    definitions = [
        {"type": "function", "name": "a", "parameters": {"type": "object"}},
        {"name": "b"},
        {"type": "function", "function": {"name": "c"}},
        {"type": "web_search"},
        {"type": "function"},
        7,
    ]

    assert chat_tools(json.dumps(definitions)) == [
        {"type": "function", "function": {"name": "a", "parameters": {"type": "object"}}},
        {"type": "function", "function": {"name": "b"}},
        {"type": "function", "function": {"name": "c"}},
    ]


@pytest.mark.parametrize(
    ("message", "plain"),
    [
        ({"content": "x"}, {"role": "user", "content": "x"}),
        ({"role": "system", "content": None}, {"role": "system", "content": ""}),
        ({"role": "assistant"}, {"role": "assistant", "content": None}),
        ({"content": '{"a": 1}'}, {"role": "user", "content": '{"a": 1}'}),
        ({"content": "[1, 2]"}, {"role": "user", "content": "[1, 2]"}),
        ({"content": "[]"}, {"role": "user", "content": "[]"}),
        ({"content": {"a": 1}}, {"role": "user", "content": '{"a":1}'}),
        ({"content": '[{"type": "text", "text": "x"}]'}, {"role": "user", "content": "x"}),
        (
            {"role": "tool", "id": "call_1", "content": "x"},
            {"role": "tool", "content": "x", "tool_call_id": "call_1"},
        ),
        ({"role": "tool", "content": "x"}, {"role": "tool", "content": "x", "tool_call_id": ""}),
    ],
)
def test_messages_without_parts_are_nearly_right(message: Any, plain: Any) -> None:
    assert plain_message(message) == plain


def test_calls_of_a_plain_message_are_flat_or_not() -> None:
    calls = [{"id": "1", "function": {"name": "f", "arguments": "{}"}}, {"name": "g"}]

    message: Any = plain_message({"tool_calls": json.dumps(calls)}, "assistant")

    assert [each["function"] for each in message["tool_calls"]] == [
        {"name": "f", "arguments": "{}"},
        {"name": "g", "arguments": "{}"},
    ]
    assert [each["id"] for each in message["tool_calls"]] == ["1", ""]
