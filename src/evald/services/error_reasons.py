"""Why items of a run have no verdict: their errors, alike ones together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from evald.ports.store import Transaction
from evald.ports.verdicts import VerdictFilter
from evald.services.item_reports import ItemReport, report_items

MOST_LOOKED_AT = 200
MOST_BYTES = 4 * 1_048_576
"""So many errored items, and no more than so much of them, are read for their reasons."""


@dataclass(frozen=True, slots=True)
class ErrorReason:
    """Errors of one code: of the samples, or of one criterion, whose id and name it has then.

    `message` is that of the first one, which has the row `row`.
    """

    code: str
    message: str
    criterion_id: str | None
    criterion: str
    count: int
    row: int


@dataclass(frozen=True, slots=True)
class ErrorReasons:
    """The reasons of the first errored items, most frequent first; `looked_at` of `total`."""

    reasons: list[ErrorReason]
    looked_at: int
    total: int


async def read_error_reasons(
    tx: Transaction, run_id: str, names: Mapping[str, str], *, total: int
) -> ErrorReasons:
    """Why the first errored items of the run have no verdict.

    Args:
        tx: the transaction.
        run_id: the run.
        names: of criteria, by their ids.
        total: how many of its items are errored.
    """
    if not total:
        return ErrorReasons([], 0, 0)
    page = await tx.verdicts.page(
        run_id,
        VerdictFilter(status="error"),
        after=None,
        limit=MOST_LOOKED_AT,
        most_bytes=MOST_BYTES,
    )
    items = report_items(page.rows, names)
    return ErrorReasons(_counted(items), len(items), max(total, len(items)))


def _counted(items: Iterable[ItemReport]) -> list[ErrorReason]:
    found: dict[tuple[str, str | None], ErrorReason] = {}
    for item in items:
        reason = _reason(item)
        if reason is None:
            continue
        key = (reason.code, reason.criterion_id)
        known = found.get(key, replace(reason, count=0))
        found[key] = replace(known, count=known.count + 1)
    return sorted(found.values(), key=lambda each: -each.count)


def _reason(item: ItemReport) -> ErrorReason | None:
    """The first reason of the item: without a sample, all its criteria err for the same."""
    if item.error is not None:
        return ErrorReason(item.error.code, item.error.message, None, "", 1, item.row)
    for each in item.verdicts:
        if each.error is not None:
            error = each.error
            return ErrorReason(
                error.code, error.message, each.criterion_id, each.criterion, 1, item.row
            )
    return None
