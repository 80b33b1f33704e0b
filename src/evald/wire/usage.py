"""The usage ledger on the wire. All of it is ours."""

from typing import Literal

from evald.wire.base import WireModel

MAX_USAGE_LIMIT = 10_000


class UsageQuery(WireModel):
    """The query of GET /evald/usage: days as in 2026-11-22, both included; in UTC."""

    limit: int = MAX_USAGE_LIMIT
    first_day: str | None = None
    last_day: str | None = None


class Usage(WireModel):
    """What one key spent on one model by one route on one day.

    `untold_calls` are those among `calls` whose answer did not say what they used.
    """

    object: Literal["evald.usage"] = "evald.usage"
    day: str
    key_id: str
    model: str
    route: str
    calls: int
    untold_calls: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
