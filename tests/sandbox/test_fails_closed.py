"""A wall that cannot be put up stops the code, whichever wall it is, and without bubblewrap too."""

from pathlib import Path

import pytest

from evald.adapters.sandbox.confined import ConfinedSandbox
from evald.ports.sandbox import CallScored, SandboxDown
from tests.sandbox.handicapped import Failing, handicapped
from tests.sandbox.runners import call_of, skip_without_walls

HARMLESS = Failing(111, 155)  # getpgrp, getpgid: nobody calls it
WALLS = {
    "no new privileges": Failing(157, 167, first=38),
    "a filter of system calls": Failing(157, 167, first=22),
    "memory that nobody sees": Failing(157, 167, first=4),
    "an end with the parent": Failing(157, 167, first=1),
    "no capabilities": Failing(126, 91),
    "limits": Failing(302, 261),
    "two processors": Failing(203, 122),
    "rules of Landlock": Failing(445, 445),
    "Landlock": Failing(446, 446),
}


async def refusal_and_outcome(folder: Path, failing: Failing) -> tuple[str | None, object]:
    await skip_without_walls()
    sandbox = ConfinedSandbox(handicapped(folder, failing), bubblewrap=None)
    try:
        refusal = await sandbox.refusal()
        return refusal, await sandbox.call(call_of("def grade(sample, item): return 1.0\n"))
    finally:
        await sandbox.close()


@pytest.mark.parametrize("wall", WALLS)
async def test_without_a_wall_nothing_runs(wall: str, tmp_path: Path) -> None:
    refusal, outcome = await refusal_and_outcome(tmp_path, WALLS[wall])

    assert refusal is not None
    assert outcome == SandboxDown(refusal)


async def test_where_another_call_fails_code_runs(tmp_path: Path) -> None:
    """So it is the missing wall that stops the code, and not the filter of these tests."""
    refusal, outcome = await refusal_and_outcome(tmp_path, HARMLESS)

    assert refusal is None
    assert isinstance(outcome, CallScored)
