"""A later call fetches what is new, and never takes anything away. Ours."""

import json
from pathlib import Path

from evald.adapters.archive.reader import open_reader
from evald.adapters.archive.verifying import problems
from evald.domain.archive.kinds import Kind
from tests.support.fake_hosted import COMPLETIONS, EVALS, FILES, World, add_run, small_world
from tests.support.hosted_bodies import (
    completion_body,
    eval_body,
    file_body,
    item_body,
    message_body,
    run_body,
)
from tests.support.instant_clock import NOW, InstantClock
from tests.support.rescued import archived, ids, jsonl, pages_given, rescued


async def test_a_second_call_finds_nothing_new_and_changes_nothing(tmp_path: Path) -> None:
    world = small_world()
    await rescued(world, tmp_path)
    before, asked = jsonl(tmp_path), len(world.asked)
    bodies = sorted(tmp_path.rglob("raw/*/*"))

    await rescued(world, tmp_path)

    assert jsonl(tmp_path) == before
    assert sorted(tmp_path.rglob("raw/*/*")) == bodies
    assert [each.query.get("after") for each in world.asked[asked:]].count(None) == 0
    assert len(world.asked) - asked == 3 + len(world.lists[EVALS])


async def test_a_list_that_ended_with_an_empty_page_is_remembered_as_read(tmp_path: Path) -> None:
    """The server says that there is more, and then there is nothing."""
    world = small_world()
    world.has_more = "lied"
    await rescued(world, tmp_path)
    asked = len(world.asked)

    await rescued(world, tmp_path)

    again = {each.path[-1] for each in world.asked[asked:]}
    assert again == {"evals", "runs", "files", "completions"}


async def test_a_list_without_objects_is_kept_as_its_one_empty_page(tmp_path: Path) -> None:
    for _ in range(2):
        await rescued(World(), tmp_path)

    assert len(list(tmp_path.rglob("raw/*/*"))) == 3
    assert (tmp_path / "evals.jsonl").read_bytes() == b""


async def test_a_second_call_fetches_what_is_new_and_only_that(tmp_path: Path) -> None:
    world = small_world()
    await rescued(world, tmp_path)
    given = len(pages_given(world))
    first_eval = world.lists[EVALS][0].id
    new_eval = world.put(EVALS, eval_body(50)).id
    add_run(world, first_eval, 51, items=2)
    add_run(world, new_eval, 52, items=2)
    completion = world.put(COMPLETIONS, completion_body(53)).id
    world.put((*COMPLETIONS, completion, "messages"), message_body(completion, 0))
    world.put(FILES, file_body("file-New", number=54, size=3))
    world.contents["file-New"] = b"new"

    manifest = await rescued(world, tmp_path)

    assert manifest.missing == ()
    assert len(ids(tmp_path, Kind.EVALS)) == 3
    assert len(ids(tmp_path, Kind.RUNS)) == 5
    assert len(ids(tmp_path, Kind.OUTPUT_ITEMS)) == 9 + 4
    assert len(ids(tmp_path, Kind.CHAT_COMPLETION_MESSAGES)) == 5
    assert (tmp_path / "files" / "file-New").read_bytes() == b"new"
    # One page each: evals, two of runs, two of items, completions, messages, files; one content.
    assert len(pages_given(world)) - given == 9


async def test_a_run_that_was_under_way_is_read_again_with_its_items(tmp_path: Path) -> None:
    world = World()
    eval_id = world.put(EVALS, eval_body(1)).id
    run_id = add_run(world, eval_id, 5, items=2, status="in_progress")
    runs = (*EVALS, eval_id, "runs")
    await rescued(world, tmp_path)
    # An item of the same second as the last one that was seen, and before it in the order.
    items = world.lists[*runs, run_id, "output_items"]
    late = world.put((*runs, run_id, "output_items"), item_body(9, eval_id, run_id, row=2))
    items.insert(1, items.pop())
    world.replace(runs, run_body(5, eval_id, passed=3))

    manifest = await rescued(world, tmp_path)

    assert manifest.missing == ()
    assert [run["status"] for run in archived(tmp_path, Kind.RUNS)] == ["completed"]
    assert sorted(ids(tmp_path, Kind.OUTPUT_ITEMS)) == sorted(thing.id for thing in items)
    assert late.id in ids(tmp_path, Kind.OUTPUT_ITEMS)


async def test_a_run_that_has_ended_is_not_asked_for_again(tmp_path: Path) -> None:
    world = World()
    eval_id = world.put(EVALS, eval_body(1)).id
    add_run(world, eval_id, 5, items=2, status="in_progress")
    runs = (*EVALS, eval_id, "runs")
    await rescued(world, tmp_path)
    world.replace(runs, run_body(5, eval_id, passed=2))
    await rescued(world, tmp_path)
    asked = len(world.asked)

    await rescued(world, tmp_path)

    assert [each.path for each in world.asked[asked:] if len(each.path) > 3] == []


async def test_a_refresh_that_is_cut_short_is_made_good(tmp_path: Path) -> None:
    """The run is final by then; that its items are to be read again must not be forgotten."""
    world = World()
    eval_id = world.put(EVALS, eval_body(1)).id
    run_id = add_run(world, eval_id, 5, items=2, status="in_progress")
    runs = (*EVALS, eval_id, "runs")
    await rescued(world, tmp_path)
    world.put((*runs, run_id, "output_items"), item_body(9, eval_id, run_id, row=2))
    world.replace(runs, run_body(5, eval_id, passed=3))
    world.forbidden.add((*runs, run_id, "output_items"))
    await rescued(world, tmp_path)
    world.forbidden.clear()

    manifest = await rescued(world, tmp_path)

    assert manifest.missing == ()
    assert len(ids(tmp_path, Kind.OUTPUT_ITEMS)) == 3


async def test_what_is_deleted_at_the_source_stays_in_the_archive(tmp_path: Path) -> None:
    """The last eval too, whose id is the cursor of the next call."""
    world = small_world()
    await rescued(world, tmp_path)
    before = jsonl(tmp_path)
    for path in list(world.lists):
        world.lists[path] = []
    world.contents.clear()

    manifest = await rescued(world, tmp_path)

    assert jsonl(tmp_path) == before
    assert manifest.missing == ()


async def test_after_the_service_is_switched_off_the_archive_stays_whole(tmp_path: Path) -> None:
    """Every path answers 404: nothing is offered any more, and nothing is lost by that."""
    world = small_world()
    await rescued(world, tmp_path)
    before = jsonl(tmp_path)
    world.deleted |= {("evals",), ("files",), ("chat",)}

    manifest = await rescued(world, tmp_path)

    assert jsonl(tmp_path) == before
    assert manifest.missing == ()
    assert not manifest.kinds[Kind.EVALS].offered
    with open_reader(tmp_path) as reader:
        assert list(problems(reader)) == []


async def test_objects_of_the_last_second_are_looked_for_again(tmp_path: Path) -> None:
    """Where many are made at once, one may yet appear before another that was seen."""
    world = World()
    for name in ("b", "c"):
        body = completion_body(1) | {"id": f"chatcmpl-{name}", "created": NOW}
        world.put(COMPLETIONS, body)
    await rescued(world, tmp_path)
    world.put(COMPLETIONS, completion_body(1) | {"id": "chatcmpl-a", "created": NOW})
    world.lists[COMPLETIONS].sort(key=lambda thing: thing.id)
    clock = InstantClock()
    await clock.sleep(3_600)

    await rescued(world, tmp_path, clock=clock)
    asked = len(world.asked)
    await rescued(world, tmp_path, clock=clock)

    assert sorted(ids(tmp_path, Kind.CHAT_COMPLETIONS)) == [
        "chatcmpl-a",
        "chatcmpl-b",
        "chatcmpl-c",
    ]
    tails = [each.query for each in world.asked[asked:] if each.path == COMPLETIONS]
    assert [query.get("after") for query in tails] == ["chatcmpl-c"]


async def test_an_object_that_changed_is_there_in_its_latest_text_and_old_place(
    tmp_path: Path,
) -> None:
    """Where a list is read again, for its cursor was gone."""
    world = World()
    for number in (1, 2, 3):
        world.put(EVALS, eval_body(number))
    await rescued(world, tmp_path)
    second = json.loads(world.lists[EVALS][1].text) | {"name": "Renamed"}
    world.replace(EVALS, second)
    world.remove(EVALS, world.lists[EVALS][2].id)

    await rescued(world, tmp_path)

    names = [value["name"] for value in archived(tmp_path, Kind.EVALS)]
    assert names == ["Capitals 1", "Renamed", "Capitals 3"]
