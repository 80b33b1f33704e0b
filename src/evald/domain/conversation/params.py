"""Sampling parameters as the API that is asked spells them; only what was set is sent."""

import json
from collections.abc import Mapping

from pydantic import JsonValue

from evald.domain import exact_json
from evald.wire.data_sources import SamplingParams

# The body's other fields, and how an answer is carried, which is no part of it.
_NOT_PARAMS = frozenset({"model", "messages", "input", "stream", "stream_options"})
_TOKEN_LIMITS = ("max_completion_tokens", "max_completions_tokens")


def chat_params(params: SamplingParams) -> dict[str, JsonValue]:
    """The parameters for chat completions; those unknown here go on as they are."""
    return chat_params_of(params.model_dump())


def chat_params_of(given: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The same of parameters whose types nobody has looked at: the provider will."""
    sent = _set(given)
    limit = _taken_limit(sent)
    return sent if limit is None else {**sent, "max_completion_tokens": limit}


def response_params(params: SamplingParams) -> dict[str, JsonValue]:
    """The parameters for Responses, which knows no `seed` and has its own names for others.

    Source: OpenAI's OpenAPI document, CreateResponse.
    """
    sent = _set(params.model_dump())
    sent.pop("seed", None)
    limit, effort = _taken_limit(sent), sent.pop("reasoning_effort", None)
    if limit is not None:
        sent["max_output_tokens"] = limit
    if effort is not None:
        reasoning = sent.get("reasoning")
        others = reasoning if isinstance(reasoning, dict) else {}
        sent["reasoning"] = {**others, "effort": effort}
    return sent


def _taken_limit(sent: dict[str, JsonValue]) -> JsonValue:
    """The most tokens an answer may have, taken out, whichever way it was spelled."""
    limits = [sent.pop(spelling) for spelling in _TOKEN_LIMITS if spelling in sent]
    return limits[0] if limits else None


def _set(given: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    there: dict[str, JsonValue] = {
        key: value for key, value in given.items() if value is not None and key not in _NOT_PARAMS
    }
    # Numbers that remember their text would go into every row's request, and slow its encoding.
    plain: dict[str, JsonValue] = json.loads(exact_json.dump(there))
    return plain
