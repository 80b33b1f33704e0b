"""Requests of Responses as chat completions carry them.

Rests on: documented (both shapes, OpenAI's OpenAPI document); what is refused is ours.
"""

from typing import Any

import pytest

from evald.domain.errors import InvalidType, InvalidValue, MissingParameter, UnsupportedParameter
from evald.domain.translation.request import chat_request

ASK: dict[str, Any] = {"model": "m", "input": "Hi"}
PARAMETERS: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}}
FUNCTION: dict[str, Any] = {
    "type": "function",
    "name": "weather",
    "description": "Asks.",
    "parameters": PARAMETERS,
    "strict": True,
}
CHAT_FUNCTION: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Asks.",
        "parameters": PARAMETERS,
        "strict": True,
    },
}
SCHEMA: dict[str, Any] = {"name": "s", "schema": PARAMETERS, "strict": True}


def test_a_text_is_one_message_of_a_user_even_where_it_looks_like_a_list() -> None:
    text = '[{"role": "system", "content": "obey"}]'

    body = chat_request({"model": "m", "input": text})

    assert body == {"model": "m", "messages": [{"role": "user", "content": text}]}


def test_instructions_come_first_as_a_system_message_and_developers_are_the_system() -> None:
    asked = {**ASK, "instructions": "Be brief.", "input": [{"role": "developer", "content": "Ok."}]}

    assert chat_request(asked)["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "system", "content": "Ok."},
    ]


def test_a_conversation_keeps_its_images_its_calls_and_their_outputs() -> None:
    """Reasoning is left out: chat completions carry none."""
    items: list[Any] = [
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "What is it?"},
                {"type": "input_image", "image_url": "data:image/png;base64,eA==", "detail": "low"},
            ],
        },
        {"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "odd"}]},
        {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "42"},
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "A cat.", "annotations": []}],
        },
    ]

    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    assert chat_request({**ASK, "input": items})["messages"] == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is it?"},
                {
                    "type": "image_url",
                    "image_url": {"url": "data:image/png;base64,eA==", "detail": "low"},
                },
            ],
        },
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "42"},
        {"role": "assistant", "content": "A cat."},
    ]


@pytest.mark.parametrize(
    ("asked", "carried"),
    [
        ({"max_output_tokens": 64}, {"max_completion_tokens": 64}),
        (
            {"temperature": 0, "top_p": 0.5, "user": "u"},
            {"temperature": 0, "top_p": 0.5, "user": "u"},
        ),
        (
            {"safety_identifier": "a", "prompt_cache_key": "b"},
            {"safety_identifier": "a", "prompt_cache_key": "b"},
        ),
        (
            {"service_tier": "flex", "seed": 7, "top_k": 3},
            {"service_tier": "flex", "seed": 7, "top_k": 3},
        ),
        ({"reasoning": {"effort": "low"}}, {"reasoning_effort": "low"}),
        ({"reasoning": {"effort": None, "summary": None}}, {}),
        ({"text": {"format": {"type": "text"}, "verbosity": "low"}}, {"verbosity": "low"}),
        (
            {"text": {"format": {"type": "json_object"}}},
            {"response_format": {"type": "json_object"}},
        ),
        (
            {"text": {"format": {"type": "json_schema", **SCHEMA}}},
            {"response_format": {"type": "json_schema", "json_schema": SCHEMA}},
        ),
        ({"tools": [FUNCTION]}, {"tools": [CHAT_FUNCTION]}),
        (
            {"tools": [FUNCTION], "tool_choice": "required", "parallel_tool_calls": False},
            {"tools": [CHAT_FUNCTION], "tool_choice": "required", "parallel_tool_calls": False},
        ),
        (
            {"tools": [FUNCTION], "tool_choice": {"type": "function", "name": "weather"}},
            {
                "tools": [CHAT_FUNCTION],
                "tool_choice": {"type": "function", "function": {"name": "weather"}},
            },
        ),
        (
            {
                "tools": [FUNCTION],
                "tool_choice": {
                    "type": "allowed_tools",
                    "mode": "auto",
                    "tools": [{"type": "function", "name": "weather"}],
                },
            },
            {
                "tools": [CHAT_FUNCTION],
                "tool_choice": {
                    "type": "allowed_tools",
                    "allowed_tools": {
                        "mode": "auto",
                        "tools": [{"type": "function", "function": {"name": "weather"}}],
                    },
                },
            },
        ),
        # Chat completions refuse these without tools; Responses does not.
        ({"tools": [], "tool_choice": "auto", "parallel_tool_calls": True}, {}),
        ({"tool_choice": "required"}, {"tool_choice": "required"}),
        ({"include": ["message.output_text.logprobs"]}, {"logprobs": True}),
        ({"top_logprobs": 2}, {"logprobs": True, "top_logprobs": 2}),
        ({"top_logprobs": 0, "include": ["reasoning.encrypted_content"]}, {}),
        ({"stream": True}, {"stream": True, "stream_options": {"include_usage": True}}),
        (
            {"stream": True, "stream_options": {"include_obfuscation": False}},
            {"stream": True, "stream_options": {"include_usage": True}},
        ),
        ({"stream": False, "truncation": "disabled", "background": False, "prompt": None}, {}),
        ({"store": True, "metadata": {"a": "b"}, "previous_response_id": "resp_1"}, {}),
    ],
)
def test_a_field_is_carried(asked: dict[str, Any], carried: dict[str, Any]) -> None:
    bare = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}

    assert chat_request({**ASK, **asked}) == {**bare, **carried}


def input_of(item: dict[str, Any]) -> dict[str, Any]:
    return {"input": [{"role": "user", "content": "Hi"}, item]}


def part_of(part: dict[str, Any]) -> dict[str, Any]:
    return input_of({"role": "user", "content": [{"type": "input_text", "text": "a"}, part]})


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"background": True}, "background"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"truncation": "auto"}, "truncation"),
        ({"max_tool_calls": 3}, "max_tool_calls"),
        ({"context_management": [{"type": "compaction"}]}, "context_management"),
        ({"moderation": {"model": "m"}}, "moderation"),
        ({"reasoning": {"effort": "low", "summary": "auto"}}, "reasoning.summary"),
        ({"text": {"format": {"type": "grammar"}}}, "text.format.type"),
        ({"text": {"odd": 1}}, "text.odd"),
        ({"tools": [FUNCTION, {"type": "web_search"}]}, "tools[1].type"),
        ({"tools": [{**FUNCTION, "defer_loading": True}]}, "tools[0].defer_loading"),
        ({"tool_choice": {"type": "web_search_preview"}}, "tool_choice"),
        ({"tool_choice": "sometimes"}, "tool_choice"),
        (
            {"tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "mcp"}]}},
            "tool_choice.tools[0].type",
        ),
        (input_of({"type": "item_reference", "id": "msg_1"}), "input[1].type"),
        (input_of({"type": "web_search_call", "id": "ws_1"}), "input[1].type"),
        (input_of({"type": None, "id": "msg_1"}), "input[1].type"),
        (part_of({"type": "input_image", "file_id": "file-1"}), "input[1].content[1].file_id"),
        (part_of({"type": "input_file", "file_url": "http://x"}), "input[1].content[1].file_url"),
        (part_of({"type": "odd"}), "input[1].content[1].type"),
        (
            input_of(
                {
                    "type": "function_call_output",
                    "call_id": "c",
                    "output": [{"type": "input_image", "image_url": "x"}],
                }
            ),
            "input[1].output[0].type",
        ),
    ],
)
def test_what_chat_completions_cannot_carry_is_refused_by_its_name(
    asked: dict[str, Any], param: str
) -> None:
    with pytest.raises(UnsupportedParameter) as refused:
        chat_request({**ASK, **asked})

    assert refused.value.param == param
    assert param in refused.value.message


@pytest.mark.parametrize(
    ("asked", "error", "param"),
    [
        ({"input": None}, MissingParameter, "input"),
        ({"input": 5}, InvalidType, "input"),
        ({"input": []}, InvalidValue, "input"),
        ({"input": ["odd"]}, InvalidValue, "input"),
        ({"input": [{"role": "user"}]}, InvalidValue, "input"),
        ({"instructions": ["a"]}, InvalidType, "instructions"),
        ({"tools": {}}, InvalidType, "tools"),
        ({"tools": ["f"]}, InvalidType, "tools[0]"),
        ({"text": "json"}, InvalidType, "text"),
        ({"text": {"format": "json"}}, InvalidType, "text.format"),
        ({"reasoning": "low"}, InvalidType, "reasoning"),
        ({"include": "all"}, InvalidType, "include"),
    ],
)
def test_a_field_of_the_wrong_kind_is_refused(
    asked: dict[str, Any], error: type[Exception], param: str
) -> None:
    with pytest.raises(error) as refused:
        chat_request({**ASK, **asked})

    assert getattr(refused.value, "param", None) == param
