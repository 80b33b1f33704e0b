"""How long a hosted API wants to be left alone, as its headers say."""

import re
from collections.abc import Mapping

from evald.adapters.models.refusals import retry_after_s

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


def wait_s(headers: Mapping[str, str], *, now: int) -> float | None:
    """Seconds to wait before the next request; None where the headers ask for none.

    `retry-after-ms` and `Retry-After` come first; then, where no request is left in this stretch
    of time (`x-ratelimit-remaining-requests` is 0), the time until the next one begins.

    Args:
        headers: of an answer, found in any case.
        now: seconds since 1970-01-01 UTC.
    """
    asked = retry_after_s(headers, now=now)
    if asked is not None:
        return asked
    if headers.get("x-ratelimit-remaining-requests", "").strip() != "0":
        return None
    return duration_s(headers.get("x-ratelimit-reset-requests", ""))


def duration_s(text: str) -> float | None:
    """The seconds of a duration such as "12ms", "1m30s" or "6m0s"; None where it is none.

    Source: OpenAI, "Rate limits" guide, the table of headers.
    """
    text = text.strip()
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)
