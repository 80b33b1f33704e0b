"""Reports, read from a real database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import JsonValue

from evald.domain.errors import EvalNotFound, RunNotFound, UnknownCursor
from evald.domain.exact_json import ExactFloat
from evald.domain.tally import CriterionCount
from evald.ports.kept import StoredOutputItem
from evald.services.context import Context
from evald.services.keys import DEFAULT_PROJECT
from evald.services.reports import PromptMessage, ReportAsked, RunReport, report_run
from evald.wire.output_items import OutputItemStatus
from evald.wire.pages import ListOutputItemsQuery
from tests.support.kept_runs import (
    CORRECT,
    EVAL_ID,
    LIMITED,
    NOW,
    POLITE,
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

ALL = ListOutputItemsQuery()


@pytest.fixture
async def context(tmp_path: Path) -> AsyncIterator[Context]:
    async with opened_context(tmp_path) as opened:
        await keep_eval(opened.store, eval_named("Tickets"))
        yield opened


async def report(context: Context, query: ListOutputItemsQuery = ALL) -> RunReport:
    return await report_run(context, DEFAULT_PROJECT, ReportAsked(EVAL_ID, RUN_ID, query))


async def report_of(context: Context, *items: StoredOutputItem) -> RunReport:
    await keep_run(context.store, run_named("One"), items)
    return await report(context)


async def test_a_report_counts_by_criterion_with_names_and_types(context: Context) -> None:
    found = await report_of(context, *three_items())

    assert [(each.id, each.name, each.type, each.count) for each in found.criteria] == [
        (CORRECT, "Right category", "string_check", CriterionCount(1, 1, 1)),
        (POLITE, "Polite", "score_model", CriterionCount(2, 0, 1)),
    ]


async def test_an_item_is_told_with_its_input_output_and_verdicts(context: Context) -> None:
    found = (await report_of(context, *three_items())).items[1]

    assert (found.row, found.outcome, found.error) == (1, "fail", None)
    assert found.item == {"ticket": "The driver crashes.", "label": "Software", "priority": 2}
    assert found.said.text == "Hardware"
    assert [(each.criterion, each.outcome, each.score) for each in found.verdicts] == [
        ("Right category", "fail", 0.0),
        ("Polite", "pass", 0.5),
    ]


async def test_an_item_without_a_sample_is_told_with_its_error(context: Context) -> None:
    found = (await report_of(context, *three_items())).items[2]

    assert (found.outcome, found.error, found.said.text) == ("error", LIMITED, "")
    assert [(each.outcome, each.error) for each in found.verdicts] == [("error", LIMITED)] * 2


async def test_refusals_and_tool_calls_are_told(context: Context) -> None:
    calls: JsonValue = [{"id": "call_1"}]
    said: dict[str, JsonValue] = {"content": "", "refusal": "No.", "tool_calls": calls}

    found = (await report_of(context, item_of(0, said=said))).items[0].said

    assert (found.text, found.refusal, found.tool_calls) == ("", "No.", calls)


async def test_a_verdict_of_an_unknown_criterion_is_told_by_its_id(context: Context) -> None:
    odd = item_of(0, verdicts=[verdict("gone-1", 1.0, passed=True)])

    found = (await report_of(context, odd)).items[0].verdicts[0]

    assert (found.criterion, found.outcome) == ("gone-1", "pass")


async def test_what_code_printed_and_how_it_failed_is_told(context: Context) -> None:
    code = {**verdict(CORRECT, 0.0, passed=False), "failure": "ValueError: no", "stdout": "hm"}

    found = await report_of(context, item_of(0, said={"content": "x"}, verdicts=[code]))

    told = found.items[0].verdicts[0]
    assert (told.failure, told.printed, told.is_sandboxed) == ("ValueError: no", "hm", True)
    assert found.is_sandboxed


@pytest.mark.parametrize("status", [None, "error"])
async def test_a_report_says_that_code_was_not_kept_apart_whatever_items_it_shows(
    context: Context, status: OutputItemStatus | None
) -> None:
    code = {**verdict(CORRECT, 1.0, passed=True), "sandboxed": False}
    await keep_run(
        context.store,
        run_named("One"),
        [item_of(0, said={"content": "x"}, verdicts=[code])],
    )

    found = await report(context, ListOutputItemsQuery(status=status))

    assert not found.is_sandboxed


async def test_numbers_of_an_item_stay_as_given(context: Context) -> None:
    item = (await report_of(context, item_of(0, item={"price": 15.0}))).items[0].item

    assert isinstance(item, dict)
    assert isinstance(item["price"], ExactFloat)
    assert item["price"].text == "15.0"


async def test_an_answer_nested_deeper_than_rows_may_be_is_read(context: Context) -> None:
    deep: JsonValue = "end"
    for _ in range(300):
        deep = [deep]

    found = (await report_of(context, item_of(0, said={"tool_calls": deep}))).items[0]

    assert found.said.tool_calls == deep


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

    assert (found.pending, found.has_ended) == (pending, has_ended)


async def test_items_come_by_pages_and_by_status(context: Context) -> None:
    await keep_run(context.store, run_named("One"), three_items())

    first = await report(context, ListOutputItemsQuery(limit=2))
    second = await report(context, ListOutputItemsQuery(limit=2, after=first.items[-1].id))
    failed = await report(context, ListOutputItemsQuery(status="fail"))

    assert ([each.row for each in first.items], first.has_more) == ([0, 1], True)
    assert ([each.row for each in second.items], second.has_more) == ([2], False)
    assert [each.row for each in failed.items] == [1]


async def test_what_is_not_there_is_said_to_be_missing(context: Context) -> None:
    await keep_run(context.store, run_named("One"))
    gone = ListOutputItemsQuery(after="outputitem_gone")

    with pytest.raises(EvalNotFound):
        await report_run(context, DEFAULT_PROJECT, ReportAsked("eval_gone", RUN_ID, ALL))
    with pytest.raises(RunNotFound):
        await report_run(context, DEFAULT_PROJECT, ReportAsked(EVAL_ID, "evalrun_gone", ALL))
    with pytest.raises(UnknownCursor):
        await report(context, gone)
    with pytest.raises(EvalNotFound):
        await report_run(context, "proj_of_others", ReportAsked(EVAL_ID, RUN_ID, ALL))
