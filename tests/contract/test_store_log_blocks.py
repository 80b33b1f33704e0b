"""What every store must do with blocks of logs: a query finds the same with them and without.

All of it is ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evald.adapters.sql.log_places import Reach, following_places
from evald.adapters.sql.store import SqlStore
from evald.domain.logs.blocks import settled_seq
from evald.domain.logs.filters import LogFilter, LogPlace, LogSpan
from evald.domain.logs.terms import LogKind, Term, metadata_terms
from evald.ports.kept import StoredLog
from evald.ports.store import Store
from tests.contract.kept import OTHER_PROJECT, PROJECT, new_log
from tests.support.examples import at_most

CHAT: LogKind = "chat_completion"
NEAR = Reach(probe=0, steps=1, steps_each=0, unblocked=1_000, checked=2)
"""So near that a handful of logs are too many for a walk."""


async def kept(store: Store, logs: Sequence[StoredLog]) -> list[StoredLog]:
    """The logs as they were kept, with their numbers."""
    async with store.transaction() as tx:
        assert all(await tx.logs.insert(logs))
        found = [await tx.logs.find(each.id) for each in logs]
    return [each for each in found if each is not None]


async def make_blocks(store: Store, length: int) -> int:
    """How many blocks were made of the logs that are there."""
    made = 0
    async with store.transaction() as tx:
        frontier = await tx.log_blocks.frontier()
        settled = settled_seq(frontier, replace(frontier, writers=frozenset()))
        while block := await tx.log_blocks.next_block(last_seq=settled, length=length):
            assert await tx.log_blocks.insert(block)
            made += 1
    return made


async def amend(store: Store, *, most: int = 100) -> int:
    async with store.transaction() as tx:
        return await tx.log_blocks.amend(most=most)


async def change(store: Store, log: StoredLog, **metadata: str) -> StoredLog:
    async with store.transaction() as tx:
        changed = await tx.logs.update_metadata(PROJECT, CHAT, log.id, metadata=metadata)
    assert changed is not None
    return changed


async def delete(store: Store, logs: Sequence[StoredLog]) -> None:
    async with store.transaction() as tx:
        for log in logs:
            assert await tx.logs.delete(log.project_id, CHAT, log.id)


async def places(
    store: Store, wanted: LogFilter, span: LogSpan, *, reach: Reach = NEAR
) -> list[LogPlace]:
    assert isinstance(store, SqlStore)
    async with store.snapshot() as tx:
        session = tx.logs.session
        whose = (PROJECT, CHAT)
        return await session.run(
            lambda: following_places(session.connection, whose, wanted, span, reach=reach)
        )


async def seqs(store: Store, **metadata: str) -> list[int]:
    """The numbers of the logs that have these pairs, found by blocks."""
    wanted = LogFilter(tuple(metadata_terms(metadata)))
    return [each.seq for each in await places(store, wanted, LogSpan(1_000))]


@dataclass(frozen=True, slots=True)
class Story:
    """What becomes of some logs before a query: numbers are places in the list of logs."""

    logs: list[tuple[int, dict[str, str]]]
    sooner: int
    length: int
    changed: dict[int, dict[str, str]]
    gone: set[int]
    is_amended: bool


VALUES = st.sampled_from("xx\0y")
PAIRS = st.fixed_dictionaries({"a": VALUES, "b": VALUES}, optional={"c": VALUES})
LOGS = st.lists(st.tuples(st.integers(0, 6), PAIRS), min_size=20, max_size=60)
SOME = st.integers(0, 59)
STORIES = st.builds(
    Story,
    logs=LOGS,
    sooner=SOME,
    length=st.sampled_from([1, 3, 20]),
    changed=st.dictionaries(SOME, PAIRS, max_size=4),
    gone=st.sets(SOME, max_size=8),
    is_amended=st.booleans(),
)
TERMS = st.builds(Term, st.sampled_from([f"metadata.{each}" for each in "abc"]), VALUES)
SECONDS = st.none() | st.integers(0, 6)
FILTERS = st.builds(
    LogFilter,
    st.lists(TERMS, min_size=1, max_size=3).map(tuple),
    st.lists(st.lists(TERMS, min_size=1, max_size=3).map(tuple), max_size=2).map(tuple),
    SECONDS,
    SECONDS,
)
PLACES = st.none() | st.builds(LogPlace, st.integers(0, 6), st.integers(0, 100))
SPANS = st.builds(
    LogSpan,
    st.integers(1, 9),
    after=PLACES,
    since=PLACES,
    order=st.sampled_from(["asc", "desc"]),
    last_seq=st.none() | st.integers(1, 60),
)
QUERIES = st.lists(st.tuples(FILTERS, SPANS), min_size=6, max_size=12)


async def after_story(store: Store, story: Story) -> list[StoredLog]:
    """The logs that are there in the end."""
    made = [new_log(created=second, metadata=pairs) for second, pairs in story.logs]
    logs = await kept(store, made[: story.sooner])
    await make_blocks(store, story.length)
    logs += await kept(store, made[story.sooner :])
    there = dict(enumerate(logs))
    for number, metadata in story.changed.items():
        if number in there:
            there[number] = await change(store, there[number], **metadata)
    await make_blocks(store, story.length)
    if story.is_amended:
        await amend(store)
    await delete(store, [there.pop(number) for number in story.gone if number in there])
    async with store.transaction() as tx:
        await tx.log_blocks.delete_empty()
    return list(there.values())


def plainly(logs: Sequence[StoredLog], wanted: LogFilter, span: LogSpan) -> list[LogPlace]:
    """What a query finds, said without any index."""
    found = []
    for log in logs:
        terms = set(metadata_terms(log.metadata))
        place = LogPlace(log.created, log.seq)
        after = span.after is None or (
            place > span.after if span.order == "asc" else place < span.after
        )
        if (
            terms >= set(wanted.all_of)
            and all(terms & set(group) for group in wanted.any_of)
            and (wanted.created_after is None or log.created >= wanted.created_after)
            and (wanted.created_before is None or log.created <= wanted.created_before)
            and after
            and (span.since is None or place >= span.since)
            and (span.last_seq is None or log.seq <= span.last_seq)
        ):
            found.append(place)
    return sorted(found, reverse=span.order == "desc")[: span.most]


def beyond(seq: int, span: LogSpan) -> LogSpan:
    """The span, about the logs that came after this number: examples share a store."""

    def moved(place: LogPlace | None) -> LogPlace | None:
        return None if place is None else replace(place, seq=place.seq + seq)

    last_seq = None if span.last_seq is None else span.last_seq + seq
    return replace(span, after=moved(span.after), since=moved(span.since), last_seq=last_seq)


@given(story=STORIES, queries=QUERIES)
@settings(at_most(20), suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.slow
async def test_whatever_became_of_logs_a_query_finds_those_that_fit(
    store: Store, story: Story, queries: list[tuple[LogFilter, LogSpan]]
) -> None:
    async with store.snapshot() as tx:
        began = await tx.logs.last_seq()
    logs = await after_story(store, story)

    for wanted, each in queries:
        span = beyond(began, each)
        assert await places(store, wanted, span) == plainly(logs, wanted, span)

    await delete(store, logs)


def halves(count: int) -> list[StoredLog]:
    """Logs of which each has one of two pairs, by turns, and none has both."""
    return [
        new_log(created=number, metadata={"left" if number % 2 else "right": "yes"})
        for number in range(count)
    ]


async def test_pages_follow_one_another_through_blocks(store: Store) -> None:
    metadata = [{"use": "chat", "odd": "no"}, {"odd": "yes"}, {"use": "chat", "odd": "yes"}]
    made = [new_log(created=n // 4, metadata=metadata[n % 7 % 3]) for n in range(90)]
    logs = await kept(store, made)
    assert await make_blocks(store, 20) == 4
    wanted = LogFilter(tuple(metadata_terms(metadata[2])))

    found: list[LogPlace] = []
    while some := await places(store, wanted, LogSpan(4, after=found[-1] if found else None)):
        found += some

    assert [each.seq for each in found] == [
        each.seq for each in logs if each.metadata == metadata[2]
    ]


async def test_a_log_whose_metadata_changed_is_found_by_the_new_ones(store: Store) -> None:
    logs = await kept(store, halves(40))
    await make_blocks(store, 20)
    await change(store, logs[7], left="yes", right="yes")

    before = await seqs(store, left="yes", right="yes")
    assert await amend(store) == 1
    after = await seqs(store, left="yes", right="yes")

    assert before == after == [logs[7].seq]


async def test_changes_are_taken_up_some_at_a_time_and_once(store: Store) -> None:
    logs = await kept(store, halves(6))
    await make_blocks(store, 3)
    for log in logs[:3]:
        await change(store, log, left="yes", right="yes")

    async with store.snapshot() as tx:
        assert (await tx.log_blocks.frontier()).is_amended
    assert [await amend(store, most=2) for _ in range(3)] == [2, 1, 0]

    async with store.snapshot() as tx:
        assert not (await tx.log_blocks.frontier()).is_amended
    assert await seqs(store, left="yes", right="yes") == [each.seq for each in logs[:3]]


async def test_changes_of_logs_without_a_block_wait_for_it(store: Store) -> None:
    (log,) = await kept(store, halves(1))
    await change(store, log, right="yes")

    assert await amend(store) == 0
    await make_blocks(store, 1)

    assert await amend(store) == 1


async def test_a_block_is_made_when_all_its_logs_are_there(store: Store) -> None:
    await kept(store, halves(5))

    made = [await make_blocks(store, 3) for _ in range(2)]
    await kept(store, halves(1))

    assert [*made, await make_blocks(store, 3)] == [1, 0, 1]


async def test_a_block_that_another_process_made_is_not_made_again(store: Store) -> None:
    logs = await kept(store, halves(3))
    async with store.snapshot() as tx:
        block = await tx.log_blocks.next_block(last_seq=logs[-1].seq, length=3)
    assert block is not None

    async with store.transaction() as tx:
        first = await tx.log_blocks.insert(block)
    async with store.transaction() as tx:
        second = await tx.log_blocks.insert(block)

    assert (first, second) == (True, False)


async def test_blocks_without_logs_go_but_for_the_last(store: Store) -> None:
    logs = await kept(store, halves(8))
    await make_blocks(store, 2)
    await delete(store, [*logs[:3], *logs[4:]])

    async with store.transaction() as tx:
        gone = [await tx.log_blocks.delete_empty() for _ in range(2)]
    await kept(store, halves(2))

    assert gone == [2, 0]
    assert await make_blocks(store, 2) == 1


async def test_logs_of_another_project_are_not_found(store: Store) -> None:
    both = {"left": "yes", "right": "yes"}
    made = [new_log(project_id=project, metadata=both) for project in (PROJECT, OTHER_PROJECT) * 10]
    logs = await kept(store, made)
    await make_blocks(store, 20)

    assert await seqs(store, **both) == [each.seq for each in logs[::2]]


async def test_without_blocks_a_walk_goes_on(store: Store) -> None:
    logs = await kept(
        store, [*halves(8), new_log(created=9, metadata={"left": "yes", "right": "yes"})]
    )
    wanted = LogFilter(tuple(metadata_terms({"left": "yes", "right": "yes"})))

    found = await places(store, wanted, LogSpan(5), reach=replace(NEAR, unblocked=2))

    assert [each.seq for each in found] == [logs[-1].seq]


@pytest.mark.slow
async def test_who_inserts_is_seen_while_the_logs_are_not(store: Store) -> None:
    assert isinstance(store, SqlStore)
    async with store.transaction() as tx:
        await tx.logs.insert(halves(1))
        session = tx.logs.session
        shared = await session.run(lambda: session.connection.dialect.name == "postgresql")
        async with store.snapshot() as other:
            seen = await other.log_blocks.frontier()
    async with store.snapshot() as other:
        then = await other.log_blocks.frontier()

    assert seen.last_seq == 0
    assert len(seen.writers) == int(shared)
    assert then.last_seq > 0
    assert then.writers == frozenset()
