"""What every store must do with verdicts of output items; all of it is ours."""

import math
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evald.domain.exact_json import content_hash
from evald.domain.item_verdicts import LARGEST_SCORE, StoredVerdict, kept_score
from evald.ports.kept import StoredOutputItem, StoredRun
from evald.ports.store import Store
from evald.ports.verdicts import Place, RunToMatch, ScoreCount, ScoreSums, VerdictFilter
from evald.wire.output_items import OutputItemStatus
from tests.contract.kept import NOW, PROJECT, find_run, keep_items, keep_run, new_item
from tests.support.examples import at_most

Verdict = tuple[OutputItemStatus, float | None]
ERROR: Verdict = ("error", None)


def judged(row: int, *verdicts: Verdict, text: str | None = None) -> StoredOutputItem:
    """An item with these verdicts, by criterion; the same text is the same content."""
    outcomes = [outcome for outcome, _ in verdicts]
    status: OutputItemStatus = "error" if "error" in outcomes else "pass"
    if status == "pass" and "fail" in outcomes:
        status = "fail"
    found = [StoredVerdict(place, *each) for place, each in enumerate(verdicts)]
    own = f"item {row}" if text is None else text
    return new_item(row, status=status, verdicts=tuple(found), content_hash=content_hash(own))


SIX = [
    judged(0, ("pass", 1.0), ("pass", 0.75)),
    judged(2, ("fail", 0.0), ("pass", 0.5)),
    judged(3, ("pass", 0.5), ERROR),
    judged(5, ERROR, ("fail", 0.25)),
    judged(6, ("fail", 0.5), ("fail", 0.0)),
    judged(9, ("pass", 1.0), ("pass", 1.0)),
]


async def kept(store: Store, items: Sequence[StoredOutputItem] = SIX) -> StoredRun:
    """A run with these items, beside another one with other items."""
    run, other = await keep_run(store), await keep_run(store)
    await keep_items(store, run.id, items)
    await keep_items(store, other.id, [judged(1, ("pass", 7.0), ("fail", -7.0))])
    return run


async def rows(
    store: Store, run: StoredRun, asked: VerdictFilter, *, limit: int = 100
) -> list[int]:
    """The rows of all pages."""
    found: list[int] = []
    after: Place | None = None
    while True:
        async with store.snapshot() as tx:
            page = await tx.verdicts.page(run.id, asked, after=after, limit=limit)
        found += [each.row for each in page.rows]
        if not page.has_more:
            return found
        assert len(page.rows) == limit
        after = Place(found[-1], score_of(found[-1], asked.criterion or 0))


def score_of(row: int, criterion: int) -> float | None:
    (item,) = [each for each in SIX if each.row == row]
    return item.verdicts[criterion].score


@pytest.mark.parametrize("limit", [1, 2, 100])
@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (VerdictFilter(), [0, 2, 3, 5, 6, 9]),
        (VerdictFilter(is_descending=True), [9, 6, 5, 3, 2, 0]),
        (VerdictFilter(status="fail"), [2, 6]),
        (VerdictFilter(order="score"), [0, 2, 3, 5, 6, 9]),
        (VerdictFilter(outcome="fail", low=2.0), [0, 2, 3, 5, 6, 9]),
        (VerdictFilter(criterion=0), [0, 2, 3, 5, 6, 9]),
        (VerdictFilter(criterion=0, outcome="pass"), [0, 3, 9]),
        (VerdictFilter(criterion=0, outcome="pass", is_descending=True), [9, 3, 0]),
        (VerdictFilter(criterion=0, outcome="pass", status="error"), [3]),
        (VerdictFilter(criterion=1, outcome="error"), [3]),
        (VerdictFilter(criterion=1, low=0.25, high=0.75), [0, 2, 5]),
        (VerdictFilter(criterion=1, low=0.25, high=0.75, outcome="pass"), [0, 2]),
        (VerdictFilter(criterion=1, high=0.5, status="fail"), [2, 6]),
        (VerdictFilter(criterion=0, order="score"), [2, 3, 6, 0, 9, 5]),
        (VerdictFilter(criterion=0, order="score", is_descending=True), [9, 0, 6, 3, 2, 5]),
        (VerdictFilter(criterion=1, order="score", outcome="pass"), [2, 0, 9]),
        (VerdictFilter(criterion=1, order="score", low=0.0, is_descending=True), [9, 0, 2, 5, 6]),
        (VerdictFilter(criterion=0, order="score", status="error"), [3, 5]),
        (VerdictFilter(criterion=2), []),
    ],
)
async def test_items_are_found_by_their_verdicts(
    store: Store, asked: VerdictFilter, found: list[int], limit: int
) -> None:
    run = await kept(store)

    assert await rows(store, run, asked, limit=limit) == found


async def test_a_page_has_the_items_themselves(store: Store) -> None:
    run = await kept(store)

    async with store.snapshot() as tx:
        asked = VerdictFilter(criterion=0, outcome="fail")
        page = await tx.verdicts.page(run.id, asked, after=None, limit=9)
        same = await tx.chances.items_beyond(run.id, -1, most=9, most_bytes=10**6)

    assert page.rows == [each for each in same if each.row in (2, 6)]


@pytest.mark.parametrize(("most", "counted"), [(2, 2), (3, 3), (100, 3)])
async def test_items_are_counted_no_further_than_asked(
    store: Store, most: int, counted: int
) -> None:
    run = await kept(store)

    async with store.snapshot() as tx:
        asked = VerdictFilter(criterion=0, outcome="pass")

        assert await tx.verdicts.count(run.id, asked, most=most) == counted


async def test_scores_are_summed_by_criterion(store: Store) -> None:
    run = await kept(store)

    async with store.snapshot() as tx:
        sums = await tx.verdicts.sums(run.id)

    assert sums == [
        ScoreSums(0, 5, 3.0, 2.5, 0.0, 1.0),
        ScoreSums(1, 5, 2.5, 0.75**2 + 0.5**2 + 0.25**2 + 1.0, 0.0, 1.0),
    ]


async def test_a_criterion_without_any_score_has_no_sums(store: Store) -> None:
    run = await kept(store, [judged(0, ERROR)])

    async with store.snapshot() as tx:
        assert await tx.verdicts.sums(run.id) == []
        assert await tx.verdicts.histogram(run.id, 4, of=await tx.verdicts.sums(run.id)) == []


async def test_scores_are_counted_in_equal_bins(store: Store) -> None:
    run = await kept(store)

    async with store.snapshot() as tx:
        counts = await tx.verdicts.histogram(run.id, 4, of=await tx.verdicts.sums(run.id))

    assert counts == [
        ScoreCount(0, 0, 1),
        ScoreCount(0, 2, 2),
        ScoreCount(0, 3, 2),
        ScoreCount(1, 0, 1),
        ScoreCount(1, 1, 1),
        ScoreCount(1, 2, 1),
        ScoreCount(1, 3, 2),
    ]


async def test_equal_scores_lie_in_the_first_bin(store: Store) -> None:
    run = await kept(store, [judged(row, ("pass", 0.7)) for row in range(3)])

    async with store.snapshot() as tx:
        assert await tx.verdicts.histogram(run.id, 10, of=await tx.verdicts.sums(run.id)) == [
            ScoreCount(0, 0, 3)
        ]


@pytest.mark.parametrize("score", [1e300, -1e300, 1e-300, 5e-324, -0.1])
async def test_scores_of_any_size_are_summed(store: Store, score: float) -> None:
    """PostgreSQL refuses to square numbers whose square is no float."""
    items = [judged(row, ("pass", kept_score(each))) for row, each in enumerate([score, 1.0])]
    run = await kept(store, items)

    async with store.snapshot() as tx:
        (sums,) = await tx.verdicts.sums(run.id)
        counts = await tx.verdicts.histogram(run.id, 20, of=await tx.verdicts.sums(run.id))

    assert math.isfinite(sums.total_of_squares)
    assert max(abs(sums.low), sums.high) <= LARGEST_SCORE
    assert sum(each.count for each in counts) == 2


async def test_items_to_be_matched_come_by_content_then_run_then_row(store: Store) -> None:
    one = [judged(row, ("pass", row / 8), text=text) for row, text in enumerate("abacab")]
    other = [judged(row, ("fail", 0.0), ERROR, text=text) for row, text in enumerate("bxa")]
    runs = [await kept(store, items) for items in (one, other)]
    asked = [RunToMatch(runs[0].id, [0, None]), RunToMatch(runs[1].id, [0, 1])]

    found: list[tuple[object, ...]] = []
    async with store.snapshot() as tx, aclosing(tx.verdicts.to_match(asked)) as pieces:
        async for each in pieces:
            columns = (each.content_hashes, each.places, each.rows, each.statuses)
            found += zip(*columns, *each.outcomes, *each.scores, strict=True)

    expected = [
        (bytes.fromhex(item.content_hash), place, item.row, item.status, *said_of(item))
        for place, items in enumerate((one, other))
        for item in items
    ]
    assert found == sorted(expected, key=lambda each: each[:3])


async def test_a_run_that_is_not_there_has_nothing_to_match(store: Store) -> None:
    run = await kept(store)
    asked = [RunToMatch("evalrun_none", []), RunToMatch(run.id, [])]

    async with store.snapshot() as tx, aclosing(tx.verdicts.to_match(asked)) as pieces:
        found = [place async for each in pieces for place in each.places]

    assert found == [1] * len(SIX)


async def test_items_are_read_by_their_rows(store: Store) -> None:
    run = await kept(store)

    async with store.snapshot() as tx:
        found = await tx.verdicts.items(run.id, [9, 2, 4])
        none = await tx.verdicts.items(run.id, [])
        page = await tx.verdicts.page(run.id, VerdictFilter(), after=None, limit=9)

    assert found == [each for each in page.rows if each.row in (2, 9)]
    assert none == []


def said_of(item: StoredOutputItem) -> tuple[OutputItemStatus | float | None, ...]:
    """The outcomes of both criteria, and then the scores."""
    both = [*item.verdicts, None][:2]
    outcomes = [None if each is None else each.outcome for each in both]
    return *outcomes, *(None if each is None else each.score for each in both)


async def test_what_is_recorded_twice_has_the_verdicts_of_the_first_time(store: Store) -> None:
    run = await keep_run(store)
    await keep_items(store, run.id, [judged(0, ("pass", 1.0))])

    await keep_items(store, run.id, [judged(0, ("fail", 0.0))])

    assert await rows(store, run, VerdictFilter(criterion=0, outcome="pass")) == [0]
    assert await rows(store, run, VerdictFilter(criterion=0, outcome="fail")) == []


async def test_a_run_taken_up_again_has_no_verdicts_of_errored_items(store: Store) -> None:
    run = await kept(store)

    async with store.transaction() as tx:
        await tx.runs.end(run.id, "completed", None, now=NOW)
        await tx.chances.reopen(run.id, now=NOW)

    assert await rows(store, run, VerdictFilter(criterion=0)) == [0, 2, 6, 9]
    async with store.snapshot() as tx:
        assert await tx.verdicts.count(run.id, VerdictFilter(criterion=1), most=100) == 4
    assert await has_verdicts(store, run.id)


async def test_with_a_run_its_verdicts_go(store: Store) -> None:
    run = await kept(store)
    async with store.transaction() as tx:
        await tx.runs.delete(PROJECT, run.eval_id, run.id)
        steps = 1
        while await tx.work.purge(most=4):
            steps += 1

    rows_of_tables = len(SIX) + sum(len(each.verdicts) for each in SIX)
    assert steps == rows_of_tables // 4 + 1
    assert await rows(store, run, VerdictFilter(criterion=0)) == []


async def test_of_items_with_verdicts_a_run_says_so(store: Store) -> None:
    run = await kept(store)

    assert await has_verdicts(store, run.id)


async def test_an_imported_run_is_found_by_the_verdicts_that_came_along(store: Store) -> None:
    run = await keep_run(store, imported={"id": "…"}, status="completed")
    async with store.transaction() as tx:
        await tx.imports.add_items(run.id, SIX)

    assert await rows(store, run, VerdictFilter(criterion=0, outcome="fail")) == [2, 6]
    assert await has_verdicts(store, run.id)
    assert run.id not in await unindexed(store)


async def test_an_ended_run_is_looked_at_once_for_each_chance(store: Store) -> None:
    run = await kept(store)
    assert run.id not in await unindexed(store)

    async with store.transaction() as tx:
        await tx.runs.end(run.id, "completed", None, now=NOW)
    assert run.id in await unindexed(store)
    assert await settle(store, run.id)
    assert run.id not in await unindexed(store)

    async with store.transaction() as tx:
        await tx.chances.reopen(run.id, now=NOW)
        await tx.runs.end(run.id, "completed", None, now=NOW)
    assert run.id in await unindexed(store)


async def test_of_a_former_chance_nothing_is_indexed_or_settled(store: Store) -> None:
    run = await kept(store)
    async with store.transaction() as tx:
        await tx.runs.end(run.id, "completed", None, now=NOW)
        await tx.chances.reopen(run.id, now=NOW)

        assert not await tx.verdicts.index(run.id, SIX, chance=0)
        assert not await tx.verdicts.settle(run.id, chance=0, indexed=6)
        assert not await tx.verdicts.settle("evalrun_none", chance=0, indexed=0)

    assert await rows(store, run, VerdictFilter(criterion=0, outcome="error")) == []


async def test_items_are_indexed_however_often(store: Store) -> None:
    run = await kept(store)

    async with store.transaction() as tx:
        for _ in range(2):
            assert await tx.verdicts.index(run.id, [swapped(each) for each in SIX], chance=0)

    assert await rows(store, run, VerdictFilter(criterion=1, outcome="fail")) == [2, 6]


def swapped(item: StoredOutputItem) -> StoredOutputItem:
    """The item as if its two criteria had said what the other one said."""
    one, other = item.verdicts
    return replace(item, verdicts=(replace(other, criterion=0), replace(one, criterion=1)))


@settings(at_most(20), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    scores=st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.9, 1.0, None]), min_size=1, max_size=12),
    low=st.sampled_from([None, 0.1, 0.5]),
    high=st.sampled_from([None, 0.25, 1.0]),
    is_descending=st.booleans(),
    limit=st.integers(1, 4),
)
async def test_pages_by_score_are_those_of_a_sorted_list(
    store: Store,
    scores: list[float | None],
    low: float | None,
    high: float | None,
    *,
    is_descending: bool,
    limit: int,
) -> None:
    items = [
        judged(row, ERROR if score is None else ("pass", score)) for row, score in enumerate(scores)
    ]
    run = await keep_run(store)
    await keep_items(store, run.id, items)
    asked = VerdictFilter(
        criterion=0, low=low, high=high, order="score", is_descending=is_descending
    )

    found: list[tuple[int, float | None]] = []
    has_more = True
    while has_more:
        after = Place(*found[-1]) if found else None
        async with store.snapshot() as tx:
            page = await tx.verdicts.page(run.id, asked, after=after, limit=limit)
        found += [(each.row, scores[each.row]) for each in page.rows]
        has_more = page.has_more

    scored = [(each, row) for row, each in enumerate(scores) if each is not None]
    within = [
        (each, row)
        for each, row in scored
        if (low is None or each >= low) and (high is None or each <= high)
    ]
    expected = [row for _, row in sorted(within, reverse=is_descending)]
    if low is None and high is None:
        rest = [row for row, each in enumerate(scores) if each is None]
        expected += sorted(rest, reverse=is_descending)
    assert [row for row, _ in found] == expected


async def has_verdicts(store: Store, run_id: str) -> bool:
    run = await find_run(store, run_id)
    assert run is not None
    return run.has_verdicts


async def unindexed(store: Store) -> list[str]:
    async with store.snapshot() as tx:
        return await tx.verdicts.unindexed()


async def settle(store: Store, run_id: str) -> bool:
    async with store.transaction() as tx:
        return await tx.verdicts.settle(run_id, chance=0, indexed=0)
