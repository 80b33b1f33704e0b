"""Runs of one grader on one sample, as they cross HTTP; no eval is needed for them."""

from typing import Annotated

from pydantic import BeforeValidator

from evald.wire.base import JsonObject, WireModel
from evald.wire.errors import ApiError
from evald.wire.graders import Grader


def _named(grader: object) -> object:
    """The grader with the names it lacks: a grader's is its type, in a map its key."""
    if not isinstance(grader, dict):
        return grader
    parts = grader.get("graders")
    if isinstance(parts, dict) and not isinstance(parts.get("type"), str):
        parts = {key: _with_name(part, key) for key, part in parts.items()}
    elif isinstance(parts, list):
        parts = [_named(part) for part in parts]
    else:
        parts = _named(parts)
    given = grader if parts is None else {**grader, "graders": parts}
    return _with_name(given, grader.get("type"))


def _with_name(grader: object, name: object) -> object:
    if not isinstance(grader, dict) or "name" in grader or not isinstance(name, str):
        return grader
    return {**grader, "name": name}


NamedGrader = Annotated[Grader, BeforeValidator(_named)]
"""A grader whose name may be missing.

Source: the "Graders" guide runs a python grader that has none; its schema requires one.
"""


class RunGraderRequest(WireModel):
    """The body of POST /fine_tuning/alpha/graders/run."""

    grader: NamedGrader
    model_sample: str
    item: JsonObject | None = None


class ValidateGraderRequest(WireModel):
    """The body of POST /fine_tuning/alpha/graders/validate."""

    grader: NamedGrader


class ValidGrader(WireModel):
    """The answer to POST /fine_tuning/alpha/graders/validate."""

    grader: Grader


class GraderErrors(WireModel):
    """What went wrong during a grader's run: every flag, always.

    Source: OpenAI's OpenAPI document, schema RunGraderResponse.
    """

    formula_parse_error: bool = False
    sample_parse_error: bool = False
    truncated_observation_error: bool = False
    unresponsive_reward_error: bool = False
    invalid_variable_error: bool = False
    other_error: bool = False
    python_grader_server_error: bool = False
    python_grader_server_error_type: str | None = None
    python_grader_runtime_error: bool = False
    python_grader_runtime_error_details: str | None = None
    model_grader_server_error: bool = False
    model_grader_refusal_error: bool = False
    model_grader_parse_error: bool = False
    model_grader_server_error_details: str | None = None


class TokenUsage(WireModel):
    """The tokens that a model used."""

    prompt_tokens: int
    total_tokens: int
    completion_tokens: int
    cached_tokens: int


class GraderRunMetadata(WireModel):
    """What there is to say of a grader's run besides its reward; `execution_time` is in seconds.

    `token_usage` is an object, as in the OpenAPI document's example; its schema says integer.
    `error` says in words why there is no verdict; it is ours.
    """

    name: str
    type: str
    errors: GraderErrors
    execution_time: float
    scores: dict[str, float]
    token_usage: TokenUsage | None
    sampled_model_name: str | None
    error: ApiError | None


class GraderRun(WireModel):
    """The answer to POST /fine_tuning/alpha/graders/run."""

    reward: float
    metadata: GraderRunMetadata
    sub_rewards: dict[str, float]
    model_grader_token_usage_per_model: dict[str, TokenUsage]
