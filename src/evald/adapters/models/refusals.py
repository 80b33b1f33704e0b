"""What a provider's error answer says: its code, its message and its wish to be left alone."""

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

import orjson
from pydantic import JsonValue

from evald.adapters.models.provider import MAX_MESSAGE, Provider
from evald.ports.model import FailureKind, ModelFailure


def refusal(
    provider: Provider, status: int, *, content: bytes, retry_after_s: float | None
) -> ModelFailure:
    """The failure that an answer with an error status is.

    Reads OpenAI's envelope and what its likes make of it: `error` as a text, or `message` and
    `detail` beside no `error`. The code is `error.code`, else `error.type`, else `http_<status>`;
    a code that is a number says no more than the status and counts as none.
    """
    error = _error(content)
    code = _first_text(error, "code", "type") or f"http_{status}"
    message = _first_text(error, "message", "detail")
    if message is None:
        text = content.decode("utf-8", errors="replace").strip()
        message = f"Provider '{provider.name}' answered with status {status}"
        message += f": {text}" if text else "."
    return ModelFailure(
        FailureKind.REFUSED,
        without_key(code, provider),
        without_key(message, provider),
        status=status,
        retry_after_s=retry_after_s,
    )


def without_key(text: str, provider: Provider) -> str:
    """The text without our key and cut short, in this order: half a key is a key too."""
    if provider.api_key:
        text = text.replace(provider.api_key, "***")
    return text[:MAX_MESSAGE]


def retry_after_s(headers: Mapping[str, str], *, now: int) -> float | None:
    """Seconds for which a provider asks to be left alone; None where it does not say, or unclearly.

    `retry-after-ms` comes before `Retry-After`, which is in seconds or the date until when.

    Args:
        headers: of the answer, found in any case.
        now: seconds since 1970-01-01 UTC.

    Source: RFC 9110, 10.2.3; the first header is what OpenAI's own clients read.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1_000
    text = headers.get("retry-after")
    seconds = _number(text)
    return seconds if seconds is not None or text is None else _seconds_until(text, now)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _seconds_until(date: str, now: int) -> float | None:
    try:
        return max(parsedate_to_datetime(date).timestamp() - now, 0.0)
    except (ValueError, OverflowError):
        return None


def _error(content: bytes) -> dict[str, JsonValue]:
    try:
        body: JsonValue = orjson.loads(content)
    except orjson.JSONDecodeError:
        return {}
    if not isinstance(body, dict):
        return {}
    error = body.get("error", body)
    if isinstance(error, str):
        return {"message": error}
    return error if isinstance(error, dict) else body


def _first_text(error: Mapping[str, JsonValue], *names: str) -> str | None:
    texts = (error.get(name) for name in names)
    return next((text for text in texts if isinstance(text, str) and text), None)
