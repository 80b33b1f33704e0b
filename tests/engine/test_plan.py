"""The plan of a run: every row is checked before any model is asked, and cut into shards once."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import JsonValue

from evald.adapters.blobs.disk import DiskBlobs
from evald.adapters.sql.store import open_shared_store
from evald.engine.context import EngineContext
from evald.engine.plan import SHARD_BYTES, SHARD_ROWS, plan_run
from evald.ports.kept import Rows, Shard, StoredRun
from evald.wire.criteria import TestingCriterion
from evald.wire.evals import Eval
from evald.wire.graders import StringCheckGrader
from tests.support.postgresql import new_database

PROJECT = "proj_default"
RUN = "evalrun_" + "0" * 32


def an_eval() -> Eval:
    schema: JsonValue = {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
    }
    grader = StringCheckGrader(
        type="string_check", name="g", input="{{item.n}}", reference="1", operation="eq"
    )
    return Eval(
        id="eval_" + "0" * 32,
        created_at=1,
        name="e",
        metadata={},
        data_source_config={"type": "custom", "schema": {"properties": {"item": schema}}},
        testing_criteria=[TestingCriterion(id="g-1", grader=grader)],
    )


def a_run(*, inline: bool = True, checked_bytes: int = 0) -> StoredRun:
    return StoredRun(
        id=RUN,
        project_id=PROJECT,
        eval_id=an_eval().id,
        created_at=1,
        status="queued",
        name="r",
        model="",
        metadata={},
        data_source={"type": "jsonl", "source": {"type": "file_content", "content": []}},
        rows=Rows("blob_1", inline=inline, checked_bytes=checked_bytes),
    )


async def planned(context: EngineContext, run: StoredRun, content: bytes) -> int | None:
    async with context.blobs.writing("blob_1") as writer:
        await writer.write(content)
    async with context.store.transaction() as tx:
        await tx.evals.insert(PROJECT, an_eval())
        await tx.runs.insert(run)
    return await plan_run(context, RUN)


async def kept(context: EngineContext) -> tuple[StoredRun, list[Shard]]:
    async with context.store.snapshot() as tx:
        run, shards = await tx.work.find(RUN), await tx.work.shards(RUN)
    assert run is not None
    return run, shards


def lines(count: int) -> bytes:
    return b"".join(b'{"item":{"n":%d}}\n' % n for n in range(count))


async def test_a_shard_has_so_many_rows_and_the_last_one_the_rest(context: EngineContext) -> None:
    content = lines(2 * SHARD_ROWS + 1)

    assert await planned(context, a_run(), content) == 3

    run, shards = await kept(context)
    assert (run.status, run.planned_rows) == ("in_progress", 2 * SHARD_ROWS + 1)
    assert [(s.first_row, s.row_count) for s in shards] == [(0, 256), (256, 256), (512, 1)]
    stretches = [content[s.offset : s.offset + s.size] for s in shards]
    assert [len(stretch.splitlines()) for stretch in stretches] == [256, 256, 1]
    assert json.loads(stretches[2])["item"]["n"] == 512


async def test_large_rows_share_a_shard_with_fewer_others(context: EngineContext) -> None:
    row = b'{"item":{"n":1,"x":"' + b"y" * (SHARD_BYTES // 2) + b'"}}\n'

    assert await planned(context, a_run(), row * 3) == 3


async def test_no_rows_make_no_shards(context: EngineContext) -> None:
    assert await planned(context, a_run(), b"") == 0

    run, _ = await kept(context)
    assert run.planned_rows == 0


@pytest.mark.parametrize(
    ("inline", "where"),
    [(True, "Row 300 of the content at /item/n: "), (False, "Line 301 of the file at /item/n: ")],
)
async def test_a_bad_last_row_ends_the_run_before_it_costs_anything(
    context: EngineContext, *, inline: bool, where: str
) -> None:
    content = lines(300) + b'{"item":{"n":"x"}}'

    assert await planned(context, a_run(inline=inline), content) is None

    run, shards = await kept(context)
    assert run.status == "failed"
    assert run.error is not None
    assert run.error.code == "invalid_data_source"
    assert run.error.message.startswith(where)
    assert shards == []


async def test_a_line_that_is_too_long_ends_the_run(context: EngineContext) -> None:
    short = replace(context, max_row_bytes=100)

    assert await planned(short, a_run(), lines(3) + b"{" + b" " * 200 + b"}") is None

    run, _ = await kept(context)
    assert run.error is not None
    assert "line 4 has more than 100 bytes" in run.error.message


async def test_rows_that_were_checked_before_the_answer_are_not_checked_again(
    context: EngineContext,
) -> None:
    bad = b'{"item":{"n":"x"}}\n'

    assert await planned(context, a_run(checked_bytes=len(bad)), bad + lines(2)) == 1


async def test_planning_twice_changes_nothing(context: EngineContext) -> None:
    first = await planned(context, a_run(), lines(300))
    before = await kept(context)

    assert await plan_run(context, RUN) == first
    assert await kept(context) == before


@pytest.mark.slow
async def test_a_plan_that_another_worker_wrote_a_moment_before_is_kept(
    context: EngineContext,
) -> None:
    """The rows are not even read again: here they are gone, which would end the run."""
    store = await open_shared_store(new_database(), connections=4)
    shared = replace(context, store=store, worker_id="worker_b")
    shard = Shard(number=0, first_row=0, row_count=1, offset=0, size=18)
    try:
        async with store.transaction() as tx:
            await tx.evals.insert(PROJECT, an_eval())
            await tx.runs.insert(a_run())
        async with asyncio.TaskGroup() as group, store.transaction() as tx:
            await tx.work.start(RUN, now=1, worker_id="worker_a")
            late = group.create_task(plan_run(shared, RUN))
            await asyncio.sleep(0.3)  # it waits for this transaction by now
            await tx.work.save_plan(RUN, [shard])

        assert late.result() == 1
        assert (await kept(shared))[0].status == "in_progress"
    finally:
        await store.close()


async def test_a_run_that_has_ended_or_is_gone_has_no_plan(context: EngineContext) -> None:
    await planned(context, a_run(), lines(3))
    async with context.store.transaction() as tx:
        await tx.runs.end(RUN, "canceled", None, now=2)

    assert await plan_run(context, RUN) is None
    assert await plan_run(context, "evalrun_" + "1" * 32) is None


async def test_a_run_that_is_canceled_meanwhile_is_not_read_to_its_end(
    context: EngineContext,
) -> None:
    pieces = []

    class Canceling(DiskBlobs):
        async def read(
            self, blob_id: str, *, start: int = 0, size: int | None = None
        ) -> AsyncIterator[bytes]:
            for number in range(100):
                pieces.append(number)
                if number == 1:
                    async with context.store.transaction() as tx:
                        await tx.runs.end(RUN, "canceled", None, now=2)
                yield lines(10)

    canceling = replace(context, blobs=Canceling(Path("unread")))
    async with context.store.transaction() as tx:
        await tx.evals.insert(PROJECT, an_eval())
        await tx.runs.insert(a_run())

    assert await plan_run(canceling, RUN) is None
    assert pieces == [0, 1]
