"""Runs over the same tickets, as they are kept, whose answers differ here and there."""

from dataclasses import replace

from pydantic import JsonValue

from evald.domain.exact_json import content_hash
from evald.ports.kept import StoredOutputItem
from evald.ports.store import Store
from evald.wire.errors import ApiError
from evald.wire.ids import IdPrefix
from tests.support.kept_runs import (
    CORRECT,
    EVAL_ID,
    NOW,
    POLITE,
    item_of,
    keep_run,
    run_named,
    verdict,
)

COMPARED = [f"{IdPrefix.RUN}{0xC0 + number:032x}" for number in range(3)]
NAMES = ("Prompt 3", "Prompt 4, shorter", "Prompt 4, larger model")
LIMITED = ApiError(code="rate_limit_exceeded", message="Too many requests.")
DESKS = ("Hardware", "Software", "Accounts", "Network")
TICKETS = 40


async def keep_compared_runs(
    store: Store, *, eval_id: str = EVAL_ID, hostile: str = "", count: int = 3
) -> None:
    """The runs are kept and have ended.

    The baseline gets every fifth ticket wrong, the second run every other one that it got right
    until ticket 34, and mends two; it has not the last ticket, has another instead, and errs on the
    one before. The third is the baseline, but for ticket 7.
    """
    for number, run_id in enumerate(COMPARED[:count]):
        run = run_named(
            NAMES[number],
            id=run_id,
            eval_id=eval_id,
            created_at=NOW + 60 * number,
            started_at=NOW + 60 * number + 1,
            status="in_progress",
            planned_rows=TICKETS,
            model="gpt-x" if number < 2 else "gpt-x-large",
        )
        await keep_run(store, run, [_item(number, row, hostile) for row in range(TICKETS)])
        async with store.transaction() as tx:
            await tx.runs.end(run_id, "completed", None, now=NOW + 60 * number + 30)


def is_right(number: int, row: int) -> bool:
    """Whether this run sends the ticket to the right desk."""
    first = row % 5 != 0
    if number == 1:
        return row in {25, 30} or (first and (row >= 34 or row % 2 == 0))
    return first != (number == 2 and row == 7)


def _item(number: int, row: int, hostile: str) -> StoredOutputItem:
    ticket = row + 1_000 if number == 1 and row == TICKETS - 1 else row
    desk, other = DESKS[ticket % 4], DESKS[(ticket + 1) % 4]
    about = f"My {desk.lower()} gave up on floor {ticket}, for the {ticket + 2}nd time. {hostile}"
    item: dict[str, JsonValue] = {"ticket": about.strip(), "label": desk, "priority": ticket % 3}
    right, polite = is_right(number, row), ((row * 7 + number * 3) % 20) / 20
    said = (
        f"{desk if right else other}: somebody will come to floor {ticket} today. {hostile}".strip()
    )
    if number == 1 and row == TICKETS - 2:
        kept = item_of(
            row,
            item=item,
            verdicts=[
                verdict(each, 0.0, passed=False, error=LIMITED) for each in (CORRECT, POLITE)
            ],
            error=LIMITED,
        )
    else:
        kept = item_of(
            row,
            item=item,
            said={"role": "assistant", "content": said},
            verdicts=[
                verdict(CORRECT, float(right), passed=right),
                verdict(POLITE, polite, passed=True),
            ],
        )
    own_id = f"{IdPrefix.OUTPUT_ITEM}{0xC000 + 0x100 * number + row:032x}"
    return replace(kept, id=own_id, content_hash=content_hash(item))
