"""The rows of a run that grades anew: another run's items, written down when it starts. Ours."""

import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import JsonValue

from evald.domain.tally import Tally
from evald.engine.context import EngineContext
from evald.engine.plan import plan_run
from evald.engine.regraded_rows import PAGE_ITEMS
from evald.ports.kept import Rows, StoredRun
from evald.wire.data_source_configs import CustomConfig, config_json
from evald.wire.runs import RunStatus
from tests.contract.kept import PROJECT, find_run, keep_eval, keep_items, keep_run, new_item
from tests.support.kept_runs import completions_source


def source_of(run_id: str) -> dict[str, JsonValue]:
    return {"type": "jsonl", "source": {"type": "evald_run", "run_id": run_id}}


async def source_run(
    context: EngineContext, *rows: int, status: RunStatus = "completed", **changes: Any
) -> StoredRun:
    """An ended run with items of these rows."""
    run = await keep_run(context.store, **changes)
    items = [
        new_item(row, item_json=f'{{"row":{row}}}', sample_json=f'{{"model":"m{row}"}}')
        for row in rows
    ]
    await keep_items(context.store, run.id, items)
    if status != "in_progress":
        async with context.store.transaction() as tx:
            await tx.runs.end(run.id, status, None, now=9)
    return run


async def new_run_over(context: EngineContext, run_id: str, **changes: Any) -> str:
    config = config_json(CustomConfig(type="custom", item_schema={"type": "object"}))
    an_eval = await keep_eval(context.store, data_source_config=config)
    rows = Rows("", inline=False, logged=True)
    made = await keep_run(
        context.store, an_eval.id, data_source=source_of(run_id), rows=rows, **changes
    )
    return made.id


async def rows_of(context: EngineContext, run_id: str) -> list[Any]:
    run = await find_run(context.store, run_id)
    assert run is not None
    content = b"".join([piece async for piece in context.blobs.read(run.rows.blob_id)])
    return [json.loads(line) for line in content.splitlines()]


async def error_of(context: EngineContext, run_id: str) -> tuple[str, str]:
    run = await find_run(context.store, run_id)
    assert run is not None
    assert (run.status, run.error is not None) == ("failed", True)
    assert await context.blobs.ids() == []
    return (run.error.code, run.error.message) if run.error else ("", "")


async def test_every_item_is_a_row_with_what_was_kept_of_its_sample(context: EngineContext) -> None:
    source = await source_run(context, *range(0, 1_200, 2), status="canceled")
    run_id = await new_run_over(context, source.id)

    assert await plan_run(context, run_id) == 3

    assert await rows_of(context, run_id) == [
        {"item": {"row": row}, "sample": {"echo": {"model": f"m{row}"}}}
        for row in range(0, 1_200, 2)
    ]


async def test_tools_that_were_offered_are_kept_with_each_row(context: EngineContext) -> None:
    params: JsonValue = {"tools": [{"type": "function"}]}
    data_source = {**completions_source("Hi"), "sampling_params": params}
    source = await source_run(context, 0, data_source=data_source)
    run_id = await new_run_over(context, source.id)

    await plan_run(context, run_id)

    (row,) = await rows_of(context, run_id)
    assert row["sample"]["input_tools"] == [{"type": "function"}]


@pytest.mark.parametrize(
    ("rows", "status", "code", "words"),
    [
        ((), "completed", "no_output_items", "has no output items"),
        ((0,), "in_progress", "invalid_data_source", "was taken up again"),
    ],
)
async def test_a_run_without_rows_fails_with_the_reason(
    context: EngineContext, rows: tuple[int, ...], status: RunStatus, code: str, words: str
) -> None:
    source = await source_run(context, *rows, status=status)
    run_id = await new_run_over(context, source.id)

    assert await plan_run(context, run_id) is None

    found_code, message = await error_of(context, run_id)
    assert found_code == code
    assert words in message


@pytest.mark.parametrize("project_id", [PROJECT, "proj_other"])
async def test_a_run_that_is_gone_or_anothers_gives_nothing(
    context: EngineContext, project_id: str
) -> None:
    source = await source_run(context, 0, project_id="proj_other")
    named = source.id if project_id == PROJECT else "evalrun_gone"
    run_id = await new_run_over(context, named)

    await plan_run(context, run_id)

    assert "is gone" in (await error_of(context, run_id))[1]


async def test_a_run_that_is_taken_up_meanwhile_gives_nothing(
    context: EngineContext,
) -> None:
    source = await source_run(context, *range(PAGE_ITEMS + 1))
    run_id = await new_run_over(context, source.id)

    class TakenUp:
        """Work for the processor, at the first of which the other run is taken up and ends."""

        async def run(self, work: Any) -> Any:
            async with context.store.transaction() as tx:
                await tx.chances.reopen(source.id, now=1)
                await tx.runs.end(source.id, "completed", None, now=9)
            return work()

    await plan_run(replace(context, cpu=TakenUp()), run_id)

    assert "was taken up again" in (await error_of(context, run_id))[1]


async def test_an_item_that_is_too_large_for_a_row_fails_the_run_and_is_named(
    context: EngineContext,
) -> None:
    source = await source_run(context, 0, 1)
    run_id = await new_run_over(context, source.id)

    await plan_run(replace(context, max_row_bytes=20), run_id)

    assert "has 52 bytes, and a row at most 20" in (await error_of(context, run_id))[1]


async def test_rows_that_were_written_first_stay(context: EngineContext) -> None:
    source = await source_run(context, 0, 1)
    run_id = await new_run_over(context, source.id)
    await plan_run(context, run_id)
    before = await find_run(context.store, run_id)
    async with context.store.transaction() as tx:
        await tx.runs.delete(PROJECT, source.eval_id, source.id)

    assert await plan_run(context, run_id) == 1

    assert await find_run(context.store, run_id) == before
    assert before is not None
    assert before.tally == Tally()
