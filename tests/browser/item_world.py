"""A run with items of every kind to look at in a browser: judged, refused, errored, hostile."""

import hashlib
import json
from dataclasses import replace

from pydantic import JsonValue

from evald.ports.kept import StoredOutputItem
from evald.ports.store import Store
from evald.wire.errors import ApiError
from evald.wire.ids import IdPrefix
from tests.support.kept_runs import CORRECT, NOW, POLITE, item_of, keep_run, run_named, verdict

ITEMS = 220
ITEMS_RUN = f"{IdPrefix.RUN}{20:032x}"
CATEGORIES = ("network", "hardware", "software", "account")
HOSTILE_ROW = 5
LONG_ROW = 6
REFUSED = ApiError(
    code="content_filter", message="The answer was withheld by the provider's filter."
)
TIMED_OUT = ApiError(
    code="timeout", message="The provider did not answer within 600 s, three times in a row."
)
TEXTS = (
    "My laptop has not found the wireless network since this morning; that of my colleague has.",
    "The printer on the fourth floor prints every page twice, and the second one is empty.",
    "After the update the mail program asks for my password each time that I open it.",
    "I cannot sign in to the time sheet: it says that my account is locked until Monday.",
)
ANSWERS = (
    "This is for the network desk: the laptop does not find the wireless network.",
    "This is for the hardware desk. Please check the duplex unit of the printer.",
    "Software: the mail program has lost the password since the update.",
    "Account desk, please unlock the account before Monday.",
)


def item_id(row: int) -> str:
    """The id of the run's item of this row."""
    return f"{IdPrefix.OUTPUT_ITEM}7{row + 1:031x}"


async def keep_items_run(store: Store, eval_id: str, hostile: str) -> None:
    """The run is kept."""
    items = [_item(row, hostile) for row in range(ITEMS)]
    run = run_named(
        "Candidate, prompt 4",
        id=ITEMS_RUN,
        eval_id=eval_id,
        created_at=NOW + 80_000,
        status="completed",
        planned_rows=ITEMS,
        started_at=NOW + 80_001,
        ended_at=NOW + 80_301,
    )
    await keep_run(store, run, items)


def _item(row: int, hostile: str) -> StoredOutputItem:
    category = CATEGORIES[row % 4]
    ticket = f"{TEXTS[row % 4]} (Ticket {row})"
    answer = ANSWERS[(row + (row % 5 == 0)) % 4]
    if row == HOSTILE_ROW:
        ticket, answer, category = hostile, f"{hostile} **bold** ![x](https://evil.test/x)", hostile
    if row == LONG_ROW:
        answer = "x" * 10_000_000
    item: JsonValue = {"ticket": ticket, "label": category, "category": category, "priority": row}
    error = TIMED_OUT if row % 60 == 59 else None
    polite = 0.35 + (row * 37 % 100) / 160
    verdicts = [
        verdict(CORRECT, float(row % 5 != 0), passed=row % 5 != 0, error=error),
        _judged(row, polite, error or (REFUSED if row % 44 == 43 else None)),
    ]
    said = None if error else {"role": "assistant", "content": answer}
    made = item_of(row, item=item, said=said, verdicts=verdicts, error=error)
    sample = json.loads(made.sample_json)
    if said:
        sample |= {"input": _asked(ticket), "model": "gpt-x-2026", "finish_reason": "stop"}
        sample["usage"] = {"prompt_tokens": 412, "completion_tokens": 23, "total_tokens": 435}
    return replace(
        made,
        id=item_id(row),
        created_at=NOW + 80_001 + row,
        content_hash=hashlib.sha256(ticket.encode()).hexdigest(),
        sample_json=json.dumps(sample),
    )


def _asked(ticket: str) -> list[JsonValue]:
    told = "You sort tickets. Answer with the desk that takes the ticket, and why."
    return [{"role": "system", "content": told}, {"role": "user", "content": ticket}]


def _judged(row: int, score: float, error: ApiError | None) -> dict[str, JsonValue]:
    judged = verdict(POLITE, 0.0 if error else score, passed=score >= 0.5, error=error)
    if error is not None:
        return judged
    steps = [
        {"description": "Greeting", "conclusion": "There is none, which is usual for a note."},
        {"description": "Tone", "conclusion": "Friendly and to the point."},
    ]
    answer = json.dumps({"steps": steps, "result": round(score, 3)})
    told: JsonValue = {
        "role": "user",
        "content": f"How polite is the answer to ticket {row}, from 0 to 1?",
    }
    judged["sample"] = {
        "input": [told],
        "output": [{"role": "assistant", "content": answer}],
        "model": "judge-x-2026",
        "finish_reason": "stop",
        "usage": {"prompt_tokens": 300, "completion_tokens": 60, "total_tokens": 360},
        "error": None,
    }
    return judged
