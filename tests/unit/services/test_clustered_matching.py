"""Runs are compared by clusters of their items, in slices; all of it is ours."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import JsonValue

from evald.domain.clustered_pairs import CELL_BYTES
from evald.domain.errors import InvalidValue
from evald.domain.exact_json import content_hash
from evald.domain.item_filters import read_field
from evald.domain.statistics.comparisons import compare_scores
from evald.ports.kept import StoredOutputItem
from evald.services.clustered_matching import MOST_BYTES, ClusteredRuns
from evald.services.comparisons import compare_runs, put_side_by_side
from evald.services.context import Context
from evald.services.item_slices import MOST_VALUES, PAGE_ITEMS
from evald.services.keys import DEFAULT_PROJECT
from evald.services.row_labels import RowLabels
from evald.wire.comparisons import Comparison
from evald.wire.ids import IdPrefix
from tests.support.compared_runs import COMPARED, TICKETS, keep_compared_runs
from tests.support.kept_runs import (
    CORRECT,
    POLITE,
    eval_named,
    item_of,
    keep_eval,
    keep_run,
    opened_context,
    run_named,
    verdict,
)
from tests.unit.services.test_item_search import HastyClock

MANY = 2 * PAGE_ITEMS + 10
TWO = COMPARED[:2]


@pytest.fixture
async def context(tmp_path: Path) -> AsyncIterator[Context]:
    async with opened_context(tmp_path) as opened:
        await keep_eval(opened.store, eval_named("Tickets"))
        yield opened


def score_of(number: int, row: int) -> float:
    return (row * (7 + 6 * number) % 11) / 10


async def compared(
    context: Context, by: str | None, runs: list[str] | None = None, *, level: float = 0.95
) -> Comparison:
    beside = await put_side_by_side(context, DEFAULT_PROJECT, runs or TWO)
    return await compare_runs(context, beside, level=level, cluster_by=by)


def judged(number: int, row: int) -> StoredOutputItem:
    """An item of a run, which has the same fields in each run, and a score of its own."""
    item: JsonValue = {"n": row, "document": row % 10}
    score = score_of(number, row)
    polite = verdict(POLITE, score, passed=score > 0.5)
    kept = item_of(row, item=item, verdicts=[verdict(CORRECT, 1.0, passed=True), polite])
    own_id = f"{IdPrefix.OUTPUT_ITEM}{0x10000 * (number + 1) + row:032x}"
    return replace(kept, id=own_id, content_hash=content_hash(item))


async def keep_two(context: Context, *counts: int) -> None:
    """Two ended runs over so many items of ten documents."""
    for number, (run_id, count) in enumerate(zip(TWO, counts, strict=True)):
        run = run_named("One", id=run_id, status="in_progress", planned_rows=count)
        await keep_run(context.store, run, [judged(number, row) for row in range(count)])
        async with context.store.transaction() as tx:
            await tx.runs.end(run_id, "completed", None, now=run.created_at + 1)


async def test_scores_in_clusters_are_compared_as_side_by_side(context: Context) -> None:
    await keep_two(context, 60, 50)

    (candidate,) = (await compared(context, "item.document")).candidates

    scores = [[score_of(number, row) for row in range(50)] for number in range(2)]
    labels = [str(row % 10) for row in range(50)]
    wanted = compare_scores(scores[1], scores[0], labels=labels)
    found = candidate.criteria[1].scores
    assert found is not None
    assert wanted.interval is not None
    assert found.interval is not None
    assert (found.better, found.worse, found.clusters) == (wanted.won, wanted.lost, 10)
    assert found.difference == pytest.approx(wanted.difference)
    assert found.standard_error == pytest.approx(wanted.standard_error)
    assert found.interval.low == pytest.approx(wanted.interval.low)
    assert found.p_value == pytest.approx(wanted.p_value)


async def test_nothing_is_said_before_all_items_were_gone_through(context: Context) -> None:
    await keep_two(context, MANY, 20)
    slow = replace(context, clock=HastyClock())

    first, second = [await compared(slow, "item.document") for _ in range(2)]

    assert first.clusters is not None
    assert second.clusters is not None
    assert (first.clusters.searched, first.clusters.total) == (2 * PAGE_ITEMS, MANY)
    assert (second.clusters.searched, second.clusters.total) == (MANY, MANY)
    assert (first.candidates[0].passes, first.candidates[0].criteria[0].passes) == (None, None)
    assert first.candidates[0].matched == 20
    assert second.candidates[0].passes is not None


async def test_what_was_said_is_remembered_by_level_and_by_field(context: Context) -> None:
    await keep_compared_runs(context.store)

    first = await compared(context, "item.ticket")

    again = await compared(context, " item.ticket ")
    by_desk = await compared(context, "item.label")
    narrower = await compared(context, "item.ticket", level=0.9)
    assert again.candidates[0] is first.candidates[0]
    assert by_desk.candidates[0] is not first.candidates[0]
    assert narrower.candidates[0] is not first.candidates[0]
    assert (await compared(context, None)).clusters is None


async def test_each_candidate_is_clustered(context: Context) -> None:
    """Of tickets there are as many as items, so that clusters change no count, but how sure."""
    await keep_compared_runs(context.store)

    plain = await compared(context, None, COMPARED)
    clustered = await compared(context, "item.ticket", COMPARED)

    for one, other in zip(plain.candidates, clustered.candidates, strict=True):
        assert one.passes is not None
        assert other.passes is not None
        same = ("n", "better", "worse", "same", "standard_error", "difference")
        for name in same:
            assert getattr(other.passes, name) == pytest.approx(getattr(one.passes, name))
        assert other.passes.clusters == one.passes.n
        assert [each.name for each in one.criteria] == [each.name for each in other.criteria]


async def test_few_clusters_are_too_few_for_a_verdict(context: Context) -> None:
    """Tickets are of four desks, however many there are."""
    await keep_compared_runs(context.store)

    passes = (await compared(context, "item.label")).candidates[0].passes

    assert passes is not None
    assert (passes.clusters, passes.verdict) == (4, "too_few_items")
    assert passes.sentence.startswith("Too few clusters")


async def test_two_who_ask_at_once_label_no_item_twice(context: Context) -> None:
    """Comparisons of one baseline go through its items together."""
    await keep_compared_runs(context.store)

    async with asyncio.TaskGroup() as group:
        asked = [
            group.create_task(compared(context, "item.label", [COMPARED[0], other]))
            for other in COMPARED[1:]
        ]

    for each in asked:
        clusters = each.result().clusters
        assert clusters is not None
        assert (clusters.searched, clusters.clusters) == (TICKETS, 4)


def test_more_clusters_than_can_be_summed_up_are_refused() -> None:
    labels = RowLabels(read_field("item.n", param="cluster_by"))
    count = MOST_BYTES // CELL_BYTES // 50 + 1
    labels.add([(row, str(row)) for row in range(count)])

    assert count < MOST_VALUES
    ClusteredRuns([], labels, run_count=50)
    with pytest.raises(InvalidValue) as refused:
        ClusteredRuns([], labels, run_count=51)

    assert refused.value.param == "cluster_by"
