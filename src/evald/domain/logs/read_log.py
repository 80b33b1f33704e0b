"""A log that was read from elsewhere, and why one cannot be: the values that reading comes to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from evald.domain.logs.terms import LogKind
from evald.wire.base import MAX_METADATA_KEY, MAX_METADATA_PAIRS, MAX_METADATA_VALUE

Body = dict[str, JsonValue]

LATEST = 2**53
"""No log is from a later second."""


class LogUnreadable(Exception):
    """What was read is no log that could be kept; the message says why, after "it …"."""


@dataclass(frozen=True, slots=True)
class ReadLog:
    """A stored completion or response as it was read: what was asked, and the answer.

    `request` is None where nobody knows it. `id` is empty and `created` None where the answer does
    not say; `salt` is then what tells it from another with the same content.
    """

    kind: LogKind
    id: str
    model: str
    body: Body
    request: Body | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    created: int | None = None
    request_id: str = ""
    salt: str = ""


def metadata_of(*given: JsonValue) -> dict[str, str]:
    """The metadata that several places give; of a key that several have, the last one counts.

    Raises:
        LogUnreadable: it is not as the API's metadata is.
    """
    pairs: Body = {}
    for each in given:
        if each is None:
            continue
        if not isinstance(each, dict):
            raise LogUnreadable("has metadata that is no object")
        pairs.update(each)
    return checked_metadata(pairs)


def checked_metadata(pairs: Mapping[str, JsonValue]) -> dict[str, str]:
    """The pairs, which are texts within the API's limits.

    Raises:
        LogUnreadable: they are not.
    """
    if len(pairs) > MAX_METADATA_PAIRS:
        raise LogUnreadable(f"has more than {MAX_METADATA_PAIRS} pairs of metadata")
    checked: dict[str, str] = {}
    for key, value in pairs.items():
        if not isinstance(value, str):
            raise LogUnreadable(f"has metadata whose '{shown(key)}' is no text")
        if len(key) > MAX_METADATA_KEY or len(value) > MAX_METADATA_VALUE:
            raise LogUnreadable(
                f"has metadata whose '{shown(key)}' is too long: a key has at most "
                f"{MAX_METADATA_KEY} characters, a value {MAX_METADATA_VALUE}"
            )
        checked[key] = value
    return checked


def second_of(value: JsonValue) -> int | None:
    """The Unix second that a number is, if it is one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value < LATEST else None


def shown(text: str) -> str:
    """The text as a sentence can quote it: short, and fit for UTF-8."""
    return text[:80].encode("utf-8", "replace").decode()
