"""Sampling parameters as the API that is asked spells them; only what was set is sent."""

import json

from pydantic import JsonValue

from evald.domain import exact_json
from evald.wire.data_sources import SamplingParams

# The body's other fields, and how an answer is carried, which is no part of it.
_NOT_PARAMS = frozenset({"model", "messages", "input", "stream", "stream_options"})
_TOKEN_LIMITS = frozenset({"max_completion_tokens", "max_completions_tokens"})


def chat_params(params: SamplingParams) -> dict[str, JsonValue]:
    """The parameters for chat completions; those unknown here go on as they are."""
    sent = _set(params)
    limit = params.token_limit()
    return sent if limit is None else {**sent, "max_completion_tokens": limit}


def response_params(params: SamplingParams) -> dict[str, JsonValue]:
    """The parameters for Responses, which knows no `seed` and has its own names for others.

    Source: OpenAI's OpenAPI document, CreateResponse.
    """
    sent = _set(params)
    sent.pop("seed", None)
    limit, effort = params.token_limit(), sent.pop("reasoning_effort", None)
    if limit is not None:
        sent["max_output_tokens"] = limit
    if effort is not None:
        reasoning = sent.get("reasoning")
        others = reasoning if isinstance(reasoning, dict) else {}
        sent["reasoning"] = {**others, "effort": effort}
    return sent


def _set(params: SamplingParams) -> dict[str, JsonValue]:
    given = {
        key: value
        for key, value in params.model_dump().items()
        if value is not None and key not in _NOT_PARAMS and key not in _TOKEN_LIMITS
    }
    # Numbers that remember their text would go into every row's request, and slow its encoding.
    plain: dict[str, JsonValue] = json.loads(exact_json.dump(given))
    return plain
