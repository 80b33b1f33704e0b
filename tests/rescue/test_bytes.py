"""What lies in the archive is what was served, byte for byte. Ours; what a JSON text is, is not."""

import json
from pathlib import Path

import pytest

from evald.adapters.archive.reader import open_reader
from evald.adapters.archive.verifying import problems
from evald.domain.archive.kinds import Kind
from evald.domain.exact_json import CHECKING_DECODER
from tests.support.fake_hosted import COMPLETIONS, EVALS, World, small_world
from tests.support.hosted_bodies import Vintage, eval_body
from tests.support.rescued import archived, archived_lines, ids, rescued

ODD_TEXTS = [
    pytest.param('{"id": "eval_1", "n": 1.0}', id="a float stays one"),
    pytest.param('{"id":"eval_1","n":1e3,"m":-0,"k":0.10}', id="spellings of numbers"),
    pytest.param('{"id": "eval_1", "n": 123456789012345678901234567890}', id="large integers"),
    pytest.param('{"id": "eval_1", "n": ' + "7" * 5_000 + "}", id="very large integers"),
    pytest.param('{"z": 1, "id": "eval_1", "a": 2, "z": 3}', id="keys in any order, and twice"),
    pytest.param('{"id": "eval_1", "t": "\\u00fc \\/ \\ud83d ü — \U0001f600"}', id="escapes"),
    pytest.param('{ "id" :\t"eval_1" , "empty": [ ] }', id="spaces and tabs"),
    pytest.param('{"id": "eval_1", "deep": ' + "[" * 300 + "]" * 300 + "}", id="depth"),
    pytest.param('{"id": "eval_1", "name": null, "testing_criteria": null}', id="nulls"),
    pytest.param('{"id": "eval_1", "line": "a\\nb\u2028c"}', id="line breaks in strings"),
    pytest.param('{"id": "eval_1 ü/../\\u0000?#", "n": 1}', id="an id that is hard to send"),
]


@pytest.mark.parametrize("text", ODD_TEXTS)
async def test_a_line_is_the_objects_own_text(text: str, tmp_path: Path) -> None:
    world = World(pretty=False)
    world.put_text(EVALS, CHECKING_DECODER.decode(text)["id"], text.encode())

    await rescued(world, tmp_path)

    assert (tmp_path / "evals.jsonl").read_bytes() == text.encode() + b"\n"


async def test_a_line_break_between_tokens_becomes_a_space(tmp_path: Path) -> None:
    world = World()
    world.put_text(EVALS, "eval_1", b'{\r\n  "id": "eval_1",\n  "n": [\n1]\n}')

    await rescued(world, tmp_path)

    assert (tmp_path / "evals.jsonl").read_bytes() == b'{    "id": "eval_1",   "n": [ 1] }\n'


async def test_bytes_that_are_not_utf_8_stay_what_they_are(tmp_path: Path) -> None:
    world = World()
    world.put_text(EVALS, "eval_1", b'{"id": "eval_1", "name": "caf\xe9"}')

    await rescued(world, tmp_path)

    assert (tmp_path / "evals.jsonl").read_bytes() == b'{"id": "eval_1", "name": "caf\xe9"}\n'


@pytest.mark.parametrize("pretty", [True, False])
@pytest.mark.parametrize("vintage", [2025, 2026])
async def test_everything_served_is_there(vintage: Vintage, pretty: bool, tmp_path: Path) -> None:
    """Bodies under `raw/` and contents are what was sent; lines are the objects in them."""
    world = small_world(vintage=vintage, pretty=pretty)

    await rescued(world, tmp_path)

    sent = sorted(reply.body for asked, reply in world.replies if asked.path[-1] != "content")
    assert sorted(path.read_bytes() for path in (tmp_path / "raw").rglob("*.json")) == sent
    for kind, name in (
        (Kind.EVALS, "evals"),
        (Kind.RUNS, "runs"),
        (Kind.OUTPUT_ITEMS, "output_items"),
        (Kind.FILES, "files"),
        (Kind.CHAT_COMPLETIONS, "completions"),
        (Kind.CHAT_COMPLETION_MESSAGES, "messages"),
    ):
        texts = sorted(thing.text.replace(b"\n", b" ") for thing in world.things(name))
        assert sorted((tmp_path / f"{kind}.jsonl").read_bytes().splitlines()) == texts
    for file_id, content in world.contents.items():
        assert (tmp_path / "files" / file_id).read_bytes() == content


async def test_objects_are_told_with_what_they_belong_to(tmp_path: Path) -> None:
    """Whatever they say themselves: a message does not name its completion."""
    world = small_world()
    completion = world.lists[COMPLETIONS][1].id

    await rescued(world, tmp_path)

    messages = archived_lines(tmp_path, Kind.CHAT_COMPLETION_MESSAGES)
    items = archived_lines(tmp_path, Kind.OUTPUT_ITEMS)
    assert [each.parents for each in messages][2:] == [(completion,), (completion,)]
    for each in items:
        value = json.loads(each.text or b"")
        assert each.parents == (value["eval_id"], value["run_id"])


async def test_the_key_is_nowhere_in_the_archive(tmp_path: Path) -> None:
    world = small_world()
    world.forbidden.add((*EVALS, world.lists[EVALS][0].id, "runs"))

    await rescued(world, tmp_path)

    for path in tmp_path.rglob("*"):
        assert path.is_dir() or world.key.encode() not in path.read_bytes()


async def test_an_object_that_is_not_quite_json_is_in_raw_and_said_to_be(tmp_path: Path) -> None:
    """NaN is what Python writes for it; the other objects of the page are not lost with it."""
    world = World()
    world.put(EVALS, eval_body(1))
    world.put_text(EVALS, "eval_nan", b'{"id": "eval_nan", "n": NaN}')
    world.put_text(EVALS, "eval_raw", b'{"id": "eval_raw", "t": "a\nb"}')
    world.put_text(EVALS, "", b'{"no": "id"}')
    world.put_text(EVALS, "", b"17")
    world.put_text(
        EVALS, "eval_deep", b'{"id": "eval_deep", "t": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    )
    world.put(EVALS, eval_body(2))

    manifest = await rescued(world, tmp_path)

    assert len(ids(tmp_path, Kind.EVALS)) == 2
    assert [(each.reason, each.path) for each in manifest.missing] == [
        ("not_understood", "raw/evals")
    ]
    assert manifest.kinds[Kind.EVALS].not_understood == 5
    with open_reader(tmp_path) as reader:
        assert list(problems(reader)) == []


async def test_two_objects_of_one_id_in_one_list_are_one(tmp_path: Path) -> None:
    world = World()
    world.put(EVALS, eval_body(1))
    world.put(EVALS, eval_body(1, name="again"))

    await rescued(world, tmp_path)

    assert [value["name"] for value in archived(tmp_path, Kind.EVALS)] == ["Capitals 1"]
