"""Imports into real folders; what they answer to conflicts and damage is ours."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evald.adapters.sql.store import SqlStore
from evald.assembly.importing import import_into
from evald.domain.archive.import_report import ImportProgress, ImportReport, KindCounts
from evald.domain.archive.kinds import Kind
from evald.ports.kept import StoredOutputItem, StoredRun
from evald.ports.verdicts import VerdictFilter
from evald.services.imported_bodies import MAX_VALUES, SPARE_ROWS
from evald.services.keys import DEFAULT_PROJECT
from evald.services.output_items import output_item_text
from evald.settings import Settings
from evald.wire.evals import eval_json
from evald.wire.output_items import OutputItemStatus
from evald.wire.pages import ListOutputItemsQuery
from tests.support.archives import Line, Lines, lines_of, write_archive
from tests.support.fake_hosted import EVALS, World, add_run, small_world
from tests.support.hosted_bodies import eval_body, hosted_id, item_body
from tests.support.new_store import open_new_store

pytestmark = pytest.mark.slow  # each on a store of its own

EVAL = hosted_id("eval_", 1)
RUN = hosted_id("evalrun_", 10)

Import = Callable[..., Any]

OUTCOMES: list[OutputItemStatus] = ["pass", "fail", "error"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
async def bring(tmp_path: Path, settings: Settings) -> Import:
    """Imports these lines, as an archive of their own, into a folder that has a store by now."""
    count = iter(range(100))
    settings.data_dir.mkdir(mode=0o700)
    await (await opened(settings)).close()

    async def bring(
        lines: Lines, contents: dict[str, bytes] | None = None, *, is_dry: bool = False
    ) -> ImportReport:
        archive = write_archive(tmp_path / f"archive-{next(count)}", lines, contents or {})
        progress = ImportProgress()
        await import_into(settings, archive, progress, is_dry=is_dry)
        return progress.report

    return bring


async def opened(settings: Settings) -> SqlStore:
    return await open_new_store(settings.data_dir / "evald.sqlite3")


async def items_of(settings: Settings, run_id: str) -> list[StoredOutputItem]:
    store = await opened(settings)
    async with store.snapshot() as tx:
        page = await tx.output_items.page(run_id, ListOutputItemsQuery(limit=100))
    await store.close()
    return page.rows


async def run_of(settings: Settings) -> StoredRun:
    store = await opened(settings)
    async with store.snapshot() as tx:
        found = await tx.work.find(RUN)
    await store.close()
    assert found is not None
    return found


def one_run(items: int = 0, *, status: str = "completed") -> Lines:
    """An eval with a run."""
    world = World(pretty=False)
    world.put(EVALS, eval_body(1))
    add_run(world, EVAL, 10, items=items, status=status)
    return lines_of(world)


def with_items(*bodies: dict[str, Any]) -> Lines:
    items: list[Line] = [((EVAL, RUN), json.dumps(body).encode()) for body in bodies]
    return {**one_run(), Kind.OUTPUT_ITEMS: items}


def changed(lines: Lines, kind: Kind, **changes: Any) -> Lines:
    """The lines, the first of this kind with these changes."""
    (parents, line), *rest = lines[kind]
    return {**lines, kind: [(parents, json.dumps(json.loads(line) | changes).encode()), *rest]}


async def test_a_second_import_changes_nothing(bring: Import) -> None:
    world = small_world()
    lines = lines_of(world)

    first = await bring(lines, world.contents)
    second = await bring(lines, world.contents)

    assert {kind: counts.new for kind, counts in first.counts.items()} == {
        kind: len(lines[kind]) for kind in Kind
    }
    assert second.counts == {kind: KindCounts(there=len(lines[kind])) for kind in Kind}
    assert second.is_clean


async def test_a_dry_run_counts_and_changes_nothing(bring: Import) -> None:
    world = small_world()
    lines = lines_of(world)

    dry = await bring(lines, world.contents, is_dry=True)
    wet = await bring(lines, world.contents)

    assert dry == wet
    assert dry.new > 0


async def test_a_run_that_ended_at_its_source_is_brought_up_to_date(
    bring: Import, settings: Settings
) -> None:
    """Ours: it was rescued under way first, and once more after its end."""
    ended = one_run(items=5)
    under_way = changed(ended, Kind.RUNS, status="in_progress", result_counts=None)
    under_way[Kind.OUTPUT_ITEMS] = ended[Kind.OUTPUT_ITEMS][:2]
    await bring(under_way)

    dry = await bring(ended, is_dry=True)
    report = await bring(ended)
    back = await bring(under_way)

    assert dry == report
    assert report.counts[Kind.RUNS] == KindCounts(updated=1)
    assert report.counts[Kind.OUTPUT_ITEMS] == KindCounts(new=3, there=2)
    assert back.counts[Kind.RUNS] == KindCounts(there=1)
    assert back.is_clean
    kept = await run_of(settings)
    assert (kept.status, kept.tally.passed) == ("completed", 5)
    assert kept.imported is not None
    assert kept.imported["per_model_usage"] == json.loads(ended[Kind.RUNS][0][1])["per_model_usage"]


@pytest.mark.parametrize(
    "changes", [{"model": "gpt-other"}, {"data_source": {}}, {"created_at": 1}]
)
async def test_a_run_of_which_something_else_changed_is_not(
    bring: Import, changes: dict[str, Any]
) -> None:
    await bring(one_run(status="queued"))

    report = await bring(changed(one_run(), Kind.RUNS, **changes))

    assert report.counts[Kind.RUNS] == KindCounts(conflicting=1)


async def test_an_ended_run_that_differs_is_another_body(bring: Import) -> None:
    await bring(one_run(items=2))

    report = await bring(one_run(items=5))

    assert report.counts[Kind.EVALS] == KindCounts(there=1)
    assert report.counts[Kind.RUNS] == KindCounts(conflicting=1)
    assert report.counts[Kind.OUTPUT_ITEMS] == KindCounts(left_out=5)


async def test_items_that_a_first_import_had_not_come_with_a_second(bring: Import) -> None:
    lines = one_run(items=5)
    await bring({**lines, Kind.OUTPUT_ITEMS: lines[Kind.OUTPUT_ITEMS][:2]})

    report = await bring(lines)

    assert report.counts[Kind.OUTPUT_ITEMS] == KindCounts(new=3, there=2)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (Kind.EVALS, {"testing_criteria": []}),
        (Kind.RUNS, {"model": "gpt-other"}),
        (Kind.OUTPUT_ITEMS, {"status": "fail"}),
        (Kind.OUTPUT_ITEMS, {"_datasource_item_content_hash": "0"}),
        (Kind.FILES, {"filename": "other"}),
        (Kind.CHAT_COMPLETIONS, {"model": "gpt-other"}),
        (Kind.CHAT_COMPLETION_MESSAGES, {"content": "other"}),
    ],
)
async def test_another_body_of_an_id_is_reported_and_kept_out(
    bring: Import, kind: Kind, changes: dict[str, Any]
) -> None:
    world = small_world()
    lines = lines_of(world)
    await bring(lines, world.contents)

    conflicting = await bring(changed(lines, kind, **changes), world.contents)
    again = await bring(lines, world.contents)

    assert conflicting.counts[kind].conflicting == 1
    assert not conflicting.is_clean
    assert conflicting.new == 0
    assert again.is_clean


async def test_rows_of_inline_content_are_compared_too(bring: Import) -> None:
    world = World(pretty=False)
    world.put(EVALS, eval_body(1))
    add_run(world, EVAL, 10, items=0)
    lines = lines_of(world)
    await bring(lines)
    body = json.loads(lines[Kind.RUNS][0][1])
    body["data_source"]["source"]["content"][0]["item"]["question"] = "Another?"

    report = await bring({**lines, Kind.RUNS: [((EVAL,), json.dumps(body).encode())]})

    assert report.counts[Kind.RUNS] == KindCounts(conflicting=1)


async def test_a_name_that_was_changed_here_is_no_conflict(
    bring: Import, settings: Settings
) -> None:
    lines = one_run()
    await bring(lines)
    store = await opened(settings)
    async with store.transaction() as tx:
        found = await tx.evals.get(DEFAULT_PROJECT, EVAL)
        assert found is not None
        renamed = found.model_copy(update={"name": "Mine"})
        await tx.evals.update(DEFAULT_PROJECT, renamed, updated_at=1)
    await store.close()

    report = await bring(lines)

    assert report.is_clean
    store = await opened(settings)
    async with store.snapshot() as tx:
        kept = await tx.evals.get(DEFAULT_PROJECT, EVAL)
    await store.close()
    assert kept is not None
    assert eval_json(kept)["name"] == "Mine"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "is not JSON"),
        (b"\xff", "is not UTF-8"),
        (b"[]", "is no JSON object"),
        (b"{}", "has no id"),
        (b'{"id": "a\\"b"}', "has no id"),
        (b'{"id": "../x"}', "has no id"),
        (b'{"id": NaN}', "is not JSON"),
        (b'{"id":"x","a":' + b"[" * 300 + b"]" * 300 + b"}", "nested deeper"),
        pytest.param(b'{"id":"x","a":' + b"[" * 100_000, "nested deeper", id="too deep"),
        pytest.param(
            b'{"id":"x","a":[' + b"0," * MAX_VALUES + b"0]}", "10000000 values", id="too many"
        ),
        (b'{"id": "eval_x", "data_source_config": []}', "data_source_config"),
    ],
)
async def test_a_damaged_line_is_named_and_the_others_come_in(
    bring: Import, line: bytes, reason: str
) -> None:
    lines = one_run(items=2)

    report = await bring({**lines, Kind.EVALS: [((), line), *lines[Kind.EVALS]]})

    assert report.counts[Kind.EVALS] == KindCounts(new=1, damaged=1)
    assert report.counts[Kind.OUTPUT_ITEMS] == KindCounts(new=2)
    (problem,) = report.problems
    assert problem.startswith("evals.jsonl, line 1: it ")
    assert reason in problem


async def test_what_belongs_to_nothing_here_is_left_out(bring: Import) -> None:
    lines = one_run(items=2)

    report = await bring({**lines, Kind.EVALS: []})

    assert report.counts[Kind.RUNS] == KindCounts(left_out=1)
    assert report.counts[Kind.OUTPUT_ITEMS] == KindCounts(left_out=2)
    assert not report.is_clean


async def test_a_file_without_content_is_left_out_with_a_note(bring: Import) -> None:
    world = small_world()
    del world.contents["file-Else2"]

    report = await bring(lines_of(world), world.contents)

    assert report.counts[Kind.FILES] == KindCounts(new=1, left_out=1)
    assert report.notes == ["files: 'file-Else2' was left out: its content is not in the archive."]
    assert report.is_clean


@pytest.mark.parametrize("other", [b"another", b"", b"x" * 3_000_000])
@pytest.mark.parametrize("is_dry", [True, False])
async def test_another_content_of_a_file_is_reported_and_kept_out(
    bring: Import, other: bytes, is_dry: bool
) -> None:
    """Ours: the bodies are the same, the bytes are not."""
    world = small_world()
    lines = lines_of(world)
    await bring(lines, world.contents)

    conflicting = await bring(lines, {**world.contents, "file-Else2": other}, is_dry=is_dry)
    again = await bring(lines, world.contents)

    assert conflicting.counts[Kind.FILES] == KindCounts(there=1, conflicting=1)
    assert conflicting.problems == [
        "files: 'file-Else2' is here already with another content, which was kept."
    ]
    assert again.counts[Kind.FILES] == KindCounts(there=2)


async def test_a_file_that_is_here_needs_no_content_in_the_archive(bring: Import) -> None:
    world = small_world()
    lines = lines_of(world)
    await bring(lines, world.contents)

    report = await bring(lines, {})

    assert report.counts[Kind.FILES] == KindCounts(there=2)
    assert report.is_clean


ODD_ITEMS: list[dict[str, Any]] = [
    {"datasource_item_id": None},
    {"datasource_item_id": -1},
    {"datasource_item_id": 2**70},
    {"datasource_item_id": "7"},
    {"created_at": None},
    {"created_at": 1.5},
    {"status": "errored"},
    {"status": None},
    {"results": None},
    {"sample": None},
    {"sample": {"temperature": 0.10, "seed": -8480136751957625957}},
    {"datasource_item": ["no", "object"]},
    {"run_id": "evalrun_else"},
    {"object": "output_item"},
    {"_datasource_item_content_hash": None},
    {"extra": {"b": 1.0, "a": "\ud800"}},
    {"id": "item:1"},
]


@pytest.mark.parametrize("changes", ODD_ITEMS)
async def test_an_odd_item_is_answered_as_it_was(
    bring: Import, settings: Settings, changes: dict[str, Any]
) -> None:
    body = item_body(1, EVAL, RUN, row=0) | changes

    report = await bring(with_items(body))
    again = await bring(with_items(body))

    assert report.counts[Kind.OUTPUT_ITEMS] == KindCounts(new=1)
    assert again.counts[Kind.OUTPUT_ITEMS] == KindCounts(there=1)
    (item,) = await items_of(settings, RUN)
    assert json.loads(output_item_text(item, run_id=RUN, eval_id=EVAL)) == body


KEYS = list(item_body(1, EVAL, RUN, row=0))


@pytest.mark.parametrize("key", [key for key in KEYS if key != "id"])
async def test_an_item_that_lacks_a_key_is_answered_without_it(
    bring: Import, settings: Settings, key: str
) -> None:
    body = item_body(1, EVAL, RUN, row=0)
    del body[key]

    await bring(with_items(body))

    (item,) = await items_of(settings, RUN)
    assert json.loads(output_item_text(item, run_id=RUN, eval_id=EVAL)) == body


async def test_items_that_claim_the_same_row_all_come_in(bring: Import, settings: Settings) -> None:
    bodies = [item_body(number, EVAL, RUN, row=3) for number in (1, 2, 3)]
    await bring(with_items(*bodies[:2]))

    report = await bring(with_items(*bodies))
    again = await bring(with_items(*bodies))

    assert report.counts[Kind.OUTPUT_ITEMS] == KindCounts(new=1, there=2)
    assert again.counts[Kind.OUTPUT_ITEMS] == KindCounts(there=3)
    items = await items_of(settings, RUN)
    assert [each.row for each in items] == [3, SPARE_ROWS, SPARE_ROWS + 1]
    texts = [output_item_text(each, run_id=RUN, eval_id=EVAL) for each in items]
    assert [json.loads(text) for text in texts] == bodies


async def test_an_item_that_stands_twice_comes_in_once(bring: Import) -> None:
    body = item_body(1, EVAL, RUN, row=0)

    report = await bring(with_items(body, body, body | {"status": "fail"}))

    assert report.counts[Kind.OUTPUT_ITEMS] == KindCounts(new=1, there=1, conflicting=1)


async def test_items_come_again_after_their_run_was_deleted(
    bring: Import, settings: Settings
) -> None:
    lines = one_run(items=3)
    await bring(lines)
    store = await opened(settings)
    async with store.transaction() as tx:
        await tx.runs.delete(DEFAULT_PROJECT, EVAL, RUN)
    await store.close()

    report = await bring(lines)

    assert report.is_clean
    assert report.counts[Kind.OUTPUT_ITEMS] == KindCounts(new=3)


async def test_imported_items_are_found_by_their_verdicts(
    bring: Import, settings: Settings
) -> None:
    await bring(one_run(items=4))

    store = await opened(settings)
    async with store.snapshot() as tx:
        run = await tx.work.find(RUN)
        found = [
            await tx.verdicts.page(
                RUN, VerdictFilter(criterion=0, outcome=outcome), after=None, limit=9
            )
            for outcome in OUTCOMES
        ]
    await store.close()

    assert run is not None
    assert run.has_verdicts
    results = {
        item.row: json.loads(item.results_json)[0]["passed"]
        for item in await items_of(settings, RUN)
    }
    assert len(results) == 4
    passed, failed, errored = ([item.row for item in page.rows] for page in found)
    assert passed == [row for row, is_passed in results.items() if is_passed]
    assert failed == [row for row, is_passed in results.items() if not is_passed]
    assert errored == []
