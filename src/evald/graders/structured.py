"""Results as JSON: how a model is asked for one, and how one is read out of what it says."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from pydantic import JsonValue

from evald.domain import exact_json
from evald.ports.model import FailureKind, ModelFailure


class OutputMode(StrEnum):
    """By what means an answer is made to be JSON, the surest first."""

    JSON_SCHEMA = "json_schema"  # the provider lets nothing through that does not fit
    JSON_OBJECT = "json_object"  # the provider sees to JSON, the model is told the schema
    TEXT = "text"  # the model is told, and that is all


@dataclass(frozen=True, slots=True)
class Found:
    """The result that an answer holds, whatever it is."""

    result: JsonValue


# What such refusals speak of, at OpenAI, Azure, Groq, DeepSeek, vLLM and llama.cpp.
_ABOUT_FORMAT = re.compile(
    r"response[_ ]format|json[_ ](?:schema|object|mode)|structured[_ ]output", re.IGNORECASE
)
# About the key, the quota or the moment, whatever the words.
_NOT_ABOUT_FORMAT = frozenset({401, 403, 408, 409, 429})
_OBJECT = re.compile(r'\{\s*["}]')


def result_schema(result: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The schema of an answer: its steps, and then a result that fits the schema given.

    The order is part of it: a model that reasons before it settles on a result settles better.

    Source: observed 2025-07 (keys and their order).
    """
    step = _object({"description": {"type": "string"}, "conclusion": {"type": "string"}})
    return _object({"steps": {"type": "array", "items": step}, "result": result})


def _object(properties: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }


def response_format(schema: JsonValue, mode: OutputMode) -> dict[str, JsonValue]:
    """The fields of a request by which the provider is told what to let through.

    Source: OpenAI's OpenAPI document, ResponseFormatJsonSchema and ResponseFormatJsonObject.
    """
    match mode:
        case OutputMode.JSON_SCHEMA:
            form: JsonValue = {"name": "grade", "strict": True, "schema": schema}
            return {"response_format": {"type": "json_schema", "json_schema": form}}
        case OutputMode.JSON_OBJECT:
            return {"response_format": {"type": "json_object"}}
        case OutputMode.TEXT:
            return {}
        case _:
            assert_never(mode)


def instruction(schema: JsonValue) -> str:
    """What a model is told where its provider does not see to the schema."""
    return (
        "Answer with one JSON object and nothing else: no code fence, no words around it. "
        "It must fit this JSON Schema, its keys in this order:\n" + exact_json.dump(schema)
    )


def next_mode(mode: OutputMode, failure: ModelFailure) -> OutputMode | None:
    """How to ask instead, where the failure is a refusal of this mode; None where it is not."""
    if failure.kind is not FailureKind.REFUSED or failure.status in _NOT_ABOUT_FORMAT:
        return None
    if not _ABOUT_FORMAT.search(f"{failure.code} {failure.message}"):
        return None
    match mode:
        case OutputMode.JSON_SCHEMA:
            return OutputMode.JSON_OBJECT
        case OutputMode.JSON_OBJECT:
            return OutputMode.TEXT
        case OutputMode.TEXT:
            return None
        case _:
            assert_never(mode)


def result_in(text: str) -> Found | None:
    """The result that an answer holds; None where it holds none, or not for sure.

    The answer is an object with a `result`, or a number or a string alone. It may stand in a code
    fence or among words, where the last object counts; thoughts before it (`<think>`) are passed
    over. An object that is broken or cut off makes all of it worth nothing: what stands inside of
    one may be called `result` too.
    """
    said = text.rpartition("</think>")[2].strip()
    if said.startswith("<think>"):
        return None
    try:
        value = exact_json.parse(said)
    except ValueError:
        return _found_among_words(said)
    if isinstance(value, dict):
        return Found(value["result"]) if "result" in value else None
    is_alone = isinstance(value, str | int | float) and not isinstance(value, bool)
    return Found(value) if is_alone else None


def _found_among_words(said: str) -> Found | None:
    found, end = None, 0
    while (begin := _OBJECT.search(said, end)) is not None:
        try:
            value, end = exact_json.DECODER.raw_decode(said, begin.start())
        except (ValueError, RecursionError):
            return None
        if "result" in value:
            found = Found(value["result"])
    return found
