"""A chat completion as the response that it answers."""

from dataclasses import dataclass

from pydantic import JsonValue

from evald.domain.conversation.chat_answer import read_chat_answer
from evald.domain.conversation.reading import MAX_TOKENS, objects, tokens
from evald.domain.translation.frame import Frame
from evald.domain.translation.items import output_items

_CUT_OFF = {"length": "max_output_tokens", "content_filter": "content_filter"}
"""Why an answer is not whole: chat completions' words, and those of Responses."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How an answer ended: why, when (Unix seconds), and what the provider told beside its words.

    `told` has the completion's `model`, `service_tier` and `usage`, as far as they are there.
    """

    finish_reason: str | None
    completed_at: int
    told: dict[str, JsonValue]

    @property
    def status(self) -> str:
        """The status of the response, and of its last item."""
        return "incomplete" if self.finish_reason in _CUT_OFF else "completed"


def response_of(
    frame: Frame, completion: dict[str, JsonValue], *, completed_at: int
) -> dict[str, JsonValue]:
    """The response that the first choice of a chat completion makes.

    A completion without a choice makes a failed response, which says why. `created_at` is the
    frame's: the provider began later than it was asked.

    Args:
        frame: what does not come from the model.
        completion: what the provider answered.
        completed_at: when it had answered, in Unix seconds; shown of a completed response only.
    """
    reading = read_chat_answer(completion)
    if reading.error is not None:
        return failed(frame, reading.error.code, message=reading.error.message)
    choice = objects(completion.get("choices"))[0]
    ending = Ending(reading.finish_reason, completed_at, completion)
    return ended(frame, output_items(frame, choice, reading.text, status=ending.status), ending)


def ended(frame: Frame, output: list[JsonValue], ending: Ending) -> dict[str, JsonValue]:
    """The response of this output that ended like this."""
    reason = _CUT_OFF.get(ending.finish_reason or "")
    model, tier = ending.told.get("model"), ending.told.get("service_tier")
    said: dict[str, JsonValue] = {
        "status": ending.status,
        "completed_at": None if reason else ending.completed_at,
        "incomplete_details": {"reason": reason} if reason else None,
        "output": output,
        "usage": usage_of(ending.told),
    }
    if isinstance(model, str) and model:
        said["model"] = model
    if isinstance(tier, str):
        said["service_tier"] = tier
    return frame.response(**said)


def failed(
    frame: Frame, code: str, *, message: str, output: list[JsonValue] | None = None
) -> dict[str, JsonValue]:
    """The response of which nothing more will come, and why."""
    error: JsonValue = {"code": code, "message": message}
    return frame.response(status="failed", error=error, output=output or [])


def usage_of(completion: dict[str, JsonValue]) -> JsonValue:
    """The tokens as Responses counts them; null where the completion says nothing of them."""
    usage = completion.get("usage")
    if not isinstance(usage, dict):
        return None
    counted = tokens(completion)
    return {
        "input_tokens": counted.prompt_tokens,
        "input_tokens_details": {
            "cached_tokens": counted.cached_tokens,
            "cache_write_tokens": _count(usage.get("prompt_tokens_details"), "cache_write_tokens"),
        },
        "output_tokens": counted.completion_tokens,
        "output_tokens_details": {
            "reasoning_tokens": _count(usage.get("completion_tokens_details"), "reasoning_tokens")
        },
        "total_tokens": counted.total_tokens,
    }


def _count(details: JsonValue, key: str) -> int:
    count = details.get(key) if isinstance(details, dict) else None
    if not isinstance(count, int) or isinstance(count, bool):
        return 0
    return count if 0 <= count <= MAX_TOKENS else 0
