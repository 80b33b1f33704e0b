"""What a call used, as its answer says it."""

import re
from dataclasses import dataclass

from pydantic import JsonValue

from evald.domain import exact_json

TAIL_BYTES = 65_536
"""The usage stands at the end of an answer; this far from it, it is looked for."""

MOST_TOKENS = 2**53
"""Of one call: what a provider tells beyond it is a mistake."""

_USAGE = re.compile(rb'"usage"\s*:\s*\{')


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens in, those of them that came from a cache, and out."""

    input_tokens: int
    cached_tokens: int
    output_tokens: int


def token_usage(usage: JsonValue) -> TokenUsage | None:
    """The tokens of a `usage` object, in the words of either API; None where it says nothing."""
    if not isinstance(usage, dict):
        return None
    given = _count(usage, "prompt_tokens", "input_tokens")
    made = _count(usage, "completion_tokens", "output_tokens")
    if given is None and made is None:
        return None
    details = usage.get("prompt_tokens_details") or usage.get("input_tokens_details")
    cached = _count(details, "cached_tokens") if isinstance(details, dict) else None
    return TokenUsage(given or 0, cached or 0, made or 0)


def told_usage(content: bytes) -> TokenUsage | None:
    """The usage that an answer tells in its last 64 KiB, whole or cut, or an event of a stream."""
    tail = content[-TAIL_BYTES:]
    for found in reversed(list(_USAGE.finditer(tail))):
        text = tail[found.end() - 1 :].decode(errors="replace")
        try:
            value, _ = exact_json.DECODER.raw_decode(text)
        except ValueError:
            continue
        if (usage := token_usage(value)) is not None:
            return usage
    return None


def _count(usage: dict[str, JsonValue], *names: str) -> int | None:
    for name in names:
        count = usage.get(name)
        if isinstance(count, int) and not isinstance(count, bool) and 0 <= count < MOST_TOKENS:
            return count
    return None
