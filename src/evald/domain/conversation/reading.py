"""What an answer says, in one shape for every API, however odd the answer."""

from dataclasses import dataclass, field

from pydantic import JsonValue

from evald.domain.tally import Usage
from evald.wire.errors import ApiError

MAX_TOKENS = 2**31 - 1
"""No call counts more; what claims to would overflow the sums of a run."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer says.

    `model` is empty where the answer names none. `choices` are chat completions' own, or made of
    the output of Responses. `error` is why there is nothing to grade.
    """

    model: str
    usage: Usage
    choices: list[JsonValue] = field(default_factory=list)
    text: str = ""
    tool_calls: list[JsonValue] = field(default_factory=list)
    refusal: str | None = None
    finish_reason: str | None = None
    audio: dict[str, JsonValue] | None = None
    reasoning_summary: str | None = None
    error: ApiError | None = None


def said(reading: Reading) -> dict[str, JsonValue]:
    """The message of an answer as an output item shows it: text, tool calls, refusal."""
    message: dict[str, JsonValue] = {"role": "assistant", "content": reading.text}
    if reading.tool_calls:
        message["tool_calls"] = reading.tool_calls
    if reading.refusal is not None:
        message["refusal"] = reading.refusal
    return message


def usage_json(usage: Usage) -> dict[str, JsonValue]:
    """The tokens of a call as an output item shows them, in the key order captured."""
    return {
        "total_tokens": usage.total_tokens,
        "completion_tokens": usage.completion_tokens,
        "prompt_tokens": usage.prompt_tokens,
        "cached_tokens": usage.cached_tokens,
    }


def error_of(code: str, message: str) -> ApiError:
    """The error, with what no UTF-8 can hold (half a surrogate pair) replaced by `?`."""
    return ApiError(code=_encodable(code), message=_encodable(message))


def _encodable(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def unreadable(body: dict[str, JsonValue], message: str) -> Reading:
    """The reading of an answer without anything to grade.

    Its error is the one that the body itself gives, if any; else `malformed_answer` and `message`.
    """
    error = _given_error(body.get("error")) or error_of("malformed_answer", message)
    return Reading(model=text_or_empty(body.get("model")), usage=tokens(body), error=error)


def _given_error(error: JsonValue) -> ApiError | None:
    if isinstance(error, str) and error:
        return error_of("provider_error", error)
    if not isinstance(error, dict) or not isinstance(error.get("message"), str):
        return None
    code = error.get("code")
    named = str(code) if isinstance(code, str | int) else text_or_empty(error.get("type"))
    return error_of(named or "provider_error", str(error["message"]))


def tokens(body: dict[str, JsonValue]) -> Usage:
    """One call and the tokens that the answer counts for it, in either API's spelling.

    What is not a whole number from 0 up counts 0; where only the total is missing, it is the sum.
    """
    usage = body.get("usage")
    if not isinstance(usage, dict):
        return Usage(invocations=1)
    prompt = _count(usage, "prompt_tokens") or _count(usage, "input_tokens")
    completion = _count(usage, "completion_tokens") or _count(usage, "output_tokens")
    details = usage.get("prompt_tokens_details") or usage.get("input_tokens_details")
    return Usage(
        invocations=1,
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=_count(usage, "total_tokens") or prompt + completion,
        cached_tokens=_count(details, "cached_tokens") if isinstance(details, dict) else 0,
    )


def _count(counts: dict[str, JsonValue], key: str) -> int:
    count = counts.get(key, 0)
    if isinstance(count, bool) or not isinstance(count, int):
        return 0
    return count if 0 <= count <= MAX_TOKENS else 0


def text_or_empty(value: JsonValue) -> str:
    """The value where it is text, else nothing."""
    return value if isinstance(value, str) else ""


def objects(value: JsonValue) -> list[dict[str, JsonValue]]:
    """The objects in a list; nothing of what is no list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
