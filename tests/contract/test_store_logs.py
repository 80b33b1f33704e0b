"""What every store must do with logs, stored completions and responses; all of it is ours."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evald.adapters.sql.log_places import REACH
from evald.domain.logs.filters import EVERY_LOG, LogFilter, LogPlace, LogSpan
from evald.domain.logs.terms import LogKind, Term, metadata_terms, text_term
from evald.ports.kept import StoredLog
from evald.ports.store import CursorUnknown, Store
from evald.wire.pages import ListQuery
from tests.contract.kept import NOW, OTHER_PROJECT, PROJECT, new_log
from tests.support.examples import at_most

CHAT: LogKind = "chat_completion"


async def kept(store: Store, *logs: StoredLog) -> list[StoredLog]:
    async with store.transaction() as tx:
        assert await tx.logs.insert(logs) == [True] * len(logs)
    return list(logs)


async def ids(store: Store, wanted: LogFilter = EVERY_LOG, **span: object) -> list[str]:
    limits = LogSpan(**{"most": 100, **span})  # type: ignore[arg-type]
    async with store.snapshot() as tx:
        found = await tx.logs.following(PROJECT, CHAT, wanted=wanted, span=limits)
    return [each.id for each in found]


def having(**metadata: str) -> LogFilter:
    return LogFilter(all_of=tuple(metadata_terms(metadata)))


def as_read(log: StoredLog, seq: int) -> StoredLog:
    return replace(log, terms=(), seq=seq)


async def test_a_log_is_answered_as_it_was_kept(store: Store) -> None:
    log = new_log(body='{"seed":-8480136751957625957,"top_p":1.0}', metadata={"ключ": "\x00"})
    await kept(store, log)

    async with store.snapshot() as tx:
        found = await tx.logs.get(PROJECT, CHAT, log.id)
        anywhere = await tx.logs.find(log.id)
        last = await tx.logs.last_seq()

    assert found == anywhere == as_read(log, last)


async def test_a_log_without_a_request_has_none(store: Store) -> None:
    (log,) = await kept(store, new_log(request=None))

    async with store.snapshot() as tx:
        found = await tx.logs.get(PROJECT, CHAT, log.id)

    assert found is not None
    assert found.request is None


async def test_the_first_of_two_logs_of_one_id_stays(store: Store) -> None:
    (first,) = await kept(store, new_log())
    second = new_log(id=first.id, body='{"second":true}', project_id=OTHER_PROJECT)
    third = new_log()

    async with store.transaction() as tx:
        outcome = await tx.logs.insert([second, third, third])

    async with store.snapshot() as tx:
        found = await tx.logs.find(first.id)
    assert outcome == [False, True, False]
    assert found is not None
    assert found.body == first.body


async def test_of_logs_that_are_kept_those_of_a_taken_id_are_renamed(store: Store) -> None:
    (first,) = await kept(store, new_log())
    second, third = new_log(id=first.id), new_log()

    async with store.transaction() as tx:
        outcome = await tx.logs.keep(
            [second, third, third], lambda log: replace(log, id=f"{log.id}-2")
        )

    assert [each.id for each in outcome] == [f"{first.id}-2", third.id, f"{third.id}-2"]
    assert await ids(store, EVERY_LOG) == [first.id, third.id, f"{first.id}-2", f"{third.id}-2"]


async def test_what_no_database_takes_as_text_may_be_metadata(store: Store) -> None:
    odd = {"\0": "a\0b", "half": "\ud800"}

    (log,) = await kept(store, new_log(metadata=odd))

    async with store.snapshot() as tx:
        found = await tx.logs.find(log.id)
    assert found is not None
    assert found.metadata == odd
    wanted = LogFilter(all_of=tuple(metadata_terms(odd)))
    assert await ids(store, wanted) == [log.id]


async def test_a_log_is_of_its_project_and_kind(store: Store) -> None:
    (log,) = await kept(store, new_log())

    async with store.transaction() as tx:
        assert await tx.logs.get(OTHER_PROJECT, CHAT, log.id) is None
        assert await tx.logs.get(PROJECT, "response", log.id) is None
        assert not await tx.logs.delete(OTHER_PROJECT, CHAT, log.id)
        assert await tx.logs.update_metadata(OTHER_PROJECT, CHAT, log.id, metadata={}) is None
        page = await tx.logs.page(OTHER_PROJECT, CHAT, wanted=EVERY_LOG, query=ListQuery())
    assert page.rows == []


async def test_logs_stand_by_age_then_by_insertion(store: Store) -> None:
    late, early, also_early = await kept(
        store, new_log(created=NOW + 9), new_log(created=NOW), new_log(created=NOW)
    )

    assert await ids(store) == [early.id, also_early.id, late.id]
    assert await ids(store, order="desc") == [late.id, also_early.id, early.id]


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_pages_together_are_the_list(store: Store, order: str) -> None:
    logs = await kept(store, *(new_log(created=NOW + n // 2) for n in range(7)))
    walked: list[str] = []
    more = True
    while more:
        after = walked[-1] if walked else None
        query = ListQuery(after=after, limit=3, order=order)  # type: ignore[arg-type]
        async with store.snapshot() as tx:
            page = await tx.logs.page(PROJECT, CHAT, wanted=having(use="tests"), query=query)
        walked += [each.id for each in page.rows]
        more = page.has_more

    wanted = [each.id for each in logs]
    assert walked == (wanted if order == "asc" else wanted[::-1])


async def test_a_cursor_that_names_nothing_is_refused(store: Store) -> None:
    (other,) = await kept(store, new_log(project_id=OTHER_PROJECT))

    async with store.snapshot() as tx:
        with pytest.raises(CursorUnknown):
            await tx.logs.page(PROJECT, CHAT, wanted=EVERY_LOG, query=ListQuery(after=other.id))


MODELS = ["gpt-x", "gpt-y"]
USES = ["chat", "mail"]
TEAMS = ["a", "b"]
TERMS = [
    *(text_term("model", each) for each in MODELS),
    *(text_term("metadata.use", each) for each in USES),
    *(text_term("metadata.team", each) for each in TEAMS),
    text_term("metadata.use", "nothing has this"),
]
FILTERS = st.builds(
    LogFilter,
    all_of=st.lists(st.sampled_from(TERMS), max_size=3).map(tuple),
    any_of=st.lists(st.lists(st.sampled_from(TERMS), max_size=3).map(tuple), max_size=2).map(tuple),
    created_after=st.none() | st.integers(NOW, NOW + 3),
    created_before=st.none() | st.integers(NOW, NOW + 3),
)


def fits(log: StoredLog, wanted: LogFilter) -> bool:
    def has(term: Term) -> bool:
        return term in log.terms

    return (
        all(map(has, wanted.all_of))
        and all(any(map(has, group)) for group in wanted.any_of)
        and (wanted.created_after is None or log.created >= wanted.created_after)
        and (wanted.created_before is None or log.created <= wanted.created_before)
    )


@given(asked=st.lists(FILTERS, min_size=20, max_size=20))
@settings(at_most(3), suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_what_is_found_is_what_fits(store: Store, asked: list[LogFilter]) -> None:
    made = product(MODELS, USES, TEAMS, range(2))
    logs = [
        new_log(model=model, metadata={"use": use, "team": team}, created=NOW + second)
        for model, use, team, second in made
    ]
    async with store.transaction() as tx:
        for old in await tx.logs.following(PROJECT, CHAT, wanted=EVERY_LOG, span=LogSpan(1_000)):
            await tx.logs.delete(PROJECT, CHAT, old.id)
        await tx.logs.insert(logs)
    in_order = sorted(logs, key=lambda each: each.created)

    for wanted in asked:
        assert await ids(store, wanted) == [each.id for each in in_order if fits(each, wanted)]


async def test_what_is_frequent_is_found_by_a_walk_over_logs(store: Store) -> None:
    made = [new_log(model=MODELS[n % 2], created=NOW + n) for n in range(REACH.probe + 1)]
    logs = await kept(store, *made)
    either = LogFilter(any_of=(tuple(text_term("model", each) for each in MODELS),))

    assert await ids(store, either, most=4) == [each.id for each in logs[:4]]


async def test_a_span_begins_and_ends_where_it_is_told(store: Store) -> None:
    logs = await kept(store, *(new_log(created=NOW + n) for n in range(5)))
    async with store.snapshot() as tx:
        whole = await tx.logs.following(PROJECT, CHAT, wanted=EVERY_LOG, span=LogSpan(5))
    places = [LogPlace(each.created, each.seq) for each in whole]

    assert await ids(store, since=places[1], last_seq=whole[3].seq) == [
        each.id for each in logs[1:4]
    ]
    assert await ids(store, after=places[1], most=2) == [each.id for each in logs[2:4]]


async def test_new_metadata_takes_the_place_of_the_old(store: Store) -> None:
    (log,) = await kept(store, new_log(metadata={"use": "tests", "team": "a"}))

    async with store.transaction() as tx:
        changed = await tx.logs.update_metadata(PROJECT, CHAT, log.id, metadata={"team": "b"})

    assert changed is not None
    assert changed.metadata == {"team": "b"}
    assert await ids(store, having(team="b")) == [log.id]
    assert await ids(store, having(team="a")) == []
    assert await ids(store, having(use="tests")) == []
    assert await ids(store, LogFilter(all_of=(text_term("model", "gpt-x"),))) == [log.id]


async def test_a_new_body_takes_the_place_of_the_old(store: Store) -> None:
    (log,) = await kept(store, new_log())

    async with store.transaction() as tx:
        assert await tx.logs.update_body(log.id, '{"status":"completed"}')
        assert not await tx.logs.update_body("resp_none", "{}")

    async with store.snapshot() as tx:
        found = await tx.logs.find(log.id)
    assert found is not None
    assert found.body == '{"status":"completed"}'


async def test_a_deleted_log_is_found_by_nothing(store: Store) -> None:
    log, other = await kept(store, new_log(), new_log())
    async with store.transaction() as tx:
        await tx.imports.add_message(log.id, 0, {"role": "user"})
        assert await tx.logs.delete(PROJECT, CHAT, log.id)
        assert not await tx.logs.delete(PROJECT, CHAT, log.id)

    async with store.snapshot() as tx:
        assert await tx.logs.find(log.id) is None
        assert await tx.imports.message(log.id, 0) is None
    assert await ids(store, having(use="tests")) == [other.id]


async def test_logs_older_than_a_second_go_oldest_first(store: Store) -> None:
    logs = await kept(store, *(new_log(created=NOW - n) for n in range(5)))

    async with store.transaction() as tx:
        gone = [await tx.logs.delete_expired(created_before=NOW - 1, most=2) for _ in range(3)]

    assert gone == [2, 1, 0]
    assert await ids(store) == [logs[1].id, logs[0].id]


async def test_of_too_many_bytes_the_oldest_go(store: Store) -> None:
    body = '"' + "x" * 998 + '"'
    small: dict[str, Any] = {"metadata": {}, "request": None}
    logs = await kept(store, *(new_log(created=NOW + n, body=body, **small) for n in range(5)))
    kept_bytes = 5 * (1_000 + len("{}"))
    async with store.transaction() as tx:
        assert await tx.logs.delete_beyond(max_bytes=kept_bytes, most=10) == 0

        gone = await tx.logs.delete_beyond(max_bytes=kept_bytes - 1_100, most=10)

    assert gone == 2
    assert await ids(store) == [each.id for each in logs[2:]]


async def test_what_a_log_grew_by_counts_too(store: Store) -> None:
    first, second = await kept(store, new_log(), new_log(created=NOW + 1))
    async with store.transaction() as tx:
        await tx.logs.update_body(second.id, '"' + "x" * 10_000 + '"')
        await tx.logs.update_metadata(PROJECT, CHAT, second.id, metadata={"k": "x" * 500})

        assert await tx.logs.delete_beyond(max_bytes=11_000, most=10) == 0
        assert await tx.logs.delete_beyond(max_bytes=10_500, most=1) == 1

    assert await ids(store) == [second.id]
    assert first.id not in await ids(store)
