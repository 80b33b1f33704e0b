"""The usage ledger: list."""

from datetime import UTC, date, datetime, timedelta

from evald.domain.errors import InvalidValue
from evald.ports.kept import UsageEntry
from evald.services.context import Context
from evald.services.usage_meter import DAY_S
from evald.wire.usage import Usage, UsageQuery

DEFAULT_DAYS = 30
_EPOCH = date(1970, 1, 1)


async def list_usage(context: Context, project_id: str, query: UsageQuery) -> list[Usage]:
    """What was spent on these days, oldest first; `query.limit` and one more entries at most.

    Without a first day, the 30 days up to the last one; without that, up to today (UTC).

    Raises:
        InvalidValue: a day is none.
    """
    today = context.clock.now() // DAY_S
    last_day = _day("last_day", query.last_day, today)
    first_day = _day("first_day", query.first_day, last_day - DEFAULT_DAYS + 1)
    async with context.store.snapshot() as tx:
        entries = await tx.usage.between(
            project_id, first_day=first_day, last_day=last_day, most=query.limit + 1
        )
    return [_shown(entry) for entry in entries]


def _day(name: str, text: str | None, default: int) -> int:
    if text is None:
        return default
    try:
        return (date.fromisoformat(text) - _EPOCH).days
    except ValueError:
        message = f"'{name}' is '{text[:40]}' and must be a day, such as 2026-11-22."
        raise InvalidValue(message, param=name) from None


def _shown(entry: UsageEntry) -> Usage:
    day = datetime.fromtimestamp(0, UTC) + timedelta(days=entry.day)
    return Usage(
        day=day.date().isoformat(),
        key_id=entry.key_id,
        model=entry.model,
        route=entry.route,
        calls=entry.calls,
        untold_calls=entry.untold,
        input_tokens=entry.input_tokens,
        cached_tokens=entry.cached_tokens,
        output_tokens=entry.output_tokens,
    )
