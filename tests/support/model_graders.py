"""Model graders, and what their models and providers answer."""

import json
from typing import Any

from pydantic import JsonValue, TypeAdapter

from evald.adapters.clock import SystemClock
from evald.adapters.models.scripted import Script, ScriptedModel
from evald.ports.model import FailureKind, ModelAnswer, ModelFailure
from evald.wire.graders import Grader, LabelModelGrader, ScoreModelGrader

SNAPSHOT = "m-2026-01-31"
"""The model that answers name, whichever name was asked for."""

USER: JsonValue = {"role": "user", "content": "Grade {{ sample.output_text }}."}
LABEL: dict[str, JsonValue] = {
    "type": "label_model",
    "name": "Tone",
    "model": "m",
    "input": [USER],
    "labels": ["good", "bad", "3"],
    "passing_labels": ["good"],
}
SCORE: dict[str, JsonValue] = {
    "type": "score_model",
    "name": "Worth",
    "model": "m",
    "input": [USER],
}

_GRADER: TypeAdapter[Grader] = TypeAdapter(Grader)


def label_grader(**fields: Any) -> LabelModelGrader:
    """A grader of tones, of which `good` passes."""
    grader = _GRADER.validate_python({**LABEL, **fields})
    assert isinstance(grader, LabelModelGrader)
    return grader


def score_grader(**fields: Any) -> ScoreModelGrader:
    """A grader of worth, from 0 to 1."""
    grader = _GRADER.validate_python({**SCORE, **fields})
    assert isinstance(grader, ScoreModelGrader)
    return grader


def scripted(*script: str | ModelAnswer | ModelFailure) -> ScriptedModel:
    """A model that says these lines; it holds what it was asked."""
    return speaking(script)


def speaking(script: Script) -> ScriptedModel:
    """A model with this script."""
    return ScriptedModel(script, SystemClock())


def result(value: JsonValue) -> str:
    """A verdict as a model says it where the provider sees to the schema."""
    step = {"description": "I looked.", "conclusion": "I saw."}
    return json.dumps({"steps": [step], "result": value})


def chat(content: str | None, *, finish_reason: str = "stop", **message: JsonValue) -> ModelAnswer:
    """A chat completion of 7 tokens in, 3 of them cached, and 2 out."""
    said: JsonValue = {"role": "assistant", "content": content, **message}
    body: dict[str, JsonValue] = {
        "model": SNAPSHOT,
        "choices": [{"index": 0, "message": said, "finish_reason": finish_reason}],
        "usage": {
            "prompt_tokens": 7,
            "completion_tokens": 2,
            "total_tokens": 9,
            "prompt_tokens_details": {"cached_tokens": 3},
        },
    }
    return ModelAnswer(body, 0.1)


def refusing(
    message: str, *, status: int = 400, code: str = "invalid_request_error"
) -> ModelFailure:
    """A provider's refusal in these words."""
    return ModelFailure(FailureKind.REFUSED, code, message, status=status)


NO_SCHEMA = refusing("Invalid parameter: 'response_format' of type 'json_schema' is not supported.")
NO_JSON = refusing("This model does not support response format `json_object`.")
