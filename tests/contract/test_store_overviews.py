"""Sums over evals and runs, as every store makes them. All of it is ours."""

from typing import Any

import pytest

from evald.domain.tally import Tally
from evald.ports.overviews import FileUse, RunPoint
from evald.ports.store import CursorUnknown, Store
from evald.wire.evals import Eval
from evald.wire.pages import ListEvalsQuery
from tests.contract.kept import NOW, OTHER_PROJECT, PROJECT, keep_eval, keep_run, new_eval


def over(file_id: str, kind: str = "jsonl") -> dict[str, Any]:
    return {"type": kind, "source": {"type": "file_id", "id": file_id}}


async def named(store: Store, part: str, **query: Any) -> list[str]:
    async with store.snapshot() as tx:
        page = await tx.overviews.evals_named(
            PROJECT, part, ListEvalsQuery(**{"order": "desc", **query})
        )
    return [each.name for each in page.rows]


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ("capit", ["capital letters", "Capitals"]),
        ("CAPITALS", ["Capitals"]),
        ("STRASSE", ["Hauptstraße"]),
        ("%", ["100 %"]),
        ("_", []),
        ("\0", []),
        ("\ud800", []),
    ],
)
async def test_evals_are_found_by_a_part_of_their_name_in_whatever_case(
    store: Store, part: str, found: list[str]
) -> None:
    for name in ("Capitals", "Hauptstraße", "100 %", "capital letters"):
        await keep_eval(store, name=name)

    assert await named(store, part) == found


async def test_an_eval_is_found_by_its_whole_id(store: Store) -> None:
    an_eval = await keep_eval(store, name="Mine")

    assert await named(store, an_eval.id) == ["Mine"]
    assert await named(store, an_eval.id[:-1]) == []


async def test_evals_that_are_found_come_by_pages(store: Store) -> None:
    kept: list[Eval] = []
    for number in range(250):
        name = f"Even {number}" if number % 2 == 0 else "Odd"
        kept.append(new_eval(name=name, created_at=NOW + number // 3))
    async with store.transaction() as tx:
        for each in kept:
            await tx.evals.insert(PROJECT, each)

    first = await named(store, "even", limit=100)
    last = next(each.id for each in kept if each.name == first[-1])
    second = await named(store, "even", limit=100, after=last)

    assert first + second == [f"Even {number}" for number in range(248, -1, -2)]


async def test_an_unknown_cursor_is_told(store: Store) -> None:
    with pytest.raises(CursorUnknown):
        await named(store, "x", after="eval_gone")


async def test_evals_of_another_project_are_not_found(store: Store) -> None:
    await keep_eval(store, name="Mine")

    async with store.snapshot() as tx:
        page = await tx.overviews.evals_named(OTHER_PROJECT, "mine", ListEvalsQuery())

    assert page.rows == []


async def test_the_newest_runs_of_each_eval_are_told_and_all_counted(store: Store) -> None:
    busy, idle = await keep_eval(store), await keep_eval(store)
    for number in range(5):
        tally = Tally(passed=number, failed=1, errored=2)
        await keep_run(
            store, busy.id, created_at=NOW + number, tally=tally, planned_rows=9, status="completed"
        )

    async with store.snapshot() as tx:
        runs = await tx.overviews.runs_of(PROJECT, [busy.id, idle.id], most=2)
        none = await tx.overviews.runs_of(OTHER_PROJECT, [busy.id], most=2)

    assert list(runs) == [busy.id]
    assert runs[busy.id].count == 5
    points = runs[busy.id].newest
    assert [(each.created_at, each.passed, each.failed) for each in points] == [
        (NOW + 4, 4, 1),
        (NOW + 3, 3, 1),
    ]
    assert points[0] == RunPoint(points[0].id, NOW + 4, "completed", 9, 4, 1, 2)
    assert none == {}


async def test_uses_of_files_are_counted_and_named(store: Store) -> None:
    an_eval = await keep_eval(store)
    first = await keep_run(store, an_eval.id, data_source=over("file-a"), name="One")
    second = await keep_run(
        store, an_eval.id, data_source=over("file-a", "csv"), name="Two", created_at=NOW + 1
    )
    await keep_run(store, an_eval.id, data_source=over("file-b"))
    inline = {"type": "jsonl", "source": {"type": "file_content", "content": []}}
    await keep_run(store, an_eval.id, data_source=inline)

    async with store.snapshot() as tx:
        uses = await tx.overviews.uses_of(PROJECT, ["file-a", "file-none"])
        runs = await tx.overviews.runs_over(PROJECT, "file-a", most=5)
        newest = await tx.overviews.runs_over(PROJECT, "file-a", most=1)
        foreign = await tx.overviews.uses_of(OTHER_PROJECT, ["file-a"])
        foreign_runs = await tx.overviews.runs_over(OTHER_PROJECT, "file-a", most=5)

    assert uses == {"file-a": 2}
    assert runs == [
        FileUse(an_eval.id, second.id, "Two", NOW + 1),
        FileUse(an_eval.id, first.id, "One", first.created_at),
    ]
    assert newest == runs[:1]
    assert (foreign, foreign_runs) == ({}, [])
