"""What a model was asked, as an output item shows it."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from evald.domain.conversation.flatten import flatten_messages

_TOKEN_LIMITS = ("max_completion_tokens", "max_output_tokens", "max_tokens")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a model was asked, and how; null where nobody knows."""

    input: list[JsonValue]
    temperature: float | None
    top_p: float | None
    seed: int | None
    token_limit: int | None
    reasoning_effort: str | None


def asked_of(body: Mapping[str, JsonValue]) -> Asked:
    """What the body of a request asks, with the defaults in force where it says nothing.

    Source: observed 2025-07 (1.0, 1.0, null and 4096 where nothing was set).
    """
    temperature, top_p = _number(body.get("temperature")), _number(body.get("top_p"))
    limit = _token_limit(body)
    return Asked(
        input=flatten_messages(body.get("messages") or body.get("input")),
        temperature=1.0 if temperature is None else temperature,
        top_p=1.0 if top_p is None else top_p,
        seed=_whole(body.get("seed")),
        token_limit=4096 if limit is None else limit,
        reasoning_effort=_effort(body),
    )


def asked_elsewhere(answer: Mapping[str, JsonValue]) -> Asked:
    """What an uploaded answer says of its asking: a stored completion names its parameters."""
    return Asked(
        input=[],
        temperature=_number(answer.get("temperature")),
        top_p=_number(answer.get("top_p")),
        seed=_whole(answer.get("seed")),
        token_limit=_token_limit(answer),
        reasoning_effort=_effort(answer),
    )


def _token_limit(params: Mapping[str, JsonValue]) -> int | None:
    for key in _TOKEN_LIMITS:
        if (limit := _whole(params.get(key))) is not None:
            return limit
    return None


def _effort(params: Mapping[str, JsonValue]) -> str | None:
    reasoning = params.get("reasoning")
    effort = reasoning.get("effort") if isinstance(reasoning, dict) else None
    given = params.get("reasoning_effort") if effort is None else effort
    return given if isinstance(given, str) else None


def _number(value: JsonValue) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # An uploaded number may be beyond every float, and infinity is not JSON.
    return float(value) if abs(value) <= sys.float_info.max else None


def _whole(value: JsonValue) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
