"""Shapes as instrumentations of 2024 and 2025 wrote them (documented, and seen in their tests)."""

import json
from typing import Any

from evald.domain.telemetry.older import SpanEvent, flat_tools, told_by_attributes, told_by_events


def event(name: str, **attributes: Any) -> SpanEvent:
    return SpanEvent(name, attributes)


def azure(name: str, body: Any) -> SpanEvent:
    return SpanEvent(name, {"gen_ai.system": "x", "gen_ai.event.content": json.dumps(body)})


CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def test_events_with_a_body_in_an_attribute_are_read() -> None:
    told = told_by_events(
        [
            azure("gen_ai.system.message", {"content": "Be brief.", "role": "system"}),
            azure("gen_ai.user.message", {"content": "Hello"}),
            azure("gen_ai.assistant.message", {"tool_calls": [CALL]}),
            azure("gen_ai.tool.message", {"id": "call_1", "content": "42"}),
            event("exception", message="no"),
            azure(
                "gen_ai.choice",
                {"index": 0, "finish_reason": "stop", "message": {"content": "It is 42."}},
            ),
        ]
    )

    assert told.messages == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "content": "42", "tool_call_id": "call_1"},
    ]
    assert told.choices == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "It is 42."},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ]


def test_events_with_their_body_as_attributes_are_read() -> None:
    told: Any = told_by_events(
        [
            event("gen_ai.user.message", content="Hello"),
            SpanEvent(
                "gen_ai.user.message",
                {"gen_ai.event.content": "plain", "gen_ai.event.role": "user"},
            ),
            event("gen_ai.choice", message="Hi", finish_reason="end_turn"),
            event("gen_ai.choice", content="Ho", tool_calls=json.dumps([CALL])),
        ]
    )

    assert [each["content"] for each in told.messages] == ["Hello", "plain"]
    assert [each["message"]["content"] for each in told.choices] == ["Hi", "Ho"]
    assert [each["finish_reason"] for each in told.choices] == ["stop", "tool_calls"]
    assert told.choices[1]["message"]["tool_calls"] == [CALL]


def test_the_two_events_before_that_are_read() -> None:
    asked = [{"role": "user", "content": "Hello"}]
    told: Any = told_by_events(
        [
            SpanEvent("gen_ai.content.prompt", {"gen_ai.prompt": json.dumps(asked)}),
            SpanEvent("gen_ai.content.completion", {"gen_ai.completion": "Hi"}),
            SpanEvent("gen_ai.content.completion", {}),
        ]
    )

    assert told.messages == asked
    assert [each["message"] for each in told.choices] == [{"role": "assistant", "content": "Hi"}]


def test_flattened_attributes_are_read() -> None:
    told: Any = told_by_attributes(
        {
            "gen_ai.prompt.0.role": "system",
            "gen_ai.prompt.0.content": "Be brief.",
            "gen_ai.prompt.1.role": "assistant",
            "gen_ai.prompt.1.content": "",
            "gen_ai.prompt.1.tool_calls.0.id": "call_1",
            "gen_ai.prompt.1.tool_calls.0.name": "f",
            "gen_ai.prompt.1.tool_calls.0.arguments": "{}",
            "gen_ai.prompt.2.role": "tool",
            "gen_ai.prompt.2.content": "42",
            "gen_ai.prompt.2.tool_call_id": "call_1",
            "gen_ai.completion.0.role": "assistant",
            "gen_ai.completion.0.finish_reason": "tool_calls",
            "gen_ai.completion.0.tool_calls.0.id": "call_1",
            "gen_ai.completion.0.tool_calls.0.function.name": "f",
            "gen_ai.completion.0.tool_calls.0.function.arguments": "{}",
        }
    )

    assert told.messages == [
        {"role": "system", "content": "Be brief."},
        {"role": "assistant", "content": "", "tool_calls": [CALL]},
        {"role": "tool", "content": "42", "tool_call_id": "call_1"},
    ]
    assert told.choices[0]["message"]["tool_calls"] == [CALL]
    assert told.choices[0]["finish_reason"] == "tool_calls"


def test_flattened_functions_are_read() -> None:
    attributes: Any = {
        "llm.request.functions.0.name": "f",
        "llm.request.functions.0.parameters": '{"type": "object"}',
    }

    assert flat_tools(attributes) == [
        {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
    ]
