"""What cannot be had is named with its reason, and nothing else is lost with it. Ours."""

from pathlib import Path

import pytest

from evald.domain.archive.account import Reason
from evald.domain.archive.kinds import Kind
from evald.domain.archive.manifest import Manifest
from evald.services.rescue_tools import KeyRefused, ServerSilent
from tests.support.fake_hosted import (
    COMPLETIONS,
    EVALS,
    FILES,
    Asked,
    Fault,
    Reply,
    World,
    WorldApi,
    add_run,
    refusal,
    small_world,
)
from tests.support.hosted_bodies import eval_body, file_body
from tests.support.rescued import archived, ids, rescued

SCOPES = "You have insufficient permissions for this operation. Missing scopes: api.evals.read."


def reasons(manifest: Manifest) -> list[tuple[str, str]]:
    return [(each.what, each.reason.value) for each in manifest.missing]


def first_run(world: World) -> tuple[str, ...]:
    """The path of the first eval's only run."""
    eval_id = world.lists[EVALS][0].id
    return (*EVALS, eval_id, "runs", world.lists[*EVALS, eval_id, "runs"][0].id)


async def test_a_file_that_was_deleted_is_named(tmp_path: Path) -> None:
    world = small_world()
    world.remove(FILES, "file-Else2")
    del world.contents["file-Else2"]

    manifest = await rescued(world, tmp_path)

    assert reasons(manifest) == [("file file-Else2", "deleted")]
    assert manifest.missing[0].status == 404
    assert ids(tmp_path, Kind.FILES) == ["file-Rows1"]
    assert len(ids(tmp_path, Kind.OUTPUT_ITEMS)) == 9


async def test_a_content_that_is_gone_is_named_and_what_is_said_of_the_file_kept(
    tmp_path: Path,
) -> None:
    world = small_world()
    del world.contents["file-Rows1"]

    manifest = await rescued(world, tmp_path)

    assert reasons(manifest) == [("content of file file-Rows1", "deleted")]
    assert "file-Rows1" in ids(tmp_path, Kind.FILES)


async def test_what_is_forbidden_is_named(tmp_path: Path) -> None:
    world = small_world()
    run = first_run(world)
    world.forbidden |= {(*run, "output_items"), (*FILES, "file-Rows1", "content")}

    manifest = await rescued(world, tmp_path)

    assert sorted(reasons(manifest)) == [
        ("content of file file-Rows1", "forbidden"),
        (f"output_items of {run[-1]}", "forbidden"),
    ]
    assert len(ids(tmp_path, Kind.OUTPUT_ITEMS)) == 6


async def test_what_was_missing_and_is_there_by_now_is_fetched(tmp_path: Path) -> None:
    world = small_world()
    world.forbidden.add((*first_run(world), "output_items"))
    content = world.contents.pop("file-Rows1")
    await rescued(world, tmp_path)
    world.forbidden.clear()
    world.contents["file-Rows1"] = content

    manifest = await rescued(world, tmp_path)

    assert manifest.missing == ()
    assert len(ids(tmp_path, Kind.OUTPUT_ITEMS)) == 9
    assert (tmp_path / "files" / "file-Rows1").read_bytes() == content


@pytest.mark.parametrize("status", [404, 405])
async def test_a_list_that_is_not_offered_is_no_loss(status: int, tmp_path: Path) -> None:
    """Documented in the issue that this tool was made for: such a server is no failure."""
    world = small_world()
    world.faults.append(
        lambda asked: refusal(status, "Invalid URL") if asked.path == COMPLETIONS else None
    )

    manifest = await rescued(world, tmp_path)

    assert manifest.missing == ()
    assert [kind for kind, count in manifest.kinds.items() if not count.offered] == [
        Kind.CHAT_COMPLETIONS
    ]


async def test_a_server_without_output_items_is_told_from_a_run_that_was_deleted(
    tmp_path: Path,
) -> None:
    """Both answer 404; so the run itself is asked for."""
    world = small_world()
    world.faults.append(
        lambda asked: refusal(404, "Invalid URL") if asked.path[-1] == "output_items" else None
    )

    manifest = await rescued(world, tmp_path)

    assert manifest.missing == ()
    assert not manifest.kinds[Kind.OUTPUT_ITEMS].offered


async def test_an_eval_that_is_deleted_before_its_runs_were_read_is_named(tmp_path: Path) -> None:
    world = small_world()
    eval_id = world.lists[EVALS][0].id
    world.deleted.add((*EVALS, eval_id))

    manifest = await rescued(world, tmp_path)

    assert reasons(manifest) == [(f"runs of {eval_id}", "deleted")]
    assert len(ids(tmp_path, Kind.EVALS)) == 2


async def test_a_key_that_nobody_knows_ends_the_rescue_at_once(tmp_path: Path) -> None:
    world = small_world()

    with pytest.raises(KeyRefused, match="Incorrect API key"):
        await rescued(world, tmp_path, api=WorldApi(world, key="sk-other"))

    assert len(world.asked) <= 4


async def test_a_key_without_a_scope_gets_the_rest(tmp_path: Path) -> None:
    """Observed: restricted keys get a 401 for what they may not do, not a 403."""
    world = small_world()
    world.faults.append(lambda asked: refusal(401, SCOPES) if asked.path[0] == "chat" else None)

    manifest = await rescued(world, tmp_path)

    assert reasons(manifest) == [("chat_completions", "forbidden")]
    assert len(ids(tmp_path, Kind.OUTPUT_ITEMS)) == 9


async def test_a_scope_that_is_missing_for_a_moment_is_not_missing(tmp_path: Path) -> None:
    """Observed 2026-04: the hosted service says so at random, and not when asked again."""
    world = small_world()
    world.faults.append(lambda asked: refusal(401, SCOPES) if asked.number % 5 == 0 else None)

    assert (await rescued(world, tmp_path)).missing == ()


async def test_a_server_that_falls_silent_ends_the_rescue(tmp_path: Path) -> None:
    """Instead of trying ten thousand lists for a minute each."""
    world = World()
    for number in range(60):
        world.put(EVALS, eval_body(number))
    world.faults.append(lambda asked: Reply(drop=True) if asked.number > 3 else None)

    with pytest.raises(ServerSilent):
        await rescued(world, tmp_path)

    evals_tried = {asked.path for asked in world.asked if asked.path[-1] == "runs"}
    assert 16 <= len(evals_tried) < 40


async def test_a_server_that_fails_at_many_things_and_not_at_all_is_not_silent(
    tmp_path: Path,
) -> None:
    world = World()
    for number in range(60):
        world.put(EVALS, eval_body(number))
    broken = {thing.id for thing in world.lists[EVALS][::2]}
    world.faults.append(lambda asked: Reply(drop=True) if broken.intersection(asked.path) else None)

    manifest = await rescued(world, tmp_path, workers=1)

    assert len(manifest.missing) == 30


async def test_a_run_whose_items_are_fewer_than_it_counts_is_named(tmp_path: Path) -> None:
    """Reported of hosted services: rows without an item. Errored rows may have none."""
    world = World()
    eval_id = world.put(EVALS, eval_body(1)).id
    run_id = add_run(world, eval_id, 5, items=4)
    items = (*EVALS, eval_id, "runs", run_id, "output_items")
    world.remove(items, world.lists[items][2].id)

    manifest = await rescued(world, tmp_path)

    assert reasons(manifest) == [(f"output_items of {run_id}", "short")]
    assert manifest.missing[0].message == "3 of 4 items came"


async def test_a_content_of_another_size_is_named_and_tried_again(tmp_path: Path) -> None:
    world = World()
    world.put(FILES, file_body("file-1", number=1, size=9))
    world.contents["file-1"] = b"12345"

    first = await rescued(world, tmp_path)
    world.contents["file-1"] = b"123456789"
    second = await rescued(world, tmp_path)

    assert reasons(first) == [("content of file file-1", "short")]
    assert second.missing == ()
    assert (tmp_path / "files" / "file-1").read_bytes() == b"123456789"


def stuck_at(item_id: str, run: tuple[str, ...], after: str, before: str) -> Fault:
    """A fault: no page that would hold this item ever comes, from either end."""

    def fault(asked: Asked) -> Reply | None:
        if asked.path != (*run, "output_items"):
            return None
        is_backward = asked.query["order"] == "desc"
        start = asked.query.get("after")
        holds = asked.limit > 1 or start == (before if is_backward else after)
        return refusal(504, f"upstream: {item_id}") if holds else None

    return fault


async def test_an_item_that_the_server_cannot_give_does_not_hide_those_behind_it(
    tmp_path: Path,
) -> None:
    """They come from the list's other end."""
    world = World()
    eval_id = world.put(EVALS, eval_body(1)).id
    run = (*EVALS, eval_id, "runs", add_run(world, eval_id, 5, items=7))
    items = [thing.id for thing in world.lists[(*run, "output_items")]]
    fault = stuck_at(items[3], run, after=items[2], before=items[4])
    world.faults.append(fault)

    manifest = await rescued(world, tmp_path)

    assert ids(tmp_path, Kind.OUTPUT_ITEMS) == items[:3] + items[4:]
    assert [(each.reason, each.status) for each in manifest.missing] == [
        (Reason.SERVER_FAILED, 504)
    ]


async def test_once_the_server_gives_that_item_the_list_is_whole(tmp_path: Path) -> None:
    world = World()
    eval_id = world.put(EVALS, eval_body(1)).id
    run = (*EVALS, eval_id, "runs", add_run(world, eval_id, 5, items=7))
    items = [thing.id for thing in world.lists[(*run, "output_items")]]
    world.faults.append(stuck_at(items[3], run, after=items[2], before=items[4]))
    await rescued(world, tmp_path)
    world.faults.clear()

    manifest = await rescued(world, tmp_path)

    assert manifest.missing == ()
    assert ids(tmp_path, Kind.OUTPUT_ITEMS) == items


async def test_a_list_that_both_ends_meet_in_is_whole(tmp_path: Path) -> None:
    """The server gives from behind what it does not give from the front."""
    world = World()
    eval_id = world.put(EVALS, eval_body(1)).id
    run = (*EVALS, eval_id, "runs", add_run(world, eval_id, 5, items=250))
    items = [thing.id for thing in world.lists[(*run, "output_items")]]
    world.faults.append(
        lambda asked: refusal(500, "no") if asked.query.get("after") == items[99] else None
    )

    manifest = await rescued(world, tmp_path)

    assert manifest.missing == ()
    assert ids(tmp_path, Kind.OUTPUT_ITEMS) == items


async def test_a_server_that_knows_one_order_only_is_not_read_twice(tmp_path: Path) -> None:
    world = World()
    for number in range(150):
        world.put(EVALS, eval_body(number))
    stuck_at_id = world.lists[EVALS][99].id
    forward = {"order": "asc"}

    def fault(asked: Asked) -> Reply | None:
        asked.query.update(forward if asked.path == EVALS else {})
        return refusal(500, "no") if asked.query.get("after") == stuck_at_id else None

    world.faults.append(fault)

    manifest = await rescued(world, tmp_path)

    assert [each.what for each in manifest.missing] == ["evals"]
    assert len(ids(tmp_path, Kind.EVALS)) == 100
    assert manifest.kinds[Kind.EVALS].pages == 1


async def test_a_run_refreshed_in_vain_is_named(tmp_path: Path) -> None:
    world = World()
    eval_id = world.put(EVALS, eval_body(1)).id
    run_id = add_run(world, eval_id, 5, items=2, status="in_progress")
    await rescued(world, tmp_path)
    world.remove((*EVALS, eval_id, "runs"), run_id)

    manifest = await rescued(world, tmp_path)

    assert reasons(manifest) == [(f"run {run_id}", "deleted")]
    assert len(archived(tmp_path, Kind.OUTPUT_ITEMS)) == 2


@pytest.mark.parametrize(
    "body", [b'{"id": "evalrun_other", "status": "completed"}', b"<html>", b"[]", b'{"id": 7}']
)
async def test_an_answer_that_is_not_the_run_is_not_taken_for_it(
    body: bytes, tmp_path: Path
) -> None:
    world = World()
    eval_id = world.put(EVALS, eval_body(1)).id
    run_id = add_run(world, eval_id, 5, items=1, status="queued")
    await rescued(world, tmp_path)
    world.faults.append(lambda asked: Reply(body=body) if asked.path[-1] == run_id else None)

    manifest = await rescued(world, tmp_path)

    assert reasons(manifest) == [(f"run {run_id}", "not_understood")]
    assert ids(tmp_path, Kind.RUNS) == [run_id]
