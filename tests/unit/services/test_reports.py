"""Reports of runs, read from a real database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import JsonValue

from evald.domain.errors import EvalNotFound, RunNotFound
from evald.ports.kept import StoredOutputItem
from evald.services.context import Context
from evald.services.keys import DEFAULT_PROJECT
from evald.services.reports import PromptMessage, RunReport, report_run
from tests.support.kept_runs import (
    CORRECT,
    EVAL_ID,
    NOW,
    RUN_ID,
    eval_named,
    item_of,
    keep_eval,
    keep_run,
    opened_context,
    run_named,
    three_items,
    verdict,
)


@pytest.fixture
async def context(tmp_path: Path) -> AsyncIterator[Context]:
    async with opened_context(tmp_path) as opened:
        await keep_eval(opened.store, eval_named("Tickets"))
        yield opened


async def report(context: Context) -> RunReport:
    return await report_run(context, DEFAULT_PROJECT, EVAL_ID, RUN_ID)


async def report_of(context: Context, *items: StoredOutputItem) -> RunReport:
    await keep_run(context.store, run_named("One"), items)
    return await report(context)


async def test_a_report_has_the_numbers_of_its_run(context: Context) -> None:
    found = await report_of(context, *three_items())

    rate = found.numbers.rate
    assert (rate.graded.count, rate.graded.n, rate.errored.count) == (1, 2, 1)
    assert [(each.code, each.count) for each in found.errors.reasons] == [
        ("rate_limit_exceeded", 1)
    ]


async def test_numbers_are_remembered_until_the_run_changes(context: Context) -> None:
    items = three_items()
    first = await report_of(context, *items[:2])
    again = await report(context)
    async with context.store.transaction() as tx:
        await tx.work.record(RUN_ID, items[2:])
    changed = await report(context)

    assert again.numbers is first.numbers
    assert changed.numbers.rate.errored.n == 3


@pytest.mark.parametrize("is_apart", [True, False])
async def test_a_report_says_whether_code_was_kept_apart(context: Context, is_apart: bool) -> None:
    code = verdict(CORRECT, 1.0, passed=True) | ({} if is_apart else {"sandboxed": False})

    found = await report_of(context, item_of(0, said={"content": "x"}, verdicts=[code]))

    assert found.is_sandboxed is is_apart


async def test_what_was_asked_is_told_as_messages(context: Context) -> None:
    setup = (await report_of(context)).setup

    assert (setup.data_source_type, setup.source_type) == ("completions", "file_id")
    assert setup.file_id == "file-0000000000000000000003"
    assert setup.messages == [PromptMessage("user", "Sort this ticket: {{ item.ticket }}")]
    assert setup.sampling_params == {"temperature": 0.5}


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (
            {"type": "jsonl", "source": {"type": "file_content", "content": []}},
            ("jsonl", "file_content", None, None),
        ),
        (
            {
                "type": "responses",
                "source": {"type": "file_id", "id": "file-1"},
                "input_messages": {"type": "item_reference", "item_reference": "item.input"},
                "model": "gpt-x",
                "sampling_params": None,
            },
            ("responses", "file_id", "file-1", "item.input"),
        ),
    ],
)
async def test_where_rows_come_from_is_told_of_every_data_source(
    context: Context, source: dict[str, JsonValue], told: tuple[str | None, ...]
) -> None:
    await keep_run(context.store, run_named("One", data_source=source))

    setup = (await report(context)).setup

    found = (setup.data_source_type, setup.source_type, setup.file_id, setup.item_reference)
    assert found == told
    assert (setup.messages, setup.sampling_params) == ([], None)


@pytest.mark.parametrize(
    ("planned", "status", "pending", "has_ended"),
    [
        (None, "queued", None, False),
        (10, "in_progress", 7, False),
        (3, "completed", 0, True),
        (10, "canceled", 7, True),
    ],
)
async def test_rows_without_an_item_are_pending(
    context: Context, planned: int | None, status: str, pending: int | None, has_ended: bool
) -> None:
    run = run_named("One", planned_rows=planned, status=status, ended_at=NOW)
    await keep_run(context.store, run, three_items())

    found = await report(context)

    assert (found.numbers.pending_rows, found.has_ended) == (pending, has_ended)


async def test_what_is_not_there_is_said_to_be_missing(context: Context) -> None:
    await keep_run(context.store, run_named("One"))

    with pytest.raises(EvalNotFound):
        await report_run(context, DEFAULT_PROJECT, "eval_gone", RUN_ID)
    with pytest.raises(RunNotFound):
        await report_run(context, DEFAULT_PROJECT, EVAL_ID, "evalrun_gone")
    with pytest.raises(EvalNotFound):
        await report_run(context, "proj_of_others", EVAL_ID, RUN_ID)
