"""A rescue that is interrupted, wherever that is, is completed by the next call. Ours."""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from evald.adapters.archive.journal_file import JOURNAL
from evald.adapters.archive.reader import open_reader
from evald.adapters.archive.verifying import problems
from evald.domain.archive.kinds import Kind
from evald.ports.hosted import Fetched, HostedRequest, Refused, Sink
from tests.support.fake_hosted import EVALS, World, WorldApi, add_run, small_world
from tests.support.rescued import ids, jsonl, pages_given, rescued

REQUESTS = 3 + 2 + (1 + 1 + 1) + (1 + 2 + 3) + 1 + 2 + 2
"""Of the bordered world, uninterrupted: the top lists, the lists of runs, the pages of items of
small and of large runs, what is said of a file, contents, and the lists of messages."""


class Killed(Exception):
    """The process is gone at this point; nothing tidies up after it."""


class MortalApi:
    """An API at whose n-th request the process dies, before it is sent or after it is answered."""

    def __init__(self, world: World, *, dies_at: int, after_answer: bool) -> None:
        self._inner = WorldApi(world)
        self._left = dies_at
        self._after_answer = after_answer

    async def get(self, request: HostedRequest, sink: Sink | None = None) -> Fetched | Refused:
        self._left -= 1
        dies = self._left == 0
        if dies and not self._after_answer:
            raise Killed
        outcome = await self._inner.get(request, sink)
        if dies:
            raise Killed
        return outcome


def bordered_world() -> World:
    """Lists of items that end exactly with a page, and some that do not."""
    world = World(contents=dict(_BORDERED.contents))
    world.lists = {path: list(things) for path, things in _BORDERED.lists.items()}
    return world


def _make_bordered_world() -> World:
    world = small_world()
    eval_id = world.lists[EVALS][0].id
    for number, items in ((31, 100), (32, 200), (33, 250)):
        add_run(world, eval_id, number, items=items)
    return world


_BORDERED = _make_bordered_world()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive as it becomes without any interruption."""
    return tmp_path_factory.mktemp("whole")


@pytest.fixture
async def reference(whole: Path) -> dict[str, bytes]:
    if not (whole / JOURNAL).exists():
        world = bordered_world()
        await rescued(world, whole)
        assert len(world.asked) == REQUESTS
    return jsonl(whole)


async def killed(world: World, folder: Path, *, at: int, after_answer: bool, workers: int) -> None:
    api = MortalApi(world, dies_at=at, after_answer=after_answer)
    with pytest.raises(ExceptionGroup) as group:
        await rescued(world, folder, api=api, workers=workers)
    assert group.group_contains(Killed)


@pytest.mark.parametrize("at", range(1, REQUESTS + 1))
async def test_a_kill_at_any_request_loses_nothing_and_fetches_nothing_twice(
    reference: dict[str, bytes], tmp_path: Path, at: int
) -> None:
    world = bordered_world()
    await killed(world, tmp_path, at=at, after_answer=False, workers=1)

    await rescued(world, tmp_path, workers=1)

    assert jsonl(tmp_path) == reference
    assert [page for page, times in Counter(pages_given(world)).items() if times > 1] == []


@pytest.mark.slow
@pytest.mark.parametrize("at", range(1, REQUESTS + 1))
async def test_a_kill_after_any_answer_with_others_under_way_loses_and_doubles_nothing(
    reference: dict[str, bytes], tmp_path: Path, at: int
) -> None:
    world = bordered_world()
    await killed(world, tmp_path, at=at, after_answer=True, workers=4)

    manifest = await rescued(world, tmp_path)

    assert jsonl(tmp_path) == reference
    assert manifest.missing == ()
    with open_reader(tmp_path) as reader:
        assert list(problems(reader)) == []


async def test_a_rescue_that_is_killed_again_and_again_comes_to_its_end(
    reference: dict[str, bytes], tmp_path: Path
) -> None:
    """Of eight requests a call, five look for what is new; three bring it further."""
    world, deaths = bordered_world(), 0
    while deaths < REQUESTS:
        try:
            await rescued(world, tmp_path, api=MortalApi(world, dies_at=9, after_answer=False))
        except ExceptionGroup:
            deaths += 1
        else:
            break

    assert 3 <= deaths < REQUESTS
    assert jsonl(tmp_path) == reference


def journal_cuts(journal: bytes) -> list[int]:
    """Each border between lines, and a place in the midst of each line."""
    borders = [place + 1 for place, byte in enumerate(journal) if byte == 0x0A]
    middles = [(a + b) // 2 for a, b in zip([0, *borders], borders, strict=False)]
    return sorted([0, *borders, *middles])


async def test_a_journal_torn_anywhere_is_repaired(
    reference: dict[str, bytes], whole: Path, tmp_path: Path
) -> None:
    """As after a power loss: half a line at the end, and bodies that no line tells of.

    More of these than any loss can leave, and so of higher numbers than are swept away; the
    verification names them as what they are.
    """
    journal = (whole / JOURNAL).read_bytes()
    cuts = journal_cuts(journal)
    assert len(cuts) > 2 * REQUESTS

    for cut in cuts[:: len(cuts) // 12]:
        folder = tmp_path / str(cut)
        shutil.copytree(whole, folder)
        (folder / JOURNAL).write_bytes(journal[:cut])
        await rescued(bordered_world(), folder)

        assert jsonl(folder) == reference, cut
        with open_reader(folder) as reader:
            assert [each for each in problems(reader) if "not in the manifest" not in each] == []


async def test_a_line_lost_in_the_midst_of_the_journal_is_made_good(
    reference: dict[str, bytes], whole: Path, tmp_path: Path
) -> None:
    """Its page is asked for again, with the list that it was a page of."""
    lines = (whole / JOURNAL).read_bytes().splitlines(keepends=True)
    for number in range(1, len(lines)):
        folder = tmp_path / str(number)
        shutil.copytree(whole, folder)
        broken = [*lines[:number], b"\0" * 40 + b"\n", *lines[number + 1 :]]
        (folder / JOURNAL).write_bytes(b"".join(broken))

        await rescued(bordered_world(), folder)

        there = jsonl(folder)
        assert {kind: sorted(text.splitlines()) for kind, text in there.items()} == {
            kind: sorted(text.splitlines()) for kind, text in reference.items()
        }, number


async def test_a_body_that_vanished_from_the_folder_is_fetched_again(
    reference: dict[str, bytes], whole: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    shutil.copytree(whole, folder)
    pages = sorted((folder / "raw" / "output_items").iterdir())
    pages[1].unlink()
    pages[-1].write_bytes(pages[-1].read_bytes()[:-9])
    (folder / "files" / "file-Rows1").unlink()

    manifest = await rescued(bordered_world(), folder)

    assert jsonl(folder) == reference
    assert manifest.missing == ()
    assert (folder / "files" / "file-Rows1").exists()


async def test_a_page_that_is_put_back_as_it_was_is_read_again(
    reference: dict[str, bytes], whole: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    shutil.copytree(whole, folder)
    page = min((folder / "raw" / "output_items").iterdir())
    body = page.read_bytes()
    page.write_bytes(body.replace(b"Capital 1?", b"Capital 9?"))
    (folder / "output_items.jsonl").unlink()
    await rescued(bordered_world(), folder)
    page.write_bytes(body)

    await rescued(bordered_world(), folder)

    assert jsonl(folder) == reference


async def test_a_page_that_changed_on_disk_is_noticed_and_then_fetched_again(
    reference: dict[str, bytes], whole: Path, tmp_path: Path
) -> None:
    """When the kind is put in order anew; `--verify` notices it at any time."""
    folder = tmp_path / "folder"
    shutil.copytree(whole, folder)
    page = min((folder / "raw" / "output_items").iterdir())
    page.write_bytes(page.read_bytes().replace(b"Capital 1?", b"Capital 9?"))
    (folder / "output_items.jsonl").unlink()

    first = await rescued(bordered_world(), folder)
    second = await rescued(bordered_world(), folder)

    damaged = [each.path for each in first.missing if each.reason == "damaged"]
    assert damaged == [page.relative_to(folder).as_posix()]
    assert second.missing == ()
    assert sorted(ids(folder, Kind.OUTPUT_ITEMS)) == sorted(ids(whole, Kind.OUTPUT_ITEMS))
    assert jsonl(folder) == reference
