from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from evald.ports.kept import StoredOutputItem
from evald.services.context import Context
from evald.services.error_reasons import MOST_LOOKED_AT, ErrorReasons, read_error_reasons
from evald.services.item_reports import criterion_names
from evald.wire.errors import ApiError
from tests.support.kept_runs import (
    CORRECT,
    LIMITED,
    POLITE,
    RUN_ID,
    eval_named,
    item_of,
    keep_eval,
    keep_run,
    opened_context,
    run_named,
    verdict,
)

NAMES = criterion_names(eval_named("Tickets"))
WITHHELD = ApiError(code="content_filter", message="Withheld.")


@pytest.fixture
async def context(tmp_path: Path) -> AsyncIterator[Context]:
    async with opened_context(tmp_path) as opened:
        await keep_eval(opened.store, eval_named("Tickets"))
        yield opened


async def reasons(context: Context, *items: StoredOutputItem) -> ErrorReasons:
    await keep_run(context.store, run_named("One"), items)
    total = sum(each.status == "error" for each in items)
    async with context.store.snapshot() as tx:
        return await read_error_reasons(tx, RUN_ID, NAMES, total=total)


def unjudged(row: int) -> StoredOutputItem:
    verdicts = [
        verdict(CORRECT, 1.0, passed=True),
        verdict(POLITE, 0.0, passed=False, error=WITHHELD),
    ]
    return item_of(row, said={"content": "x"}, verdicts=verdicts)


async def test_errors_alike_stand_together_most_frequent_first(context: Context) -> None:
    passed = item_of(0, said={"content": "x"}, verdicts=[verdict(CORRECT, 1.0, passed=True)])

    found = await reasons(
        context, passed, item_of(1, error=LIMITED), unjudged(2), item_of(3, error=LIMITED)
    )

    assert [
        (each.code, each.message, each.criterion_id, each.criterion, each.count, each.row)
        for each in found.reasons
    ] == [
        ("rate_limit_exceeded", "Too many requests.", None, "", 2, 1),
        ("content_filter", "Withheld.", POLITE, "Polite", 1, 2),
    ]
    assert (found.looked_at, found.total) == (3, 3)


async def test_a_run_without_errors_has_no_reasons(context: Context) -> None:
    assert await reasons(context) == ErrorReasons([], 0, 0)


async def test_of_many_errors_the_first_are_looked_at(context: Context) -> None:
    count = MOST_LOOKED_AT + 1

    found = await reasons(context, *[item_of(row, error=LIMITED) for row in range(count)])

    assert (found.looked_at, found.total) == (MOST_LOOKED_AT, count)
