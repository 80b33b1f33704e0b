"""Lists are read to their end from servers that are slow, busy, forgetful or wrong.

What the hosted service does at its limits is documented in part (429, 408 and 504 for large pages);
how a rescue meets it is ours.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from evald.domain.archive.kinds import Kind
from evald.services.rescue_tools import KeyRefused
from tests.support.fake_hosted import (
    EVALS,
    Asked,
    Reply,
    World,
    add_run,
    at_requests,
    large_pages_fail,
    refusal,
    small_world,
)
from tests.support.hosted_bodies import eval_body
from tests.support.instant_clock import InstantClock
from tests.support.rescued import ids, jsonl, rescued


def world_of_items(count: int) -> tuple[World, tuple[str, ...]]:
    """A run of so many items, and the path of their list."""
    world = World(pretty=False)
    eval_id = world.put(EVALS, eval_body(1)).id
    run_id = add_run(world, eval_id, 5, items=count)
    return world, (*EVALS, eval_id, "runs", run_id, "output_items")


def all_ids(world: World, path: tuple[str, ...]) -> list[str]:
    return [thing.id for thing in world.lists[path]]


def limits(world: World, path: tuple[str, ...]) -> list[int]:
    return [asked.limit for asked in world.asked if asked.path == path]


def list_body(things: list[object], **more: object) -> Reply:
    return Reply(body=json.dumps({"object": "list", "data": things, **more}).encode())


@pytest.mark.parametrize("status", [408, 504, 413, 524])
async def test_a_page_that_is_too_much_is_asked_for_in_halves(status: int, tmp_path: Path) -> None:
    """Reported: 408 and 504 for large pages of output items."""
    world, path = world_of_items(60)
    world.faults.append(large_pages_fail(over=30, status=status))

    manifest = await rescued(world, tmp_path)

    assert manifest.missing == ()
    assert ids(tmp_path, Kind.OUTPUT_ITEMS) == all_ids(world, path)
    assert limits(world, path) == [100, 50, 25, 25, 25]


async def test_a_page_of_one_is_small_enough(tmp_path: Path) -> None:
    world, path = world_of_items(5)
    world.faults.append(large_pages_fail(over=1))

    assert (await rescued(world, tmp_path)).missing == ()

    assert ids(tmp_path, Kind.OUTPUT_ITEMS) == all_ids(world, path)
    assert limits(world, path) == [100, 50, 25, 12, 6, 3] + [1] * 5


async def test_the_size_is_remembered_by_the_next_call(tmp_path: Path) -> None:
    world, path = world_of_items(60)
    refused = refusal(401, "Incorrect API key provided.", "invalid_api_key")
    world.faults += [at_requests({16}, refused), large_pages_fail(over=30)]
    with pytest.raises(KeyRefused):
        await rescued(world, tmp_path, workers=1)
    before = len(limits(world, path))

    await rescued(world, tmp_path, workers=1)

    assert limits(world, path)[before:] == [25, 25]


async def test_one_slow_moment_does_not_shrink_a_long_list_for_ever(tmp_path: Path) -> None:
    world, path = world_of_items(4_000)
    slow = refusal(504, "upstream")
    world.faults.append(at_requests({5, 6}, slow))

    await rescued(world, tmp_path)

    asked = limits(world, path)
    assert min(asked) < 100
    assert asked[-1] == 100


@pytest.mark.parametrize("status", [400, 404])
@pytest.mark.parametrize("gone", [99, 150, 199])
async def test_a_cursor_that_vanishes_costs_no_item(status: int, gone: int, tmp_path: Path) -> None:
    """The object at a page's end is deleted before the next page is asked for."""
    world, path = world_of_items(250)
    world.gone_cursor_status = status
    expected = all_ids(world, path)

    def delete(asked: Asked) -> None:
        if asked.query.get("after") in (expected[99], expected[199]) and asked.path == path:
            kept = {thing.id for thing in world.lists[path]}
            if expected[gone] in kept:
                world.remove(path, expected[gone])

    world.faults.append(delete)

    manifest = await rescued(world, tmp_path)

    assert [each.reason for each in manifest.missing] in ([], ["short"])
    there = ids(tmp_path, Kind.OUTPUT_ITEMS)
    assert len(there) == len(set(there))
    assert set(expected) - {expected[gone]} <= set(there)


async def test_cursors_that_always_vanish_end_the_list_with_a_word(tmp_path: Path) -> None:
    world, path = world_of_items(250)
    world.faults.append(
        lambda asked: (
            refusal(400, "No such object")
            if asked.path == path and "after" in asked.query
            else None
        )
    )

    manifest = await rescued(world, tmp_path)

    assert [each.reason for each in manifest.missing] == ["cursor_gone"]
    assert len(ids(tmp_path, Kind.OUTPUT_ITEMS)) == 100
    assert len(limits(world, path)) == 8


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 200])
@pytest.mark.parametrize("has_more", ["said", "lied", "absent"])
async def test_has_more_may_be_wrong_at_any_border(
    has_more: str, count: int, tmp_path: Path
) -> None:
    """It may say true before an empty page, or nothing at all."""
    world, path = world_of_items(count)
    world.has_more = has_more  # type: ignore[assignment]

    manifest = await rescued(world, tmp_path)

    assert manifest.missing == ()
    assert ids(tmp_path, Kind.OUTPUT_ITEMS) == all_ids(world, path)


async def test_a_server_that_knows_no_pages_is_asked_twice_and_no_more(tmp_path: Path) -> None:
    """It answers with everything whatever the cursor, and says nothing of more."""
    world = World()
    things: list[object] = [eval_body(1), eval_body(2)]
    world.faults.append(lambda asked: list_body(things) if asked.path == EVALS else None)

    manifest = await rescued(world, tmp_path)

    assert len(ids(tmp_path, Kind.EVALS)) == 2
    assert [each.what for each in manifest.missing if each.what == "evals"] == []
    assert len([asked for asked in world.asked if asked.path == EVALS]) == 2


async def test_a_list_that_goes_in_circles_is_noticed(tmp_path: Path) -> None:
    world = World()
    pages = {"": [eval_body(1), eval_body(2)]} | {
        eval_body(2)["id"]: [eval_body(3)],
        eval_body(3)["id"]: [eval_body(2)],
    }
    world.faults.append(
        lambda asked: (
            list_body([*pages[asked.query.get("after", "")]], has_more=True)
            if asked.path == EVALS
            else None
        )
    )

    manifest = await rescued(world, tmp_path)

    assert [each.reason for each in manifest.missing if each.what == "evals"] == ["circular"]
    assert len(ids(tmp_path, Kind.EVALS)) == 3


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Sign in</html>",
        b'{"object": "list", "data": [{"id": "eval_1"}, {"id": "ev',
        b'{"object": "list"}',
        b'{"object": "list", "data": {"id": "eval_1"}}',
        b'["eval_1"]',
        b'{"data": []} and more',
        b'{"data": [] "has_more": false}',
        b'{"data": [{"id": "eval_1"} {"id": "eval_2"}]}',
    ],
)
async def test_a_success_that_is_no_page_is_kept_as_it_is_and_named(
    body: bytes, tmp_path: Path
) -> None:
    world = small_world()
    world.faults.append(lambda asked: Reply(body=body) if asked.path == EVALS else None)

    manifest = await rescued(world, tmp_path)

    assert [(each.what, each.reason) for each in manifest.missing] == [("evals", "not_understood")]
    assert body in [path.read_bytes() for path in (tmp_path / "raw" / "evals").iterdir()]
    assert len(ids(tmp_path, Kind.CHAT_COMPLETIONS)) == 2


async def test_a_page_that_came_garbled_once_is_asked_for_again(tmp_path: Path) -> None:
    world, path = world_of_items(3)
    world.faults.append(at_requests({5}, Reply(body=b'{"object": "li')))

    manifest = await rescued(world, tmp_path)

    assert manifest.missing == ()
    assert ids(tmp_path, Kind.OUTPUT_ITEMS) == all_ids(world, path)


async def test_null_for_data_is_an_empty_page(tmp_path: Path) -> None:
    world = small_world()
    world.faults.append(
        lambda asked: (
            Reply(body=b'{"data": null, "has_more": false}') if asked.path == EVALS else None
        )
    )

    manifest = await rescued(world, tmp_path)

    assert manifest.missing == ()
    assert ids(tmp_path, Kind.EVALS) == []


async def test_a_page_whose_last_object_has_no_id_goes_on_by_what_the_page_says(
    tmp_path: Path,
) -> None:
    world = World()
    pages = {
        "": list_body([eval_body(1), {"no": "id"}], has_more=True, last_id="eval_x"),
        "eval_x": list_body([eval_body(2)], has_more=False),
    }
    world.faults.append(
        lambda asked: pages[asked.query.get("after", "")] if asked.path == EVALS else None
    )

    await rescued(world, tmp_path)

    assert len(ids(tmp_path, Kind.EVALS)) == 2


async def test_a_page_without_anything_to_go_on_with_is_named(tmp_path: Path) -> None:
    world = World()
    page = list_body([eval_body(1), {"no": "id"}], has_more=True)
    world.faults.append(lambda asked: page if asked.path == EVALS else None)

    manifest = await rescued(world, tmp_path)

    assert ("evals", "not_understood") in [(each.what, each.reason) for each in manifest.missing]


async def test_a_smaller_limit_than_ours_is_found(tmp_path: Path) -> None:
    """A server that answers 400 for 100 objects may know 50, or 20."""
    world, path = world_of_items(60)
    world.most = 20

    manifest = await rescued(world, tmp_path)

    assert manifest.missing == ()
    assert ids(tmp_path, Kind.OUTPUT_ITEMS) == all_ids(world, path)


def every_third(reply: Reply) -> Callable[[Asked], Reply | None]:
    return lambda asked: reply if asked.number % 3 == 0 else None


@pytest.mark.parametrize(
    "reply",
    [
        refusal(429, "Rate limit reached", "rate_limit_exceeded", retry_after="7"),
        refusal(429, "Rate limit reached", "rate_limit_exceeded"),
        refusal(500, "The server had an error"),
        refusal(502, "Bad gateway"),
        refusal(503, "Overloaded"),
        refusal(409, "Conflict"),
        Reply(drop=True),
    ],
    ids=["429 with a word", "429", "500", "502", "503", "409", "dropped"],
)
async def test_what_fails_now_and_then_is_had_all_the_same(reply: Reply, tmp_path: Path) -> None:
    world = small_world()
    reference = tmp_path / "reference"
    await rescued(small_world(), reference)
    world.faults.append(every_third(reply))

    manifest = await rescued(world, tmp_path / "busy")

    assert manifest.missing == ()
    assert jsonl(tmp_path / "busy") == jsonl(reference)


async def test_a_server_that_asks_for_patience_gets_it(tmp_path: Path) -> None:
    world, clock = small_world(), InstantClock()
    busy = refusal(429, "Rate limit reached", "rate_limit_exceeded", retry_after="45")
    world.faults.append(at_requests({2}, busy))

    assert (await rescued(world, tmp_path, clock=clock)).missing == ()

    assert max(clock.slept) == 45.0
