"""The `sample` object of an output item: what was asked, how, and what came back."""

from pydantic import JsonValue

from evald.domain.conversation.asked import Asked
from evald.domain.conversation.reading import Reading, said, usage_json


def echo(asked: Asked, reading: Reading, *, seconds: float | None = None) -> dict[str, JsonValue]:
    """The `sample` object, in the key order captured.

    `reasoning_effort` is there only where it was set. Both spellings of the token limit are.
    `seconds`, to the millisecond, is how long the answer took; where nobody was asked, or nobody
    answered, it is not there.

    Source: observed 2025-07; the documented spelling of the limit besides; `seconds` is ours.
    """
    error = reading.error
    echoed: dict[str, JsonValue] = {
        "input": asked.input,
        "output": [said(reading)] if reading.choices else [],
        "finish_reason": reading.finish_reason,
        "model": reading.model,
        "usage": usage_json(reading.usage),
        "error": {"code": error.code, "message": error.message} if error else None,
        "seed": asked.seed,
        "temperature": asked.temperature,
        "top_p": asked.top_p,
        "max_completion_tokens": asked.token_limit,
        "max_completions_tokens": asked.token_limit,
    }
    if asked.reasoning_effort is not None:
        echoed["reasoning_effort"] = asked.reasoning_effort
    if seconds is not None:
        echoed["seconds"] = round(seconds, 3)
    return echoed
