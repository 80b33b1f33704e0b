"""One call leaves nothing to the next, and reaches nothing of one beside it."""

import asyncio
from pathlib import Path

from evald.adapters.sandbox.confined import ConfinedSandbox
from evald.ports.sandbox import CallFailed, CallScored
from tests.sandbox.naive import naive_run
from tests.sandbox.runners import call_of

PATCH = """
import builtins, json, math
def grade(sample, item):
    patched = getattr(json, "patched", False) or math.isnan is abs
    json.patched = True
    json.loads = lambda text: {}
    math.isnan = abs
    builtins.evil = True
    return 1.0 if patched else 0.0
"""

FLOOD = """
def grade(sample, item):
    for _ in range(1_000):
        print("x" * 10_000)
    return 1.0
"""

OBJECT = """
import os
class Number(float):
    def __reduce__(self):
        return (os.mkdir, ({marker!r},))
    def __float__(self):
        open("here", "w").close()
        return 0.5
    def __repr__(self):
        raise OSError("read")
def grade(sample, item):
    return Number(0.5)
"""

LOOK_AROUND = """
import os, time
def grade(sample, item):
    with open("mine", "w") as file:
        file.write("secret")
    time.sleep(0.2)
    read = 0
    for number in range(1, 40):
        try:
            read += open(f"../{number}/mine").read() == "secret"
        except OSError:
            pass
    return float(read)
"""

NUMBER = "def grade(sample, item):\n    return item['number'] / 100\n"


async def score(sandbox: ConfinedSandbox, source: str) -> float:
    outcome = await sandbox.call(call_of(source))
    assert isinstance(outcome, CallScored), outcome
    return outcome.score


async def test_what_a_call_patches_does_not_reach_the_next_one(sandbox: ConfinedSandbox) -> None:
    leaked, _ = naive_run(PATCH, PATCH)

    assert leaked == [0.0, 1.0]
    assert [await score(sandbox, PATCH), await score(sandbox, PATCH)] == [0.0, 0.0]


async def test_of_a_flood_of_output_the_first_4_kb_are_kept(sandbox: ConfinedSandbox) -> None:
    _, printed = naive_run(FLOOD)
    outcome = await sandbox.call(call_of(FLOOD))

    assert len(printed) > 10_000_000
    assert isinstance(outcome, CallScored)
    assert outcome.stdout == "x" * 4_096


async def test_an_object_instead_of_a_float_runs_no_code_when_it_is_read(
    sandbox: ConfinedSandbox, tmp_path: Path
) -> None:
    marker = tmp_path / "marker"
    source = OBJECT.format(marker=str(marker))
    naive_run(source)
    unpickled = marker.exists()
    marker.rmdir()

    assert await score(sandbox, source) == 0.5
    assert unpickled
    assert not marker.exists()


async def test_calls_beside_one_another_see_their_own_scratch_only(
    sandbox: ConfinedSandbox,
) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(score(sandbox, LOOK_AROUND)) for _ in range(4)]

    assert [each.result() for each in tasks] == [1.0] * 4


async def test_a_hundred_calls_at_once_each_get_their_own_score(sandbox: ConfinedSandbox) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(sandbox.call(call_of(NUMBER, {"number": number})))
            for number in range(100)
        ]

    scores = [each.result() for each in tasks]
    assert [each.score for each in scores if isinstance(each, CallScored)] == [
        number / 100 for number in range(100)
    ]


async def test_what_links_point_to_is_still_there_after_the_call(
    sandbox: ConfinedSandbox, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    kept.write_text("kept")
    source = f"""
import os
def grade(sample, item):
    os.symlink({str(tmp_path)!r}, "folder")
    os.symlink({str(kept)!r}, "file")
    deep = "."
    for _ in range(50):
        deep += "/down"
        os.mkdir(deep)
    open(deep + "/bottom", "w").close()
    return 1.0
"""

    await score(sandbox, source)

    assert kept.read_text() == "kept"


async def test_a_forged_report_is_worth_no_more_than_the_codes_own_word(
    sandbox: ConfinedSandbox,
) -> None:
    """Whatever is written there, what is read is a finite float, a text, or nothing."""
    source = """
import os, struct
def grade(sample, item):
    os.pwrite(3, {record}, 0)
    os._exit(0)
"""
    forged = {
        "struct.pack('<cI', b'S', 8) + struct.pack('<d', float('nan'))": CallFailed,
        "struct.pack('<cI', b'S', 9) + b'123456789'": CallFailed,
        "struct.pack('<cI', b'S', 4_000_000_000) + b'1'": CallFailed,
        "os.urandom(60_000)": CallFailed,
    }

    for record, kind in forged.items():
        good = "struct.pack('<cI', b'C', 0) + " + record
        outcome = await sandbox.call(call_of(source.format(record=good)))
        assert isinstance(outcome, kind), record
