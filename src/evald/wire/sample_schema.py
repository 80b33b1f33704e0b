"""The JSON Schema of `sample` that the service generates for `include_sample_schema: true`."""

from pydantic import JsonValue

_CALLED_FUNCTION: JsonValue = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "arguments": {"type": "string"}},
    "required": ["name", "arguments"],
}

_TOOL_CALL: JsonValue = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "enum": ["function"]},
        "function": _CALLED_FUNCTION,
        "id": {"type": "string"},
    },
    "required": ["type", "function", "id"],
}

_MESSAGE: JsonValue = {
    "type": "object",
    "properties": {
        "role": {"type": "string", "enum": ["assistant"]},
        "content": {"type": ["string", "array", "null"]},
        # Chat completions answer a refusal as a string; the captured schema says boolean.
        "refusal": {"type": ["boolean", "null"]},
        "tool_calls": {"type": ["array", "null"], "items": _TOOL_CALL},
        "function_call": {
            "type": ["object", "null"],
            "properties": {"name": {"type": "string"}, "arguments": {"type": "string"}},
            "required": ["name", "arguments"],
        },
    },
    "required": ["role"],
}

GENERATED_SAMPLE_SCHEMA: JsonValue = {
    "type": "object",
    "properties": {
        "model": {"type": "string"},
        "choices": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"message": _MESSAGE, "finish_reason": {"type": "string"}},
                "required": ["index", "message", "finish_reason"],
            },
        },
        "output_text": {"type": "string"},
        "output_json": {"type": "object"},
        "output_tools": {"type": "array", "items": {"type": "object"}},
        "output_reasoning_summary": {"type": ["string", "null"]},
        "output_audio": {"type": ["object", "null"]},
        "input_tools": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["model", "choices"],
}
"""Echoed as captured, with its quirks; samples are never checked against it.

Source: observed 2026-07-03.
"""
