"""Calls of Responses told chat-style.

That they are is observed (2025: output items, and a python grader that reads `output_tools` of a
run with an MCP server); the shape for tools that are no functions is ours.
"""

import json
from typing import Any

import pytest

from evald.domain.conversation.tool_calls import chat_call, is_call


@pytest.mark.parametrize(
    ("type", "called"),
    [
        ("function_call", True),
        ("mcp_call", True),
        ("web_search_call", True),
        ("custom_tool_call", True),
        ("function_call_output", False),
        ("mcp_list_tools", False),
        ("message", False),
        (None, False),
        (["x_call"], False),
    ],
)
def test_which_items_are_calls(type: Any, called: bool) -> None:
    assert is_call({"type": type}) is called


@pytest.mark.parametrize(
    ("item", "id", "name", "arguments"),
    [
        (
            {
                "type": "function_call",
                "id": "fc_1",
                "call_id": "c1",
                "name": "f",
                "arguments": "{}",
            },
            "c1",
            "f",
            "{}",
        ),
        (
            {"type": "mcp_call", "id": "mcp_1", "name": "f", "arguments": "{}", "output": "ok"},
            "mcp_1",
            "f",
            "{}",
        ),
        (
            {"type": "custom_tool_call", "id": "x", "call_id": "c1", "name": "f", "input": "raw"},
            "c1",
            "f",
            "raw",
        ),
        ({"type": "function_call", "call_id": "c1", "name": "f"}, "c1", "f", ""),
        (
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": {"x": 1}},
            "c1",
            "f",
            '{"x":1}',
        ),
        ({"type": "mcp_call"}, None, "mcp_call", ""),
    ],
)
def test_a_call_has_an_id_a_name_and_arguments_as_text(
    item: Any, id: str | None, name: str, arguments: str
) -> None:
    assert chat_call(item) == {
        "id": id,
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


def test_a_providers_own_tool_is_named_by_its_type() -> None:
    search: dict[str, Any] = {
        "type": "web_search_call",
        "id": "ws_1",
        "status": "completed",
        "action": {"q": "x"},
    }

    call: Any = chat_call(search)

    assert call["id"] == "ws_1"
    assert call["function"]["name"] == "web_search_call"
    arguments = json.loads(call["function"]["arguments"])
    assert arguments == {"status": "completed", "action": {"q": "x"}}


def test_an_image_that_was_made_is_not_copied_into_the_sample() -> None:
    call: Any = chat_call({"type": "image_generation_call", "id": "ig_1", "result": "BASE64"})

    assert "BASE64" not in call["function"]["arguments"]
