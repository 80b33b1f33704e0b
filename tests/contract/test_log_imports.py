"""Imports of logs into real stores; what is a conflict, and what ids are made, is ours."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from evald.adapters.threads import ThreadCpu
from evald.domain.logs.filters import LogFilter
from evald.domain.logs.terms import Term
from evald.ports.kept import StoredLog
from evald.ports.store import Store
from evald.services.log_imports import BATCH_LOGS, MOST_PROBLEMS, LogImportTools, LogIntake
from evald.wire.log_imports import LogImport
from evald.wire.pages import ListQuery
from tests.support.instant_clock import NOW, InstantClock

MOST = 100_000


def completion(number: int = 1, **changes: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": f"Answer {number}"}
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 1_700_000_000 + number,
        "model": "gpt-test",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        **changes,
    }


def pair(number: int = 1, **changes: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": "Hello"}]
    request = {"model": "gpt-test", "messages": messages}
    return {"request": request, "response": completion(number), **changes}


Bring = Callable[..., Any]


@pytest.fixture
def bring(store: Store) -> Bring:
    """Imports these lines: bytes, or what is written as JSON."""

    async def bring(*lines: Any, project: str = "mine", is_dry: bool = False) -> LogImport:
        tools = LogImportTools(store, InstantClock(), ThreadCpu(), MOST)
        intake = LogIntake(tools, project, is_dry=is_dry)
        for line in lines:
            text = line if isinstance(line, bytes) else json.dumps(line).encode()
            await intake.feed(text + b"\n")
        return await intake.end()

    return bring


async def logs_of(store: Store, *terms: Term, project: str = "mine") -> list[StoredLog]:
    async with store.snapshot() as tx:
        wanted, query = LogFilter(all_of=terms), ListQuery(limit=100)
        page = await tx.logs.page(project, "chat_completion", wanted=wanted, query=query)
    return page.rows


def counts(report: LogImport) -> tuple[int, int, int, int]:
    return report.new, report.there, report.conflicts, report.bad


async def test_logs_are_kept_and_found(bring: Bring, store: Store) -> None:
    report = await bring(pair(1, metadata={"use": "chat"}), completion(2))

    assert counts(report) == (2, 0, 0, 0)
    first, second = await logs_of(store)
    assert (first.id, first.created, first.model) == ("chatcmpl-1", 1_700_000_001, "gpt-test")
    assert json.loads(first.request or "") == pair()["request"]
    assert json.loads(first.body) == completion(1)
    assert (second.id, second.request) == ("chatcmpl-2", None)
    assert await logs_of(store, Term("metadata.use", "chat")) == [first]


async def test_a_second_import_changes_nothing(bring: Bring, store: Store) -> None:
    lines = [pair(1), completion(2), {**pair(3), "response": {**completion(3), "id": None}}]
    await bring(*lines)
    before = await logs_of(store)

    again = await bring(*lines)

    assert counts(again) == (0, 3, 0, 0)
    assert await logs_of(store) == before


async def test_what_is_there_with_other_content_is_kept(bring: Bring, store: Store) -> None:
    await bring(completion(1))
    before = await logs_of(store)

    report = await bring(completion(1, choices=completion(2)["choices"]), completion(2))

    assert counts(report) == (1, 0, 1, 0)
    (problem,) = report.problems
    assert (problem.line, problem.id, problem.code) == (1, "chatcmpl-1", "conflict")
    assert problem.message == "Line 1: 'chatcmpl-1' is here already with other content."
    assert (await logs_of(store))[0] == before[0]


async def test_another_request_is_a_conflict_and_none_is_not(bring: Bring) -> None:
    await bring(pair(1))
    other = {**pair(1), "request": {"messages": [{"role": "user", "content": "Bye"}]}}

    report = await bring(other, completion(1, metadata={"a": "b"}))

    assert counts(report) == (0, 1, 1, 0)


async def test_the_same_log_twice_in_a_stream_is_one(bring: Bring, store: Store) -> None:
    report = await bring(completion(1), completion(1))

    assert counts(report) == (1, 1, 0, 0)
    assert len(await logs_of(store)) == 1


async def test_an_id_of_another_project_is_a_conflict(bring: Bring, store: Store) -> None:
    nameless = completion(1, id="")
    await bring(completion(1), nameless)

    report = await bring(completion(1), nameless, project="theirs")

    assert counts(report) == (1, 0, 1, 0)
    assert len(await logs_of(store, project="theirs")) == 1


async def test_what_a_log_does_not_tell_is_made_up_once(bring: Bring, store: Store) -> None:
    bare = {"choices": completion()["choices"]}

    await bring({"request": {"model": "gpt-asked"}, "response": bare})

    (log,) = await logs_of(store)
    assert log.id.startswith("chatcmpl-")
    assert log.created == NOW
    body = json.loads(log.body)
    assert (body["id"], body["object"]) == (log.id, "chat.completion")
    assert (body["created"], body["model"]) == (NOW, "gpt-asked")


async def test_bad_lines_are_told_by_number_and_good_ones_kept(bring: Bring, store: Store) -> None:
    report = await bring(completion(1), b'{"broken', b"", completion(2, choices=[]), completion(3))

    assert counts(report) == (2, 0, 0, 2)
    assert report.lines == 4
    assert [each.line for each in report.problems] == [2, 4]
    assert report.problems[0].message.startswith("Line 2: it is not JSON: ")
    assert (
        report.problems[1].message == "Line 4: 'chatcmpl-2' is a chat completion without choices."
    )
    assert len(await logs_of(store)) == 2


async def test_very_many_bad_lines_are_counted(bring: Bring) -> None:
    report = await bring(*[b"x"] * (MOST_PROBLEMS + 5))

    assert (report.bad, len(report.problems), report.unlisted) == (105, 100, 5)


@pytest.mark.parametrize(
    "line",
    [
        completion(1, id="chatcmpl-\0"),
        completion(1, model="gpt\0"),
        completion(1, metadata={"use": "\0"}),
        completion(1, metadata={"\0": "use"}),
        completion(1, id="x" * 300),
        completion(1, id="\ud83d"),
        completion(1, created=1) | {"object": "response", "output": [], "user": "a\0"},
        b"\0" * 5_000,
        b"x" * (MOST + 1),
        b"[" * 50_000,
    ],
)
async def test_hostile_lines_hurt_no_other(bring: Bring, line: Any, store: Store) -> None:
    report = await bring(completion(7), line, completion(8))

    assert counts(report) == (2, 0, 0, 1)
    assert [each.id for each in await logs_of(store)] == ["chatcmpl-7", "chatcmpl-8"]


async def test_what_a_message_says_may_hold_anything(bring: Bring, store: Store) -> None:
    choices = [{"index": 0, "message": {"role": "assistant", "content": "\0 \u2028 \U0001f600"}}]

    assert counts(await bring(completion(1, choices=choices, seed=10**400))) == (1, 0, 0, 0)

    (log,) = await logs_of(store)
    assert json.loads(log.body)["choices"] == choices


async def test_imports_of_the_same_at_once_keep_it_once(bring: Bring, store: Store) -> None:
    lines = [completion(number) for number in range(60)]

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(bring(*lines)) for _ in range(3)]

    reports = [counts(task.result()) for task in tasks]
    assert sorted(reports) == [(0, 60, 0, 0), (0, 60, 0, 0), (60, 0, 0, 0)]
    assert len(await logs_of(store)) == 60


async def test_imports_that_cross_one_another_do_not_wait_for_ever(bring: Bring) -> None:
    lines = [completion(number, created=1_700_000_000) for number in range(200)]

    async with asyncio.TaskGroup() as group:
        there = group.create_task(bring(*lines))
        back = group.create_task(bring(*reversed(lines)))

    assert there.result().new + back.result().new == 200


async def test_numbers_beyond_floats_stop_nothing(bring: Bring) -> None:
    bare: dict[str, Any] = {"object": "response", "id": "resp_1", "model": "m", "output": []}

    assert counts(await bring({**bare, "temperature": 10**400, "top_p": 1})) == (1, 0, 0, 0)


async def test_the_name_that_was_asked_for_finds_a_log_too(bring: Bring, store: Store) -> None:
    await bring({"request": {"model": "gpt-4o"}, "response": completion(1, model="gpt-4o-2024")})

    (log,) = await logs_of(store, Term("model", "gpt-4o"))
    assert await logs_of(store, Term("model", "gpt-4o-2024")) == [log]


async def test_a_dry_run_says_what_would_be_and_changes_nothing(bring: Bring, store: Store) -> None:
    await bring(completion(1))

    other = completion(1, choices=completion(2)["choices"])
    report = await bring(completion(1), other, completion(2), b"x", is_dry=True)

    assert counts(report) == (1, 1, 1, 1)
    assert report.dry_run
    assert len(await logs_of(store)) == 1


async def test_more_than_a_batch_comes_in_in_order(bring: Bring, store: Store) -> None:
    lines = [completion(number) for number in range(BATCH_LOGS + 10)]

    report = await bring(b"\n".join(json.dumps(each).encode() for each in lines))

    assert counts(report) == (BATCH_LOGS + 10, 0, 0, 0)
    assert [each.id for each in await logs_of(store)][:2] == ["chatcmpl-0", "chatcmpl-1"]
